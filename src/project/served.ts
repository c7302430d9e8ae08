import { basename } from "node:path";
import { Backoff, sleep } from "../abort.ts";
import { errorText, type Log } from "../log.ts";
import { ProjectFileError } from "./errors.ts";
import type { ProjectFile } from "./file.ts";
import type { PastVersions } from "./past.ts";
import { SourceError } from "./source.ts";
import type { Project, ProjectVersion } from "./types.ts";

/** Where a project's config is, before it is loaded. */
export type Place = Omit<Project, "defaultVersion" | "versions" | "problem">;

export interface ServedOptions {
  readonly past: PastVersions;
  /** Milliseconds to wait after the first and at most after any failed load. Default 2 s, 5 min. */
  readonly retryMs?: { readonly first: number; readonly last: number } | undefined;
  readonly log: Log;
}

interface State {
  project: Project;
  /** Names what is loaded or being loaded, so that it isn't loaded twice. */
  target: string;
  /** Ends the load when another config takes its place. */
  load: AbortController;
  /** Settles after the first try of the running load. */
  tried: Promise<void>;
  /** What the log was told last. */
  reason: string;
}

/** Retired versions kept in memory; older ones are found when a task asks. */
const maxRetired = 100;
const notLoaded = "its config is not loaded yet";

/** The projects as they are served: loads configs until they can be used, and tells of each change. */
export class ServedProjects {
  readonly #states = new Map<bigint, State>();
  readonly #listeners = new Set<(project: Project) => void>();
  /** Projects whose retired versions of earlier runs were looked up. */
  readonly #complete = new Set<bigint>();
  readonly #running = new Set<Promise<void>>();
  #closed = false;

  constructor(private readonly options: ServedOptions) {}

  get(id: bigint): Project | undefined {
    return this.#states.get(id)?.project;
  }

  list(): Project[] {
    return [...this.#states.values()].map(({ project }) => project);
  }

  onChange(listener: (project: Project) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Settles after the first try of a project's running load, or of all. */
  async tried(id?: bigint): Promise<void> {
    const states = id === undefined ? [...this.#states.values()] : [this.#states.get(id)];
    await Promise.all(states.map((state) => state?.tried));
  }

  /**
   * Loads another config, if `target` is another than before; what was loaded serves until then.
   * @param target names what is loaded
   */
  serve(place: Place, target: string, load: (signal: AbortSignal) => Promise<ProjectFile>): void {
    const state = this.#at(place);
    if (state.target === target) {
      const { paused } = place;
      if (state.project.paused !== paused) this.#publish(state, { ...state.project, paused });
      return;
    }
    state.load.abort();
    state.load = new AbortController();
    state.target = target;
    state.project = { ...state.project, ...place };
    const tried = Promise.withResolvers<void>();
    state.tried = tried.promise;
    this.#background(
      this.#loadUntilDone(state, load, state.load.signal, tried.resolve).finally(tried.resolve),
    );
  }

  /** There is something, but nothing to load; what was loaded serves. */
  fail(place: Place, problem: string): void {
    this.#fail(this.#at(place), problem);
  }

  /** No new tasks; the versions stay for those that exist. */
  end(id: bigint, problem: string): void {
    const state = this.#states.get(id);
    if (!state) return;
    state.load.abort();
    state.target = "";
    this.options.log.warn({ project: `${id}`, reason: problem }, "project ended");
    this.#publish(state, { ...state.project, paused: true, problem });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { load } of this.#states.values()) load.abort();
    await Promise.allSettled([...this.#running]);
  }

  async #loadUntilDone(
    state: State,
    load: (signal: AbortSignal) => Promise<ProjectFile>,
    signal: AbortSignal,
    tried: () => void,
  ): Promise<void> {
    const { first = 2000, last = 300_000 } = this.options.retryMs ?? {};
    const backoff = new Backoff(first, last);
    while (!signal.aborted) {
      try {
        const file = await load(signal);
        if (!signal.aborted) await this.#use(state, file, signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const { problem, detail } = problemOf(error, state.project);
        await this.#lastGood(state, signal);
        if (signal.aborted) return;
        this.#fail(state, problem, detail);
        // Its hash names these bytes for ever; a file is loaded again when it is written.
        if (error instanceof ProjectFileError) return;
      }
      tried();
      await sleep(backoff.next(), signal);
    }
  }

  async #use(state: State, file: ProjectFile, signal: AbortSignal): Promise<void> {
    const { id } = state.project;
    const project = { ...state.project, defaultVersion: file.defaultVersion, problem: undefined };
    const versions = withRetired(file, state.project.versions.values());
    const fresh = !this.#complete.has(id);
    this.#complete.add(id);
    this.#publish(state, { ...project, versions });
    const { log, past } = this.options;
    const fields = { project: `${id}`, versions: [...file.versions.keys()] };
    if (file.warnings.length > 0) {
      log.warn({ ...fields, warnings: file.warnings }, "project loaded");
    } else log.info(fields, "project loaded");
    if (!fresh) return;
    const retired = await past.retired(id, new Set(file.versions.keys()));
    if (signal.aborted || retired.length === 0) return;
    this.#publish(state, { ...state.project, versions: withRetired(file, retired) });
  }

  /** After a restart, too, the last config that could be used serves until a better one comes. */
  async #lastGood(state: State, signal: AbortSignal): Promise<void> {
    if (state.project.versions.size > 0) return;
    const file = await this.options.past.newest(state.project.id);
    if (!file || signal.aborted) return;
    const { defaultVersion, versions } = file;
    state.project = { ...state.project, defaultVersion, versions };
  }

  #fail(state: State, problem: string, detail?: string): void {
    const reason = detail === undefined ? problem : `${problem}: ${detail}`;
    if (state.project.problem === problem && state.reason === reason) return;
    state.reason = reason;
    const { id, versions } = state.project;
    this.options.log.warn(
      { project: `${id}`, reason, serving: versions.size > 0 ? "the last good" : "none" },
      "project can't be loaded",
    );
    if (state.project.problem !== problem) this.#publish(state, { ...state.project, problem });
  }

  #at(place: Place): State {
    const { id } = place;
    const known = this.#states.get(id);
    if (known) return known;
    const versions = new Map<string, ProjectVersion>();
    const project = { ...place, defaultVersion: "", versions, problem: notLoaded };
    const load = new AbortController();
    const state = { project, target: "", load, tried: Promise.resolve(), reason: "" };
    this.#states.set(id, state);
    return state;
  }

  #publish(state: State, project: Project): void {
    state.project = project;
    for (const listener of this.#listeners) {
      try {
        listener(project);
      } catch (error) {
        this.options.log.error({ err: error, project: `${project.id}` }, "a listener failed");
      }
    }
  }

  /** Work that nobody awaits, but closing. */
  #background(work: Promise<void>): void {
    const done = work.catch((error) => {
      if (!this.#closed) this.options.log.error({ err: error }, "the project manager failed");
    }).finally(() => this.#running.delete(done));
    this.#running.add(done);
  }
}

/** What everybody may know, and what only the log says. */
function problemOf(
  error: unknown,
  { source, id, uri }: Project,
): { problem: string; detail?: string | undefined } {
  const text = errorText(error);
  const file = source === "directory" ? `project file ${basename(uri)}: ` : "";
  if (error instanceof ProjectFileError) {
    return { problem: (file || `invalid project config, projectID ${id}, uri ${uri}: `) + text };
  }
  if (error instanceof SourceError) return { problem: text, detail: error.detail };
  return { problem: `${file}a file of project ${id} can't be fetched`, detail: text };
}

/** The file's versions, and those of before that it no longer names. */
function withRetired(
  file: ProjectFile,
  before: Iterable<ProjectVersion>,
): Map<string, ProjectVersion> {
  const versions = new Map(file.versions);
  for (const version of before) {
    if (versions.size >= file.versions.size + maxRetired) break;
    if (!versions.has(version.version)) {
      versions.set(version.version, { ...version, retired: true });
    }
  }
  return versions;
}

import { join } from "node:path";
import { type Address, type Hex, isAddressEqual } from "viem";
import { abortable, Backoff, sleep } from "../abort.ts";
import { type ChainClient, LOCAL_CHAIN } from "../chain/clients.ts";
import type { ChainProject, ChainView } from "../da/da.ts";
import { errorText, type Log } from "../log.ts";
import { isPublicAddress } from "../public-address.ts";
import { DirectoryWatcher, type ProjectFileBytes } from "./directory.ts";
import { ProjectFileError } from "./errors.ts";
import type { ProjectFile } from "./file.ts";
import { type Ipfs, openIpfs } from "./ipfs.ts";
import { KnownChain } from "./known_chain.ts";
import { ConfigLoader } from "./loader.ts";
import { OperatorCache } from "./operators.ts";
import { PastVersions } from "./past.ts";
import type { Project, Projects, ProjectVersion } from "./types.ts";
import { RegistrarWatcher, type WatcherOptions } from "./watcher.ts";

export interface ProjectsOptions {
  readonly log: Log;
  /** Configs, blocks and the program cache are kept below it. */
  readonly dataDirectory: string;
  /** This node's own operator. */
  readonly operator: Address;
  /** Further operators of every project, on a node without a chain. */
  readonly trusted?: readonly Address[] | undefined;
  /** Project files for development; they take the place of the chain's projects. */
  readonly directory?: string | undefined;
  /** Undefined: a node without a chain. */
  readonly chain?: ProjectChain | undefined;
  /** The operator's IPFS gateway or Kubo API. */
  readonly ipfsEndpoint?: string | undefined;
  /** Shared with others; otherwise one is opened below `dataDirectory`. */
  readonly ipfs?: Ipfs | undefined;
  /** Lets URIs of projects point into this network. Default: on the local development chain. */
  readonly allowPrivate?: boolean | undefined;
  /** Milliseconds between looks at the directory. Default 1000. */
  readonly directoryPollMs?: number | undefined;
  /** Milliseconds to wait after the first and at most after any failed load. Default 2 s, 5 min. */
  readonly retryMs?: { readonly first: number; readonly last: number } | undefined;
  /** Milliseconds that the start waits for the chain to answer, then for configs. Default 10 s. */
  readonly startMs?: number | undefined;
}

export type ProjectChain =
  & Pick<
    WatcherOptions,
    "connect" | "contract" | "startBlock" | "confirmations" | "pollMs" | "retryMs"
  >
  & { readonly connect: () => Promise<ChainClient>; readonly view: ChainView };

interface State {
  project: Project;
  /** Names what is loaded or being loaded, so that it isn't loaded twice. */
  target: string;
  /** Ends the load when another config takes its place. */
  load: AbortController;
  /** Settles after the first try of the running load. */
  tried: Promise<void>;
}

/** Retired versions kept in memory; older ones are found when a task asks. */
const maxRetired = 100;
/** Tasks of unknown versions make the node look at the chain this often at most. */
const minPollMs = 1000;
const notLoaded = "its config is not loaded yet";

/**
 * Follows projects on the chain and in the directory. Resolves after the first look at both, with
 * what can be loaded loaded; when the chain is out of reach, with what was known.
 */
export async function createProjects(options: ProjectsOptions): Promise<Projects> {
  const manager = new ProjectManager(options);
  try {
    await manager.start();
  } catch (error) {
    await manager.close();
    throw error;
  }
  return manager;
}

class ProjectManager implements Projects {
  readonly #stop = new AbortController();
  readonly #states = new Map<bigint, State>();
  readonly #listeners = new Set<(project: Project) => void>();
  /** The chain's rows, also of projects that the directory replaces. */
  readonly #rows = new Map<bigint, ChainProject>();
  readonly #inDirectory = new Set<bigint>();
  /** Projects whose retired versions of earlier runs were looked up. */
  readonly #complete = new Set<bigint>();
  readonly #running = new Set<Promise<void>>();
  readonly #ipfs: Ipfs;
  readonly #loader: ConfigLoader;
  readonly #past: PastVersions;
  readonly #operators: OperatorCache;
  readonly #directory: DirectoryWatcher | undefined;
  readonly #chain: RegistrarWatcher | undefined;
  #polledAt = -Infinity;

  constructor(private readonly options: ProjectsOptions) {
    const { dataDirectory, directory, chain, log } = options;
    const allow = (address: string) => this.#allowPrivate || isPublicAddress(address);
    this.#ipfs = options.ipfs ?? openIpfs({
      directory: join(dataDirectory, "ipfs"),
      endpoint: options.ipfsEndpoint,
      allow,
    });
    this.#loader = new ConfigLoader({
      directory: join(dataDirectory, "projects"),
      ipfs: this.#ipfs,
      allow,
    });
    this.#directory = directory === undefined ? undefined : new DirectoryWatcher({
      directory,
      pollMs: options.directoryPollMs,
      log,
      onFile: (file) => this.#onFile(file),
      onRemoved: (id) => this.#onRemoved(id),
    });
    this.#chain = chain && new RegistrarWatcher({
      ...chain,
      known: new KnownChain(join(dataDirectory, "projects", "chain.json"), chain.contract, log),
      log,
      onProjects: (rows) => rows.forEach((row) => this.#onRow(row)),
      onReset: () => this.#onReset(),
    });
    this.#past = new PastVersions(this.#loader, this.#chain, this.#stop.signal);
    this.#operators = new OperatorCache(async (id, account) =>
      await (await this.#chain?.registrar())?.canOperate(id, account) ?? false
    );
  }

  async start(): Promise<void> {
    await this.#directory?.start();
    if (this.#chain) await this.#startChain(this.#chain);
    await this.#atMost(Promise.allSettled([...this.#states.values()].map(({ tried }) => tried)));
  }

  get(id: bigint): Project | undefined {
    return this.#states.get(id)?.project;
  }

  list(): Project[] {
    return [...this.#states.values()].map(({ project }) => project)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  version(id: bigint, version: string): ProjectVersion | undefined {
    const found = this.get(id)?.versions.get(version);
    return found?.retired ? undefined : found;
  }

  async forTask(
    id: bigint,
    version: string,
    programId: Hex,
    signal: AbortSignal,
  ): Promise<ProjectVersion> {
    const wanted = programId.toLowerCase();
    const known = () => {
      const found = this.get(id)?.versions.get(version);
      return found?.program.programId === wanted ? found : undefined;
    };
    const search = async () => {
      // The task may be of an update that this node hasn't seen yet.
      if (this.#chain && performance.now() - this.#polledAt > minPollMs) {
        await this.#chain.poll();
        this.#polledAt = performance.now();
      }
      await this.#states.get(id)?.tried;
      return known() ??
        await this.#past.find(id, version, wanted as Hex, this.#states.has(id));
    };
    return known() ?? await abortable(search(), signal);
  }

  onChange(listener: (project: Project) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  canOperate(id: bigint, account: Address): Promise<boolean> {
    const own = isAddressEqual(account, this.options.operator);
    if (!this.#chain) {
      const { trusted = [] } = this.options;
      return Promise.resolve(own || trusted.some((address) => isAddressEqual(address, account)));
    }
    if (own && this.#inDirectory.has(id)) return Promise.resolve(true);
    return this.#operators.get(id, account);
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error("the project manager is closed"));
    for (const { load } of this.#states.values()) load.abort(this.#stop.signal.reason);
    await Promise.all([this.#directory?.close(), this.#chain?.close()]);
    await Promise.allSettled([...this.#running]);
    if (!this.options.ipfs) await this.#ipfs.close();
  }

  get #allowPrivate(): boolean {
    return this.options.allowPrivate ?? this.#chain?.chainId === LOCAL_CHAIN;
  }

  /** Waits, but not for ever: a stranger's server may take its time. */
  async #atMost(work: Promise<unknown>): Promise<void> {
    const enough = new AbortController();
    await Promise.race([work, sleep(this.options.startMs ?? 10_000, enough.signal)]);
    enough.abort();
  }

  async #startChain(chain: RegistrarWatcher): Promise<void> {
    const started = chain.start();
    this.#background(started);
    let reached = false;
    const answered = chain.answered.then((answer) => {
      reached = answer;
    });
    await this.#atMost(Promise.race([answered, started]));
    if (reached) await started;
  }

  #onRow(row: ChainProject): void {
    this.#rows.set(row.id, row);
    if (!this.#inDirectory.has(row.id)) this.#follow(row);
  }

  /** What the directory has stays; what the old chain had ends. */
  #onReset(): void {
    this.#operators.clear();
    this.#rows.clear();
    this.#past.clear();
    for (const [id, state] of this.#states) {
      if (!this.#inDirectory.has(id)) this.#end(state, "its chain was replaced by another one");
    }
  }

  #follow(row: ChainProject): void {
    const { id, uri, hash, paused } = row;
    const state = this.#states.get(id);
    if (uri === "") {
      if (state) this.#end(state, "the chain no longer has this project");
      return;
    }
    const target = `${uri} ${hash}`;
    if (state?.target === target) {
      if (state.project.paused !== paused) this.#publish(state, { ...state.project, paused });
      return;
    }
    const place = { id, source: "chain" as const, uri, hash, paused };
    this.#replace(id, target, place, (signal) => this.#loader.load(row, signal, "newest"));
  }

  async #onFile({ id, path, bytes, problem }: ProjectFileBytes): Promise<void> {
    this.#inDirectory.add(id);
    const place = { id, source: "directory" as const, uri: path, hash: undefined, paused: false };
    if (!bytes) {
      const state = this.#states.get(id) ?? this.#add(id, { ...place, ...nothing(notLoaded) });
      this.#fail(state, problem ?? "");
      return;
    }
    const load = (signal: AbortSignal) => this.#loader.loadBytes(id, bytes, signal);
    await this.#replace(id, `${path} ${performance.now()}`, place, load).tried;
  }

  #onRemoved(id: bigint): void {
    this.#inDirectory.delete(id);
    const state = this.#states.get(id);
    const row = this.#rows.get(id);
    if (row && row.uri !== "") this.#follow(row);
    else if (state) this.#end(state, "its project file was removed");
  }

  /** Loads another config; what was loaded before serves until then. */
  #replace(
    id: bigint,
    target: string,
    place: Omit<Project, "defaultVersion" | "versions" | "problem">,
    load: (signal: AbortSignal) => Promise<ProjectFile>,
  ): State {
    const state = this.#states.get(id) ?? this.#add(id, { ...place, ...nothing(notLoaded) });
    state.load.abort();
    state.load = new AbortController();
    state.target = target;
    state.project = { ...state.project, ...place };
    const tried = Promise.withResolvers<void>();
    state.tried = tried.promise;
    this.#background(
      this.#loadUntilDone(state, load, state.load.signal, tried.resolve).finally(tried.resolve),
    );
    return state;
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
        const { source, id, uri } = state.project;
        const bad = error instanceof ProjectFileError;
        const prefix = source === "directory"
          ? `project file ${uri}: `
          : bad
          ? `invalid project config, projectID ${id}, uri ${uri}: `
          : "";
        await this.#lastGood(state, signal);
        if (signal.aborted) return;
        this.#fail(state, prefix + errorText(error));
        // Its hash names these bytes for ever; a file is loaded again when it is written.
        if (bad) return;
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
    const { log } = this.options;
    const fields = { project: `${id}`, versions: [...file.versions.keys()] };
    if (file.warnings.length > 0) {
      log.warn({ ...fields, warnings: file.warnings }, "project loaded");
    } else log.info(fields, "project loaded");
    if (!fresh) return;
    const retired = await this.#past.retired(id, new Set(file.versions.keys()));
    if (signal.aborted || retired.length === 0) return;
    this.#publish(state, { ...state.project, versions: withRetired(file, retired) });
  }

  /** After a restart, too, the last config that could be used serves until a better one comes. */
  async #lastGood(state: State, signal: AbortSignal): Promise<void> {
    if (state.project.versions.size > 0) return;
    const file = await this.#past.newest(state.project.id);
    if (!file || signal.aborted) return;
    const { defaultVersion, versions } = file;
    state.project = { ...state.project, defaultVersion, versions };
  }

  #fail(state: State, problem: string): void {
    if (state.project.problem === problem) return;
    const { id, versions } = state.project;
    this.options.log.warn(
      { project: `${id}`, reason: problem, serving: versions.size > 0 ? "the last good" : "none" },
      "project can't be loaded",
    );
    this.#publish(state, { ...state.project, problem });
  }

  /** No new tasks; the versions stay for those that exist. */
  #end(state: State, problem: string): void {
    state.load.abort();
    state.target = "";
    this.options.log.warn({ project: `${state.project.id}`, reason: problem }, "project ended");
    this.#publish(state, { ...state.project, paused: true, problem });
  }

  #add(id: bigint, project: Project): State {
    const load = new AbortController();
    const state = { project, target: "", load, tried: Promise.resolve() };
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
      if (!this.#stop.signal.aborted) {
        this.options.log.error({ err: error }, "the project manager failed");
      }
    }).finally(() => this.#running.delete(done));
    this.#running.add(done);
  }
}

const nothing = (problem: string) => ({
  defaultVersion: "",
  versions: new Map<string, ProjectVersion>(),
  problem,
});

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

import { type Program, ProgramError } from "../../runtimes/runtime.ts";
import type { Runtimes } from "../../runtimes/index.ts";
import type { PackStore, PendingGroup } from "../da/da.ts";
import { errorText, type Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Projects, ProjectVersion } from "../project/types.ts";
import { buildTask, firstRefused, type Signing } from "./build.ts";
import { decide, ruleProblem, type TaskBounds } from "./rules.ts";

export interface PackDeps {
  readonly store: PackStore;
  readonly projects: Projects;
  readonly runtimes: Runtimes;
  readonly signing: Signing;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Milliseconds between looks when nothing wakes the stage: another node may have packed. */
  readonly idleMs?: number;
}

/** Groups packed at once; each may wait for a commitment. */
const parallel = 4;
/** A program that kills its cage this often in a row counts as one that can't commit. */
const maxFailures = 2;
/** Pause after a group could not be packed, ms. */
const problemPauseMs = 5_000;

/** The enode's pack stage. Answers a function that stops it. */
export function startPack(deps: PackDeps): () => Promise<void> {
  const packer = new Packer(deps);
  return () => packer.stop();
}

class Packer {
  readonly #stop = new AbortController();
  readonly #paused = new Map<string, number>();
  /** Failures in a row of each program's cage, while it is asked to load or commit. */
  readonly #failures = new Map<string, number>();
  readonly #unsubscribe: (() => void)[];
  readonly #loop: Promise<void>;
  #wake: () => void = () => {};
  #dirty = true;

  constructor(private readonly deps: PackDeps) {
    const wake = () => {
      this.#dirty = true;
      this.#wake();
    };
    this.#unsubscribe = [deps.store.onAppended(wake), deps.projects.onChange(wake)];
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#stop.abort(new Error("packing stops"));
    this.#wake();
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#dirty = false;
      let waitMs: number;
      try {
        waitMs = await this.#look();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.deps.log.warn(`packing failed: ${errorText(error)}`);
        waitMs = problemPauseMs;
      }
      await this.#sleep(waitMs);
    }
  }

  /** Packs what is due; answers how long until something else may be. */
  async #look(): Promise<number> {
    let waitMs = this.deps.idleMs ?? 5_000;
    const due: { group: PendingGroup; version: ProjectVersion; bounds: TaskBounds }[] = [];
    for (const group of await this.deps.store.pending()) {
      const version = this.deps.projects.version(group.projectId, group.version);
      if (!version || this.deps.projects.get(group.projectId)?.paused) continue;
      const pause = (this.#paused.get(nameOf(group)) ?? 0) - performance.now();
      if (pause > 0) {
        waitMs = Math.min(waitMs, pause);
        continue;
      }
      const decision = decide(group, version.packing);
      if ("pack" in decision) due.push({ group, version, bounds: decision.pack });
      else waitMs = Math.min(waitMs, decision.wait ?? waitMs);
    }
    const work = due.values();
    await Promise.all(Array.from({ length: parallel }, async () => {
      for (const { group, version, bounds } of work) await this.#packGroup(group, version, bounds);
    }));
    return due.length > 0 ? 0 : waitMs;
  }

  async #packGroup(group: PendingGroup, version: ProjectVersion, bounds: TaskBounds) {
    try {
      await this.#pack(group, version, bounds);
      this.#paused.delete(nameOf(group));
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#pause(group, errorText(error));
    }
  }

  #pause(group: PendingGroup, reason: string): void {
    const { projectId, version } = group;
    this.deps.metrics.refused.inc({ kind: "packing" });
    this.deps.log.error({ project: `${projectId}`, version }, `messages wait: ${reason}`);
    this.#paused.set(nameOf(group), performance.now() + problemPauseMs);
  }

  /** Packs one task. */
  async #pack(group: PendingGroup, version: ProjectVersion, bounds: TaskBounds): Promise<void> {
    const { store, signing, log, metrics } = this.deps;
    const { signal } = this.#stop;
    const program = await this.#load(version);
    const problem = ruleProblem(version.packing, program?.info.maxMessages);
    if (problem) return this.#pause(group, problem);
    const { programId } = version.program;
    let maxCount = bounds.maxCount;
    // A refused message is found, and packed alone: its task fails, and its neighbours' do not.
    for (let retry = true; retry;) {
      retry = false;
      const packed = await store.pack(group, { ...bounds, maxCount }, async (messages) => {
        try {
          const task = await buildTask(messages, programId, program, signing, signal);
          if (program) this.#failures.delete(programId);
          return task;
        } catch (error) {
          if (!(error instanceof ProgramError) || !program) throw error;
          if (this.#mayRecover(version, error)) throw error;
          const refused = messages.length > 1 && error.kind === "input"
            ? await firstRefused(messages, program, signal)
            : undefined;
          if (refused === undefined) {
            return await buildTask(messages, programId, undefined, signing, signal);
          }
          maxCount = Math.max(1, refused);
          retry = true;
          return undefined;
        }
      });
      if (!packed) continue;
      metrics.tasks.inc({ project: `${group.projectId}`, state: "packed" });
      log.info({
        project: `${group.projectId}`,
        task: packed.taskId,
        messages: packed.messageCount,
      }, "packed");
    }
  }

  /**
   * The program; undefined when it is none, so that its tasks are made, and fail with the
   * program's own reason where they are proved.
   */
  async #load(version: ProjectVersion): Promise<Program | undefined> {
    if ((this.#failures.get(version.program.programId) ?? 0) >= maxFailures) return undefined;
    try {
      return await this.deps.runtimes.load(version.program, this.#stop.signal);
    } catch (error) {
      if (error instanceof ProgramError && !this.#mayRecover(version, error)) return undefined;
      throw error;
    }
  }

  /** Whether the messages should wait for another try; a runtime not offered may be, one day. */
  #mayRecover({ program: { programId } }: ProjectVersion, error: ProgramError): boolean {
    if (!error.retryable || error.kind === "unsupported") return error.retryable;
    const failures = (this.#failures.get(programId) ?? 0) + 1;
    this.#failures.set(programId, failures);
    return failures < maxFailures;
  }

  #sleep(ms: number): Promise<void> {
    if (this.#dirty || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const nameOf = ({ projectId, version, group }: PendingGroup) => `${projectId}/${version}/${group}`;

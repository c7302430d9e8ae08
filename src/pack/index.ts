import type { Runtimes } from "../../runtimes/index.ts";
import type { PackStore, PendingGroup } from "../da/da.ts";
import { errorText, type Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Projects, ProjectVersion } from "../project/types.ts";
import type { Signing } from "./build.ts";
import { nameOf, Packer } from "./packer.ts";
import { boundsOf, decide } from "./rules.ts";

export interface PackDeps {
  readonly store: PackStore;
  readonly projects: Pick<Projects, "get" | "canOperate" | "onChange">;
  readonly runtimes: Pick<Runtimes, "load">;
  readonly signing: Signing;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "tasks" | "refused">;
  /** Told why messages of a version wait, and undefined when they no longer do. */
  readonly onProblem?: (projectId: bigint, version: string, problem: string | undefined) => void;
  /** Milliseconds between looks when nothing wakes the stage: another node may have packed. */
  readonly idleMs?: number;
  /** Pause after a group could not be packed, ms. */
  readonly problemMs?: number;
}

/** Groups packed at once; each may wait for a commitment. */
const parallel = 4;
/** Least time between looks, ms: messages come in thousands, and a look costs a query. */
const restMs = 10;
/** Pause when another node packs the group, ms. */
const othersMs = 200;

/** The enode's pack stage. Answers a function that stops it. */
export function startPack(deps: PackDeps): () => Promise<void> {
  const stage = new PackStage(deps);
  return () => stage.stop();
}

interface Due {
  readonly group: PendingGroup;
  readonly version: ProjectVersion;
}

class PackStage {
  readonly #stop = new AbortController();
  readonly #packer: Packer;
  /** Groups that could not be packed: until when they rest, and why. */
  readonly #problems = new Map<string, { until: number; reason: string }>();
  readonly #unsubscribe: (() => void)[];
  readonly #loop: Promise<void>;
  #wake: () => void = () => {};
  #dirty = true;

  constructor(private readonly deps: PackDeps) {
    this.#packer = new Packer(deps, this.#stop.signal);
    const wake = () => {
      this.#dirty = true;
      this.#wake();
    };
    this.#unsubscribe = [
      deps.store.onAppended(wake),
      deps.projects.onChange(() => {
        // What was wrong with a project may be right now.
        for (const problem of this.#problems.values()) problem.until = 0;
        wake();
      }),
    ];
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
        waitMs = this.#problemMs;
      }
      await new Promise((resolve) => setTimeout(resolve, restMs));
      if (!this.#dirty) await this.#sleep(waitMs);
    }
  }

  /** Packs what is due; answers how long until something else may be. */
  async #look(): Promise<number> {
    const { projects, store, idleMs = 5_000 } = this.deps;
    let waitMs = idleMs;
    const due: Due[] = [];
    const groups = await store.pending();
    const names = new Set(groups.map(nameOf));
    for (const name of this.#problems.keys()) if (!names.has(name)) this.#problems.delete(name);
    for (const group of groups) {
      const project = projects.get(group.projectId);
      const version = project?.versions.get(group.version);
      if (!version || project?.paused) continue;
      const rest = (this.#problems.get(nameOf(group))?.until ?? 0) - performance.now();
      const decision = decide(group, version.packing);
      if (rest > 0) waitMs = Math.min(waitMs, rest);
      // No further message comes for a version that an update removed.
      else if ("pack" in decision || version.retired) due.push({ group, version });
      else waitMs = Math.min(waitMs, decision.wait ?? waitMs);
    }
    const work = due.values();
    await Promise.all(Array.from({ length: parallel }, async () => {
      for (const next of work) waitMs = Math.min(waitMs, await this.#packGroup(next));
    }));
    return waitMs;
  }

  /** Answers how long until the group should be looked at again, ms. */
  async #packGroup({ group, version }: Due): Promise<number> {
    const { log, metrics } = this.deps;
    const bounds = boundsOf(version.packing);
    let left = group.count;
    try {
      do {
        const packed = await this.#packer.pack(group, version, bounds);
        if (!packed) return othersMs;
        const project = group.projectId.toString();
        const messages = packed.messageCount;
        metrics.tasks.inc({ project, state: "packed" });
        log.info({ project, task: packed.taskId, messages }, "packed");
        left -= messages;
        this.#solved(group);
      } while (left >= bounds.maxCount && !this.#stop.signal.aborted);
      return 0;
    } catch (error) {
      if (this.#stop.signal.aborted) return 0;
      this.#waits(group, errorText(error));
      return this.#problemMs;
    }
  }

  #waits(group: PendingGroup, reason: string): void {
    const { projectId, version } = group;
    const known = this.#problems.get(nameOf(group));
    this.#problems.set(nameOf(group), { until: performance.now() + this.#problemMs, reason });
    if (known?.reason === reason) return;
    this.deps.metrics.refused.inc({ kind: "packing" });
    this.deps.log.error({ project: `${projectId}`, version }, `messages wait: ${reason}`);
    this.deps.onProblem?.(projectId, version, reason);
  }

  #solved(group: PendingGroup): void {
    if (!this.#problems.delete(nameOf(group))) return;
    this.deps.onProblem?.(group.projectId, group.version, undefined);
  }

  get #problemMs(): number {
    return this.deps.problemMs ?? 5_000;
  }

  /** Ends early when something wakes the stage. */
  #sleep(ms: number): Promise<void> {
    if (this.#stop.signal.aborted || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

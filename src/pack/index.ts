import type { Runtimes } from "../../runtimes/index.ts";
import { ProgramError } from "../../runtimes/runtime.ts";
import type { PackStore, PendingGroup, TaskRecord } from "../da/da.ts";
import { errorText, type Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Tracing } from "../tracing.ts";
import type { PackerProgram, Projects, ProjectVersion } from "../project/types.ts";
import type { Signing } from "./build.ts";
import { type Group, nameOf, Packer, PackingProblem } from "./packer.ts";
import { PackerFailure, Packers } from "./program/index.ts";
import { boundsOf, decide } from "./rules.ts";

export { nameOf, Packers };

export interface PackDeps {
  readonly store: PackStore;
  readonly projects: Pick<Projects, "get" | "canOperate" | "onChange">;
  readonly runtimes: Pick<Runtimes, "load">;
  readonly signing: Signing;
  readonly tracing?: Tracing | undefined;
  readonly log: Log;
  readonly metrics: Pick<
    Metrics,
    "tasks" | "refused" | "unpacked" | "unpackedSeconds" | "packSeconds"
  >;
  /** Told, as everybody may know it, why the messages of a group wait; undefined: no longer. */
  readonly onProblem?: (group: Group, problem: string | undefined) => void;
  /** Told of each task, once it is stored. Must not throw. */
  readonly onPacked?: (task: TaskRecord) => void;
  /** Runs projects' own packers. */
  readonly packers: Pick<Packers, "run">;
  /** The database's clock, ms since 1970. */
  readonly now: () => Promise<number>;
  /** Milliseconds between looks when nothing wakes the stage: another node may have packed. */
  readonly idleMs?: number;
  /** Pause after a group could not be packed, ms. */
  readonly problemMs?: number;
}

/** Groups packed at once; each may wait for a commitment. */
const parallel = 4;
/** Least time between looks, ms: messages come in thousands, and a look costs a query. */
const restMs = 10;
/** Least time between two questions to a project's packer about a group, ms. */
const askMs = 1_000;
/** A packer that fails again and again is asked at last so many times as rarely. */
const mostPatience = 64;
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
  /** Groups that could not be packed, and why. */
  readonly #problems = new Map<string, { group: Group; reason: string }>();
  /** How often in a row a project's packer has failed for a group. */
  readonly #failures = new Map<string, number>();
  /** Until when groups rest. */
  readonly #rests = new Map<string, number>();
  readonly #running = new Map<string, Promise<void>>();
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
        this.#rests.clear();
        this.#failures.clear();
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
    await Promise.all(this.#running.values());
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

  /** Starts to pack what is due; answers how long until something else may be. */
  async #look(): Promise<number> {
    const { projects, store, idleMs = 5_000 } = this.deps;
    let waitMs = idleMs;
    // One that ends during the query was counted as it was before.
    const busy = new Set(this.#running.keys());
    const groups = await store.pending();
    this.#measure(groups);
    const names = new Set(groups.map(nameOf));
    for (const [name, { group }] of this.#problems) if (!names.has(name)) this.#solved(group);
    for (const gone of [this.#rests, this.#failures]) {
      for (const name of gone.keys()) if (!names.has(name)) gone.delete(name);
    }
    const due: Due[] = [];
    for (const group of groups) {
      const project = projects.get(group.projectId);
      const version = project?.versions.get(group.version);
      if (!version || project?.paused || busy.has(nameOf(group))) continue;
      const rest = (this.#rests.get(nameOf(group)) ?? 0) - performance.now();
      const decision = decide(group, version.packing);
      if (rest > 0) waitMs = Math.min(waitMs, rest);
      // No further message comes for a version that an update removed.
      else if ("pack" in decision || version.retired) due.push({ group, version });
      else waitMs = Math.min(waitMs, decision.wait ?? waitMs);
    }
    // Those first that waited longest, so that each has its turn.
    const last = ({ group }: Due) => this.#rests.get(nameOf(group)) ?? 0;
    for (const next of due.sort((a, b) => last(a) - last(b))) this.#begin(next);
    return waitMs;
  }

  #measure(groups: readonly PendingGroup[]): void {
    const { unpacked, unpackedSeconds } = this.deps.metrics;
    unpacked.reset();
    unpackedSeconds.reset();
    for (const [id, own] of Map.groupBy(groups, ({ projectId }) => projectId)) {
      const project = id.toString();
      unpacked.set({ project }, own.reduce((sum, { count }) => sum + count, 0));
      const oldest = own.reduce((most, { ageMs }) => Math.max(most, ageMs), 0);
      unpackedSeconds.set({ project }, oldest / 1000);
    }
  }

  /** Packs a group beside others; its end wakes the stage, which starts what found no place. */
  #begin(due: Due): void {
    if (this.#running.size >= parallel) return;
    const name = nameOf(due.group);
    const work = this.#packGroup(due).then((restMs) => {
      this.#running.delete(name);
      this.#rests.set(name, performance.now() + restMs);
      this.#dirty = true;
      this.#wake();
    });
    this.#running.set(name, work);
  }

  /** Answers how long until the group should be looked at again, ms. */
  async #packGroup({ group, version }: Due): Promise<number> {
    const { program } = version.packing;
    const name = nameOf(group);
    try {
      const restMs = program
        ? await this.#askPacker(group, version, program)
        : await this.#packRuns(group, version);
      this.#failures.delete(name);
      return restMs;
    } catch (error) {
      if (this.#stop.signal.aborted) return 0;
      const own = error instanceof PackingProblem || error instanceof ProgramError ||
        error instanceof PackerFailure;
      this.#waits(group, errorText(error), own ? errorText(error) : "this node can't pack it now");
      // Each try costs as much as the packer may use.
      const failures = error instanceof PackerFailure ? this.#failures.get(name) ?? 0 : 0;
      if (error instanceof PackerFailure) this.#failures.set(name, failures + 1);
      return this.#problemMs * Math.min(mostPatience, 2 ** failures);
    }
  }

  /** One task after the other, by the project's rule. */
  async #packRuns(group: PendingGroup, version: ProjectVersion): Promise<number> {
    const bounds = boundsOf(version.packing);
    let left = group.count;
    do {
      const took = this.deps.metrics.packSeconds.startTimer();
      const packed = await this.#packer.pack(group, version, bounds);
      if (!packed) return othersMs;
      took();
      this.#packed(group, packed);
      left -= packed.messageCount;
    } while (left >= bounds.maxCount && !this.#stop.signal.aborted);
    return 0;
  }

  async #askPacker(
    group: PendingGroup,
    version: ProjectVersion,
    packer: PackerProgram,
  ): Promise<number> {
    const began = performance.now();
    const packed = await this.#packer.packEach(group, version, packer);
    if (!packed) return othersMs;
    const seconds = (performance.now() - began) / 1000 / packed.length;
    for (const _ of packed) this.deps.metrics.packSeconds.observe(seconds);
    for (const task of packed) this.#packed(group, task);
    if (packed.length === 0) this.#solved(group);
    return askMs;
  }

  #packed(group: PendingGroup, task: TaskRecord): void {
    const project = group.projectId.toString();
    const { taskId, messageCount: messages } = task;
    this.deps.metrics.tasks.inc({ project, state: "packed" });
    this.deps.log.info({ project, task: taskId, messages }, "packed");
    this.deps.onPacked?.(task);
    this.#solved(group);
  }

  /** @param shown to who sent the messages */
  #waits(group: Group, reason: string, shown: string): void {
    const { projectId, version } = group;
    const known = this.#problems.get(nameOf(group));
    this.#problems.set(nameOf(group), { group, reason });
    if (known?.reason === reason) return;
    this.deps.metrics.refused.inc({ kind: "packing" });
    this.deps.log.error({ project: `${projectId}`, version }, `messages wait: ${reason}`);
    this.deps.onProblem?.(group, shown);
  }

  #solved(group: Group): void {
    if (!this.#problems.delete(nameOf(group))) return;
    this.deps.onProblem?.(group, undefined);
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

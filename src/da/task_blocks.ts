import type { CID } from "multiformats/cid";
import { z } from "zod";
import { sleep } from "../abort.ts";
import { errorText, type Log } from "../log.ts";
import { bytes32, uint64 } from "../protocol/schema.ts";
import { type SignedTask, taskBlock } from "../protocol/task_block.ts";
import type { BlockFile } from "./block_file.ts";
import type { Da } from "./da.ts";

export interface TaskBlocksDeps {
  readonly da: {
    readonly tasks: Pick<Da["tasks"], "onPacked">;
    readonly signed: Da["signed"];
  };
  readonly store: BlockFile;
  /** Told of each block that is there now. */
  readonly announce: (cid: CID) => void;
  readonly log: Log;
  readonly times?: Partial<TaskBlocksTimes>;
}

export interface TaskBlocksTimes {
  /** From a task's packing to the look for it, so that many are one batch. */
  readonly gatherMs: number;
  /** Between looks that nothing woke. */
  readonly idleMs: number;
  /** A serial that was left out is given up after so long: its transaction never ends well. */
  readonly giveUpMs: number;
}

const defaults: TaskBlocksTimes = { gatherMs: 500, idleMs: 60_000, giveUpMs: 60_000 };
/** Most of one batch; a task with more leaves is a batch of its own. */
const batch = { tasks: 64, leaves: 10_000 };
/** Serials that were left out and are looked for; a larger gap is none that a commit will fill. */
const mostMissing = 1_024;
/** Rests so many times as long as it worked, while there is a backlog: others come first. */
const rest = 3;

const cursorSchema = z.object({
  /** All tasks up to this one have their block. */
  serial: uint64,
  /** The id of a task that has a block, and its serial: another database has another there. */
  known: z.object({ serial: uint64, taskId: bytes32 }).optional(),
  purged: z.object({ at: z.string().max(64), serial: uint64 }),
});
type Cursor = z.infer<typeof cursorSchema>;
const start: Cursor = { serial: 0n, purged: { at: "-infinity", serial: 0n } };

/**
 * Keeps the block of each task, of all enodes on the database, for this node's peers: until the
 * task's payload is purged. Runs behind the other stages. Answers a function that stops it.
 */
export function startTaskBlocks(deps: TaskBlocksDeps): () => Promise<void> {
  const stage = new TaskBlocks(deps);
  return () => stage.stop();
}

class TaskBlocks {
  readonly #stop = new AbortController();
  readonly #times: TaskBlocksTimes;
  readonly #unsubscribe: () => void;
  readonly #loop: Promise<void>;
  /** Serials below `#after` that no look has found, and since when. */
  #missing = new Map<bigint, number>();
  #after = 0n;
  #known: Cursor["known"];
  #purged = start.purged;
  #woken = true;
  #wake = () => {};

  constructor(private readonly deps: TaskBlocksDeps) {
    this.#times = { ...defaults, ...deps.times };
    this.#unsubscribe = deps.da.tasks.onPacked(() => {
      this.#woken = true;
      this.#wake();
    });
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#stop.abort(new Error("the task blocks stop"));
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let ready = false;
    while (!signal.aborted) {
      const { gatherMs, idleMs } = this.#times;
      let pauseMs = gatherMs;
      this.#woken = false;
      const began = performance.now();
      try {
        if (!ready) await this.#resume();
        ready = true;
        const more = [await this.#publish(), await this.#remove()].includes(true);
        if (more) this.#woken = true;
        pauseMs = Math.max(more ? 0 : gatherMs, rest * (performance.now() - began));
      } catch (error) {
        if (signal.aborted) return;
        this.deps.log.warn(`blocks of tasks could not be kept: ${errorText(error)}`);
        pauseMs = idleMs;
      }
      await sleep(pauseMs, signal);
      if (!this.#woken) await this.#idle(this.#missing.size > 0 ? gatherMs : idleMs);
    }
  }

  /** Ends early when a task is packed, and gathers what comes with it. */
  async #idle(ms: number): Promise<void> {
    const awake = new AbortController();
    this.#wake = () => awake.abort();
    await sleep(ms, AbortSignal.any([this.#stop.signal, awake.signal]));
    if (awake.signal.aborted) await sleep(this.#times.gatherMs, this.#stop.signal);
  }

  async #resume(): Promise<void> {
    const { serial, known, purged } = this.#read();
    if (known && await this.deps.da.signed.at(known.serial) !== known.taskId) {
      return this.deps.log.info("another database than before: all its tasks get their blocks");
    }
    [this.#after, this.#known, this.#purged] = [serial, known, purged];
  }

  /** Answers whether there is more. */
  async #publish(): Promise<boolean> {
    const { signed } = this.deps.da;
    this.#giveUp();
    const tasks = await signed.packed(this.#after, [...this.#missing.keys()], batch);
    const last = tasks.at(-1);
    if (!last) return false;
    const add = await blocksOf(tasks.filter(({ purged }) => !purged));
    const missing = new Map(this.#missing);
    let after = this.#after;
    for (const { serial } of tasks) {
      missing.delete(serial);
      if (serial <= after) continue;
      const gap = serial - after - 1n;
      for (let left = gap > mostMissing ? 0n : gap; left > 0n; left--) {
        missing.set(serial - left, performance.now());
      }
      after = serial;
    }
    const [first = after + 1n] = missing.keys();
    const known = { serial: last.serial, taskId: last.taskId };
    this.deps.store.write({ add }, textOf({ serial: first - 1n, known, purged: this.#purged }));
    [this.#missing, this.#after, this.#known] = [missing, after, known];
    for (const { cid } of add) this.deps.announce(cid);
    const leaves = tasks.reduce((sum, task) => sum + task.leaves.length, 0);
    return tasks.length === batch.tasks || leaves >= batch.leaves;
  }

  #giveUp(): void {
    const now = performance.now();
    for (const [serial, since] of this.#missing) {
      const old = now - since > this.#times.giveUpMs;
      if (old || this.#missing.size > mostMissing) this.#missing.delete(serial);
    }
  }

  async #remove(): Promise<boolean> {
    const tasks = await this.deps.da.signed.purged(this.#purged, batch);
    const last = tasks.at(-1);
    if (!last) return false;
    const remove = (await blocksOf(tasks)).map(({ cid }) => cid);
    const purged = { at: last.at, serial: last.serial };
    const [first = this.#after + 1n] = this.#missing.keys();
    const cursor = { serial: first - 1n, known: this.#known, purged };
    this.deps.store.write({ remove }, textOf(cursor));
    this.#purged = purged;
    return true;
  }

  #read(): Cursor {
    const text = this.deps.store.cursor();
    return text === undefined ? start : cursorSchema.parse(JSON.parse(text));
  }
}

const textOf = (cursor: Cursor): string =>
  JSON.stringify(cursor, (_, value) => typeof value === "bigint" ? `${value}` : value);

async function blocksOf(tasks: readonly SignedTask[]) {
  const blocks = [];
  for (const task of tasks) blocks.push(await taskBlock(task));
  return blocks;
}

import { setImmediate } from "node:timers";
import { OverloadedError, ShareExceededError } from "./da.ts";

export interface GroupCommitOptions {
  /** Batches in flight at once. */
  readonly concurrency: number;
  /** Most rows and bytes of one batch. */
  readonly batchRows: number;
  readonly batchBytes: number;
  /** Most rows and bytes that wait or are in flight. */
  readonly queueRows: number;
  readonly queueBytes: number;
}

export const groupCommitDefaults: Omit<GroupCommitOptions, "concurrency"> = {
  batchRows: 1024,
  batchBytes: 4 * 1024 * 1024,
  queueRows: 16_384,
  queueBytes: 128 * 1024 * 1024,
};

interface Entry<In, Out> {
  readonly value: In;
  readonly bytes: number;
  readonly owner: unknown;
  settle(result: Out): void;
  fail(error: unknown): void;
}

/** Rows and bytes that wait or are in flight. */
interface Held {
  rows: number;
  bytes: number;
}

/**
 * Of what is free an owner may hold so many times as much: one alone gets four fifths of the
 * queue, and however many fill it, there is a place for the next (Choudhury and Hahne, 1998).
 */
const shareOfFree = 4;

/**
 * Gathers calls into batches. A batch starts as soon as a place is free and takes all that waits,
 * so that batches grow with the load and a lone call waits for nobody. Where more waits than a
 * batch takes, each owner has its turn, so that nobody waits for what another has queued.
 */
export class GroupCommit<In, Out> {
  /** What waits, by owner; the owner whose turn it is comes first. */
  #queues = new Map<unknown, Entry<In, Out>[]>();
  #waiting = 0;
  #held = new Map<unknown, Held>();
  #total: Held = { rows: 0, bytes: 0 };
  #running = 0;
  #idle: (() => void)[] = [];

  /** @param commit stores a batch and answers one result a value, in order */
  constructor(
    readonly options: GroupCommitOptions,
    readonly commit: (values: In[]) => Promise<Out[]>,
  ) {}

  /**
   * @throws {ShareExceededError} when the owner holds too much of the queue
   * @throws {OverloadedError} unless all of the rows have a place
   */
  admit(rows: number, bytes: number, owner?: unknown): void {
    // An idle queue takes a lot that is larger than itself, or that lot could never be stored.
    if (this.#total.rows === 0) return;
    const { queueRows, queueBytes } = this.options;
    const free = {
      rows: queueRows - this.#total.rows - rows,
      bytes: queueBytes - this.#total.bytes - bytes,
    };
    if (free.rows < 0 || free.bytes < 0) throw new OverloadedError(1);
    const held = this.#held.get(owner);
    if (!held || owner === undefined) return;
    const share = { rows: shareOfFree * free.rows, bytes: shareOfFree * free.bytes };
    if (held.rows + rows > share.rows || held.bytes + bytes > share.bytes) {
      throw new ShareExceededError(1);
    }
  }

  /** The value must have been admitted in the same turn. */
  add(value: In, bytes: number, owner?: unknown): Promise<Out> {
    return new Promise<Out>((settle, fail) => {
      let queue = this.#queues.get(owner);
      if (!queue) this.#queues.set(owner, queue = []);
      queue.push({ value, bytes, owner, settle, fail });
      this.#hold(owner, 1, bytes);
      this.#waiting++;
      if (this.#running < this.options.concurrency && this.#waiting === 1) {
        // Calls of this turn of the event loop share the first batch: half as many again a batch.
        setImmediate(() => this.#start());
      }
    });
  }

  /** What waits or is in flight. */
  get held(): Readonly<Held> {
    return this.#total;
  }

  /** Settles when nothing waits and nothing is in flight. */
  async drained(): Promise<void> {
    while (this.#total.rows > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #hold(owner: unknown, rows: number, bytes: number): void {
    let held = this.#held.get(owner);
    if (!held) this.#held.set(owner, held = { rows: 0, bytes: 0 });
    for (const sum of [held, this.#total]) {
      sum.rows += rows;
      sum.bytes += bytes;
    }
    if (held.rows === 0) this.#held.delete(owner);
  }

  #start(): void {
    while (this.#running < this.options.concurrency && this.#waiting > 0) {
      void this.#run(this.#take());
    }
  }

  #take(): Entry<In, Out>[] {
    const { batchRows, batchBytes } = this.options;
    const owners = [...this.#queues];
    const taken = owners.map(() => 0);
    const batch: Entry<In, Out>[] = [];
    let bytes = 0, round = 0, last = 0, full = false;
    for (let some = true; some && !full; round++) {
      some = false;
      for (const [i, [, queue]] of owners.entries()) {
        const entry = queue[round];
        if (!entry) continue;
        full = batch.length === batchRows ||
          (batch.length > 0 && bytes + entry.bytes > batchBytes);
        if (full) break;
        [some, last] = [true, i];
        taken[i] = round + 1;
        bytes += entry.bytes;
        batch.push(entry);
      }
    }
    // Who comes after the last that was served is first the next time.
    const rest = [...owners.keys()].map((i) => (last + 1 + i) % owners.length);
    this.#queues.clear();
    for (const i of rest) {
      const [owner, queue] = owners[i] as typeof owners[number];
      queue.splice(0, taken[i]);
      if (queue.length > 0) this.#queues.set(owner, queue);
    }
    this.#waiting -= batch.length;
    return batch;
  }

  async #run(batch: Entry<In, Out>[]): Promise<void> {
    this.#running++;
    try {
      const results = await this.commit(batch.map((entry) => entry.value));
      batch.forEach((entry, i) => entry.settle(results[i] as Out));
    } catch (error) {
      for (const entry of batch) entry.fail(error);
    } finally {
      this.#running--;
      for (const { owner, bytes } of batch) this.#hold(owner, -1, -bytes);
      if (this.#total.rows === 0) { for (const resolve of this.#idle.splice(0)) resolve(); }
      this.#start();
    }
  }
}

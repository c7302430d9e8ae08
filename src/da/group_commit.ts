import { setImmediate } from "node:timers";
import { OverloadedError } from "./da.ts";

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
  settle(result: Out): void;
  fail(error: unknown): void;
}

/**
 * Gathers calls into batches. A batch starts as soon as a place is free and takes all that waits,
 * so that batches grow with the load and a lone call waits for nobody.
 */
export class GroupCommit<In, Out> {
  #queue: Entry<In, Out>[] = [];
  #rows = 0;
  #bytes = 0;
  #running = 0;
  #idle: (() => void)[] = [];

  /** @param commit stores a batch and answers one result a value, in order */
  constructor(
    readonly options: GroupCommitOptions,
    readonly commit: (values: In[]) => Promise<Out[]>,
  ) {}

  /** Throws unless all of the rows have a place. */
  admit(rows: number, bytes: number): void {
    // An idle queue takes a lot that is larger than itself, or that lot could never be stored.
    if (this.#rows === 0) return;
    const { queueRows, queueBytes } = this.options;
    if (this.#rows + rows > queueRows || this.#bytes + bytes > queueBytes) {
      throw new OverloadedError(1);
    }
  }

  /** The value must have been admitted in the same turn. */
  add(value: In, bytes: number): Promise<Out> {
    return new Promise<Out>((settle, fail) => {
      this.#queue.push({ value, bytes, settle, fail });
      this.#rows++;
      this.#bytes += bytes;
      if (this.#running < this.options.concurrency && this.#queue.length === 1) {
        // Calls of this turn of the event loop share the first batch: half as many again a batch.
        setImmediate(() => this.#start());
      }
    });
  }

  /** Settles when nothing waits and nothing is in flight. */
  async drained(): Promise<void> {
    while (this.#rows > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #start(): void {
    while (this.#running < this.options.concurrency && this.#queue.length > 0) {
      void this.#run(this.#take());
    }
  }

  #take(): Entry<In, Out>[] {
    const { batchRows, batchBytes } = this.options;
    let count = 0, bytes = 0;
    for (const entry of this.#queue) {
      if (count === batchRows || (count > 0 && bytes + entry.bytes > batchBytes)) break;
      bytes += entry.bytes;
      count++;
    }
    return this.#queue.splice(0, count);
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
      this.#rows -= batch.length;
      for (const entry of batch) this.#bytes -= entry.bytes;
      if (this.#rows === 0) { for (const resolve of this.#idle.splice(0)) resolve(); }
      this.#start();
    }
  }
}

/**
 * The receipts that this znode made and no enode is known to have stored: in files, so that
 * nothing is proven twice when either of them was gone meanwhile.
 */
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as cbor from "@ipld/dag-cbor";
import type { Address, Hex } from "viem";
import { z } from "zod";
import type { Receipt } from "../../runtimes/runtime.ts";
import { errorText, type Log } from "../log.ts";
import { receiptSchema } from "../protocol/index.ts";
import { address, bytes32 } from "../protocol/schema.ts";
import { recordOf, recordsIn, Segment } from "./segment.ts";

export interface ReceiptLimits {
  readonly count: number;
  /** Of all files together. */
  readonly bytes: number;
  readonly ageMs: number;
}

const defaults: ReceiptLimits = { count: 1_024, bytes: 256 << 20, ageMs: 7 * 86_400_000 };

export interface ReceiptsConfig {
  readonly directory: string;
  /** Proofs are bound to who made them: those of another key are of no use. */
  readonly prover: Address;
  readonly log: Log;
  readonly limits?: Partial<ReceiptLimits>;
  readonly now?: () => number;
}

const schema = z.object({
  v: z.literal(2),
  prover: address,
  /** Whom it was made for. */
  enode: address,
  taskId: bytes32,
  /** ms since 1970 */
  at: z.number(),
  receipt: receiptSchema,
});
type Kept = z.infer<typeof schema>;

interface Entry {
  readonly enode: Address;
  readonly at: number;
  readonly segment: Segment;
  /** Where its record begins. */
  readonly offset: number;
}

const fileName = /^(\d+)\.log$/;

/**
 * Many receipts share a file, since to make and remove one costs more than all else that a znode
 * does for a short proof. A file goes when none of its receipts is of use any more: after a crash
 * some that had been forgotten may be found again, which does no harm.
 */
export class Receipts {
  /** Oldest first. */
  readonly #entries = new Map<Hex, Entry>();
  readonly #limits: ReceiptLimits;
  readonly #now: () => number;
  #bytes = 0;
  #last = 0;
  /** Where the next receipt goes. */
  #current: Segment | undefined;

  private constructor(private readonly config: ReceiptsConfig) {
    this.#limits = { ...defaults, ...config.limits };
    this.#now = config.now ?? Date.now;
  }

  /** Finds what an earlier process kept; what can't be read, is too old or too much is removed. */
  static async open(config: ReceiptsConfig): Promise<Receipts> {
    const receipts = new Receipts(config);
    await receipts.#scan();
    return receipts;
  }

  async get(taskId: Hex): Promise<Receipt | undefined> {
    const entry = this.#entries.get(taskId);
    if (!entry) return undefined;
    const { segment, offset } = entry;
    try {
      const [record] = recordsIn(await readFile(segment.path), offset);
      const kept = record && this.#read(record.bytes);
      if (kept?.taskId === taskId) return kept.receipt;
    } catch (error) {
      this.config.log.warn({ task: taskId }, `a kept receipt can't be read: ${errorText(error)}`);
    }
    await this.#remove(taskId);
    return undefined;
  }

  /**
   * Keeps a receipt for the enode through the end of this process. It is not synced to the disk:
   * what a power cut takes can be proven again.
   */
  async put(taskId: Hex, enode: Address, receipt: Receipt): Promise<void> {
    const at = this.#now();
    const { prover } = this.config;
    const record = recordOf(cbor.encode({ v: 2, prover, enode, taskId, at, receipt }));
    if (!this.#current || this.#current.size >= this.#segmentBytes) {
      this.#current = this.#segment(++this.#last);
    }
    const segment = this.#current;
    const offset = segment.size;
    segment.live++;
    this.#bytes += record.length;
    try {
      await segment.append(record);
    } catch (error) {
      // What follows would not be where it is looked for.
      if (this.#current === segment) this.#current = undefined;
      await this.#release(segment);
      throw error;
    }
    await this.#note(taskId, { enode, at, segment, offset });
    await this.#trim();
  }

  /** Drops the receipt of a task that has ended, or is known to be proved, at the enode. */
  async forget(taskId: Hex, enode: Address): Promise<void> {
    if (this.#entries.get(taskId)?.enode === enode) await this.#remove(taskId);
  }

  /** The bounds hold for files, so each must be a small part of what is allowed. */
  get #segmentBytes(): number {
    return Math.min(1 << 20, this.#limits.bytes / 16);
  }

  #segment(number: number): Segment {
    return new Segment(join(this.config.directory, `${number}.log`));
  }

  async #scan(): Promise<void> {
    const { directory, log } = this.config;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const numbers: number[] = [];
    for (const name of await readdir(directory)) {
      const number = fileName.exec(name)?.[1];
      if (number !== undefined) numbers.push(Number(number));
      else await rm(join(directory, name), { force: true, recursive: true });
    }
    // One at a time: together they may be larger than memory.
    for (const number of numbers.sort((a, b) => a - b)) await this.#load(this.#segment(number));
    this.#last = numbers.at(-1) ?? 0;
    await this.#trim();
    if (this.#entries.size > 0) log.info({ receipts: this.#entries.size }, "receipts were kept");
  }

  async #load(segment: Segment): Promise<void> {
    // Until it is read, so that it does not go with the first receipt that is replaced.
    segment.live++;
    try {
      const file = await readFile(segment.path);
      segment.size = file.length;
      this.#bytes += file.length;
      for (const { bytes, offset } of recordsIn(file)) {
        const kept = this.#read(bytes);
        if (!kept) continue;
        const { taskId, enode, at } = kept;
        segment.live++;
        await this.#note(taskId, { enode, at, segment, offset });
      }
    } catch (error) {
      this.config.log.warn({ path: segment.path }, `not all receipts read: ${errorText(error)}`);
    }
    await this.#release(segment);
  }

  /**
   * Undefined for another prover's.
   * @throws for what is no receipt
   */
  #read(record: Uint8Array): Kept | undefined {
    const kept = schema.parse(cbor.decode(record));
    return kept.prover === this.config.prover ? kept : undefined;
  }

  async #note(taskId: Hex, entry: Entry): Promise<void> {
    await this.#remove(taskId);
    this.#entries.set(taskId, entry);
  }

  async #remove(taskId: Hex): Promise<void> {
    const entry = this.#entries.get(taskId);
    if (!entry) return;
    this.#entries.delete(taskId);
    await this.#release(entry.segment);
  }

  /** One receipt of the file is of no use any more. */
  async #release(segment: Segment): Promise<void> {
    if (--segment.live > 0) return;
    if (this.#current === segment) this.#current = undefined;
    this.#bytes -= segment.size;
    await segment.remove();
  }

  async #trim(): Promise<void> {
    const { count, bytes, ageMs } = this.#limits;
    const oldest = this.#now() - ageMs;
    for (const [taskId, { at }] of [...this.#entries]) {
      if (this.#entries.size <= count && this.#bytes <= bytes && at >= oldest) break;
      await this.#remove(taskId);
    }
  }
}

import type { Address, Hex } from "viem";
import { abortable, Backoff, sleep } from "../abort.ts";
import type { Log } from "../log.ts";
import { BlockRanges } from "./block_ranges.ts";
import type { ChainClient, Reader } from "./clients.ts";
import { chainErrorText } from "./errors.ts";
import { readMinStake, readStakeEvents, type StakedProver, StakeHistory } from "./stakes.ts";

export interface StakeWatcherOptions {
  /** Connects to the chain; called again after each failure. */
  readonly connect: () => Promise<ChainClient>;
  /** The ZNodeRegistrar. */
  readonly registrar: Address;
  /** First block that can have an event. */
  readonly startBlock: bigint;
  /** Milliseconds between looks. Default 1000. */
  readonly pollMs?: number;
  readonly log: Log;
}

/** A block that is on the chain, with the stakes after it. */
export interface SeedBlock {
  readonly hash: Hex;
  readonly staked: readonly StakedProver[];
}

interface Block {
  readonly number: bigint;
  readonly hash: Hex;
  readonly parentHash: Hex;
}

/** Hashes of blocks that are kept; a deeper reorganisation has all events read again. */
const mostHashes = 2_048;
/** Blocks asked for by number in one look. */
const mostAsked = 32;
/** How long a look at the chain says what holds now, ms. */
const freshMs = 5_000;
/** Looks at which the endpoint may be behind what was read before that counts. */
const patience = 3;
const reconnectMs = { first: 500, last: 10_000 };

/** Follows chain and stakes for all tasks of a node. */
export class StakeWatcher {
  readonly #stop = new AbortController();
  readonly #listeners = new Set<() => void>();
  readonly #hashes = new Map<bigint, Hex>();
  readonly #wanted = new Set<bigint>();
  readonly #ranges = new BlockRanges();
  readonly #backoff = new Backoff(reconnectMs.first, reconnectMs.last);
  readonly #loop: Promise<void>;
  #reader: Reader | undefined;
  #history: StakeHistory | undefined;
  #head: Block | undefined;
  #seenAt = -Infinity;
  #readable = true;
  #behind = 0;
  #wake = () => {};

  constructor(private readonly options: StakeWatcherOptions) {
    this.#loop = this.#run();
  }

  /** The newest block's number; 0 until the chain was read. It may be of a while ago. */
  get height(): bigint {
    return this.#head?.number ?? 0n;
  }

  /** How long ago the chain was read, ms; Infinity: never. */
  get silentMs(): number {
    return performance.now() - this.#seenAt;
  }

  /** A block's hash and stakes; undefined while the block is not there, or not read yet. */
  seed(block: bigint): SeedBlock | undefined {
    if (!this.#history || !this.#head || block > this.#head.number) return undefined;
    const hash = this.#hashes.get(block);
    if (hash !== undefined) return { hash, staked: this.#history.at(block) };
    if (this.#wanted.size < 4_096) this.#wanted.add(block);
    this.#wake();
    return undefined;
  }

  /** Whether a prover may have work now; undefined where this was not read lately. */
  isEligible(prover: Address): boolean | undefined {
    if (!this.#history || !this.#head || this.silentMs > freshMs) return undefined;
    return this.#history.stakeOf(prover, this.#head.number) !== undefined;
  }

  /** Called when there is a new block, or one that was asked for is known. Returns the unsubscriber. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error("the stakes are no longer watched"));
    this.#wake();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { log, pollMs = 1_000 } = this.options;
    while (!signal.aborted) {
      let waitMs = pollMs;
      try {
        if (await this.#look()) { for (const listener of this.#listeners) listener(); }
        this.#backoff.reset();
        if (!this.#readable) log.info("stakes are readable again");
        this.#readable = true;
      } catch (error) {
        if (signal.aborted) return;
        this.#reader = undefined;
        waitMs = this.#backoff.next();
        if (this.#readable) {
          const reason = chainErrorText(error);
          log.warn({ reason }, "stakes can't be read from the chain; trying again");
        }
        this.#readable = false;
      }
      await this.#pause(this.#wanted.size > 0 ? Math.min(waitMs, 50) : waitMs);
    }
  }

  /** Ends early when a block is asked for. */
  async #pause(ms: number): Promise<void> {
    const awake = new AbortController();
    this.#wake = () => awake.abort();
    await sleep(ms, AbortSignal.any([this.#stop.signal, awake.signal]));
    this.#wake = () => {};
    // So that what is asked for again and again can't make a busy loop.
    if (awake.signal.aborted) await sleep(10, this.#stop.signal);
  }

  /** Answers whether something is new. */
  async #look(): Promise<boolean> {
    const reader = this.#reader ??= (await this.#call(this.options.connect())).reader;
    this.#history ??= new StakeHistory(
      await this.#call(readMinStake(reader, this.options.registrar)),
    );
    const latest = await this.#call(reader.getBlock());
    const same = latest.hash === this.#head?.hash;
    // One of several endpoints behind an address may lag; a chain that lost blocks stays short.
    const behind = !same && this.#hashes.get(latest.number) === latest.hash;
    this.#behind = behind ? this.#behind + 1 : 0;
    const waits = same || (behind && this.#behind < patience);
    const moved = !waits && await this.#advance(reader, latest);
    const found = await this.#answer(reader);
    this.#seenAt = performance.now();
    return moved || found;
  }

  /** Reads what is new up to `latest`; false where it was no longer on the chain by then. */
  async #advance(reader: Reader, latest: Block): Promise<boolean> {
    const history = this.#history as StakeHistory;
    const from = await this.#branch(reader, latest);
    const { registrar } = this.options;
    const events = await this.#call(
      readStakeEvents(reader, registrar, from, latest.number, this.#ranges),
    );
    if (await this.#hashOf(reader, latest.number) !== latest.hash) return false;
    history.forget(from - 1n);
    history.add(events);
    for (const block of this.#hashes.keys()) if (block >= from) this.#hashes.delete(block);
    if (latest.number > 0n) this.#keep(latest.number - 1n, latest.parentHash);
    this.#keep(latest.number, latest.hash);
    this.#head = latest;
    return true;
  }

  /** The first block that is not as it was when it was read. */
  async #branch(reader: Reader, latest: Block): Promise<bigint> {
    const { startBlock, log } = this.options;
    const head = this.#head;
    if (!head) return startBlock;
    if (latest.number === head.number + 1n && latest.parentHash === head.hash) {
      return latest.number;
    }
    if (
      latest.number > head.number && await this.#hashOf(reader, head.number) === head.hash
    ) return head.number + 1n;
    // Ever further back: to read some events once more costs less than to ask for every block.
    const kept = [...this.#hashes].filter(([block]) => block < head.number)
      .sort(([a], [b]) => a < b ? 1 : -1).filter((_, i) => (i & (i + 1)) === 0);
    for (const [block, hash] of kept) {
      if (block > latest.number || await this.#hashOf(reader, block) !== hash) continue;
      log.warn({ from: `${block + 1n}` }, "the chain was reorganised; reading stakes again");
      return block + 1n > startBlock ? block + 1n : startBlock;
    }
    log.warn("the chain is another one than before; reading all stakes again");
    return startBlock;
  }

  /** Finds hashes of blocks that were asked for. */
  async #answer(reader: Reader): Promise<boolean> {
    const asked = [...this.#wanted].slice(0, mostAsked);
    if (asked.length === 0) return false;
    const blocks = await Promise.all(asked.map((block) => this.#hashOf(reader, block)));
    blocks.forEach((hash, i) => {
      const block = asked[i] as bigint;
      this.#wanted.delete(block);
      if (hash !== undefined) this.#keep(block, hash);
    });
    return true;
  }

  #keep(block: bigint, hash: Hex): void {
    this.#hashes.delete(block);
    this.#hashes.set(block, hash);
    if (this.#hashes.size <= mostHashes) return;
    this.#hashes.delete(this.#hashes.keys().next().value as bigint);
  }

  /** Undefined: the endpoint has no such block. */
  async #hashOf(reader: Reader, blockNumber: bigint): Promise<Hex | undefined> {
    try {
      return (await this.#call(reader.getBlock({ blockNumber }))).hash;
    } catch (error) {
      if ((error as Error).name === "BlockNotFoundError") return undefined;
      throw error;
    }
  }

  #call<T>(promise: Promise<T>): Promise<T> {
    return abortable(promise, this.#stop.signal);
  }
}

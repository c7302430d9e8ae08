import type { Address, Hex } from "viem";
import { abortable, Backoff, sleep } from "../abort.ts";
import { BlockRanges } from "../chain/block_ranges.ts";
import type { ChainClient } from "../chain/clients.ts";
import { chainErrorText } from "../chain/errors.ts";
import type { ChainProject, ChainView } from "../da/da.ts";
import type { Log } from "../log.ts";
import type { KnownChain } from "./known_chain.ts";
import { Registrar, type RegistrarEvent, type RegistrarRecord } from "./registrar.ts";

export interface WatcherOptions {
  /** Connects to the chain; called again after each failure. */
  readonly connect: () => Promise<ChainClient>;
  /** The ProjectRegistrar. */
  readonly contract: Address;
  readonly view: ChainView;
  /** First block that can have an event. Default 0. */
  readonly startBlock?: bigint | undefined;
  /** Blocks, from its own on, after which an event counts. Default 1. */
  readonly confirmations?: number | undefined;
  /** Milliseconds between looks. Default 5000. */
  readonly pollMs?: number | undefined;
  /** Milliseconds to wait after the first and at most after any failure. Default 1 s, 60 s. */
  readonly retryMs?: { readonly first: number; readonly last: number } | undefined;
  /** Remembers the chain over restarts. */
  readonly known: KnownChain;
  readonly log: Log;
  /** Projects that are new or changed. An empty URI: the chain no longer has it. */
  readonly onProjects: (projects: readonly ChainProject[]) => void;
  /** The chain is another one than before: what it said of projects is void. */
  readonly onReset: () => void;
}

interface Cursor {
  readonly block: bigint;
  readonly hash: Hex;
}

/** A reorganisation goes at most this many blocks below the last one read. */
const reorgDepth = 1000n;
/** Looks at which the endpoint may be behind what was read before it counts as another chain. */
const patience = 3;
/** Records read at once. */
const parallel = 20;
const maxId = (1n << 63n) - 1n;

/** The chain changed under a look at it; the next one sees it settled. */
class Unsettled extends Error {}

/** Follows the ProjectRegistrar's events, through outages and reorganisations. */
export class RegistrarWatcher {
  readonly #stop = new AbortController();
  readonly #backoff: Backoff;
  #polling: Promise<boolean> | undefined;
  #connecting: Promise<Registrar> | undefined;
  #loop: Promise<void> | undefined;
  #registrar: Registrar | undefined;
  #chainId: bigint | undefined;
  #rows = new Map<bigint, ChainProject>();
  #cursor: Cursor | undefined;
  #ranges = new BlockRanges();
  #behind = 0;
  #reachable: boolean | undefined;
  readonly #answered = Promise.withResolvers<boolean>();

  constructor(private readonly options: WatcherOptions) {
    const { first = 1000, last = 60_000 } = options.retryMs ?? {};
    this.#backoff = new Backoff(first, last);
  }

  get chainId(): bigint | undefined {
    return this.#chainId;
  }

  /** True once the chain was reached, false when the first look failed before. */
  get answered(): Promise<boolean> {
    return this.#answered.promise;
  }

  /** Shows what the last run knew, then looks once, then goes on by itself. */
  async start(): Promise<void> {
    const known = await this.options.known.read();
    if (known !== undefined) await this.#restore(known);
    await this.poll();
    if (!this.#stop.signal.aborted) this.#loop = this.#run();
  }

  /** Looks now. False: the chain could not be read. */
  poll(): Promise<boolean> {
    return this.#polling ??= this.#tick().finally(() => this.#polling = undefined);
  }

  /** The connected registrar. @throws when the chain can't be reached */
  registrar(): Promise<Registrar> {
    if (this.#registrar) return Promise.resolve(this.#registrar);
    return this.#connecting ??= this.#connect().finally(() => this.#connecting = undefined);
  }

  /** The configs a project had, newest first. */
  async history(id: bigint): Promise<{ uri: string; hash: Hex }[]> {
    const registrar = await this.registrar();
    const head = await registrar.blockNumber();
    const found: { uri: string; hash: Hex }[] = [];
    await this.#ranges.read(this.#startBlock, head, async (from, to) => {
      found.push(...await registrar.history(id, from, to));
    });
    return found.reverse();
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error("the project manager is closed"));
    await this.#loop;
    await this.#polling;
  }

  get #startBlock(): bigint {
    return this.options.startBlock ?? 0n;
  }

  get #key(): string {
    return `${this.#chainId}:${this.options.contract.toLowerCase()}`;
  }

  async #run(): Promise<void> {
    let ok = this.#reachable ?? false;
    while (!this.#stop.signal.aborted) {
      const wait = ok ? this.options.pollMs ?? 5000 : this.#backoff.next();
      await sleep(wait, this.#stop.signal);
      if (!this.#stop.signal.aborted) ok = await this.poll();
    }
  }

  async #tick(): Promise<boolean> {
    try {
      await this.#read(await this.registrar());
      this.#backoff.reset();
      if (this.#reachable === false) this.options.log.info("the chain is readable again");
      this.#reachable = true;
      return true;
    } catch (error) {
      if (error instanceof Unsettled) return true;
      this.#registrar = undefined;
      this.#answered.resolve(false);
      if (this.#stop.signal.aborted) return false;
      if (this.#reachable !== false) {
        this.options.log.warn(
          { reason: chainErrorText(error) },
          "projects can't be read from the chain; going on with those known, trying again",
        );
      }
      this.#reachable = false;
      return false;
    }
  }

  async #connect(): Promise<Registrar> {
    const client = await abortable(this.options.connect(), this.#stop.signal);
    const registrar = new Registrar(client.reader, this.options.contract, this.#stop.signal);
    // A client that connected earlier may by now talk to another chain.
    const chainId = await registrar.chainId();
    if (this.#chainId !== chainId) {
      await this.#restore(chainId);
      await this.options.known.write(chainId);
    }
    await registrar.requireContract();
    this.#answered.resolve(true);
    return this.#registrar = registrar;
  }

  /** Takes up the view of a chain. Another chain than before is another contract. */
  async #restore(chainId: bigint): Promise<void> {
    const { view, contract, log } = this.options;
    if (this.#chainId !== undefined) {
      log.warn(
        { from: `${this.#chainId}`, to: `${chainId}` },
        "the chain is another one than before",
      );
      await view.reset(this.#key);
      this.options.onReset();
    }
    this.#chainId = chainId;
    const rows = await view.projects(this.#key);
    this.#rows = new Map(rows.map((row) => [row.id, row]));
    this.#cursor = await view.cursor(this.#key);
    this.#ranges = new BlockRanges();
    this.#behind = 0;
    log.debug({ contract, projects: rows.length, block: `${this.#cursor?.block}` }, "resuming");
    if (rows.length > 0) this.options.onProjects(rows);
  }

  async #read(registrar: Registrar): Promise<void> {
    const head = await registrar.blockNumber();
    const depth = BigInt(this.options.confirmations ?? 1) - 1n;
    const safe = head > depth ? head - depth : 0n;
    if (this.#cursor) {
      const hash = await registrar.blockHash(this.#cursor.block);
      if (hash === undefined && ++this.#behind < patience) return;
      this.#behind = 0;
      if (hash !== this.#cursor.hash) await this.#reorganise(registrar, this.#cursor, safe);
    }
    const from = this.#cursor ? this.#cursor.block + 1n : this.#startBlock;
    await this.#ranges.read(from, safe, (first, last) => this.#readBlocks(registrar, first, last));
  }

  /**
   * The block that was read last is no longer on the chain: every known record is read anew, and
   * projects that only this branch has are looked for some way back.
   */
  async #reorganise(registrar: Registrar, old: Cursor, safe: bigint): Promise<void> {
    if (await registrar.chainId() !== this.#chainId) {
      this.#registrar = undefined;
      throw new Unsettled("the endpoint changed chains");
    }
    const below = (old.block < safe ? old.block : safe) - reorgDepth;
    const from = below > this.#startBlock ? below : this.#startBlock;
    this.options.log.warn(
      { block: `${old.block}`, from: `${from}` },
      "the chain was reorganised; reading projects again",
    );
    const hash = await registrar.blockHash(safe);
    const ids = new Set(this.#rows.keys());
    await this.#ranges.read(from, safe, async (first, last) => {
      for (const { id } of await registrar.events(first, last)) if (id <= maxId) ids.add(id);
    });
    const list = [...ids];
    const changed: ChainProject[] = [];
    for (let i = 0; i < list.length; i += parallel) {
      await Promise.all(
        list.slice(i, i + parallel).map(async (id) => {
          const record = await registrar.record(id, safe);
          // An orphaned project keeps its row with an empty URI: the view can't forget one.
          if (!sameRecord(record, this.#rows.get(id))) changed.push({ id, ...record, block: safe });
        }),
      );
    }
    const settled = await this.#settled(registrar, safe, hash);
    await this.#save({ block: safe, hash: settled }, changed);
  }

  async #readBlocks(registrar: Registrar, from: bigint, to: bigint): Promise<void> {
    const hash = await registrar.blockHash(to);
    const events = await registrar.events(from, to);
    const changed = new Map<bigint, ChainProject>();
    for (const event of events) {
      if (event.id > maxId) continue;
      const before = changed.get(event.id) ?? this.#rows.get(event.id);
      changed.set(event.id, await apply(registrar, event, before));
    }
    const settled = await this.#settled(registrar, to, hash);
    await this.#save({ block: to, hash: settled }, [...changed.values()]);
  }

  /** The block's hash, if it is still what it was when the reading began. */
  async #settled(registrar: Registrar, block: bigint, before: Hex | undefined): Promise<Hex> {
    const after = await registrar.blockHash(block);
    if (after !== undefined && after === before) return after;
    throw new Unsettled(`block ${block} changed while it was read`);
  }

  async #save(cursor: Cursor, changed: ChainProject[]): Promise<void> {
    if (this.#stop.signal.aborted) throw this.#stop.signal.reason;
    await this.options.view.save(this.#key, cursor, changed);
    this.#cursor = cursor;
    for (const row of changed) this.#rows.set(row.id, row);
    if (changed.length > 0) this.options.onProjects(changed);
  }
}

function sameRecord(record: RegistrarRecord, row: ChainProject | undefined): boolean {
  return row !== undefined && record.uri === row.uri && record.hash === row.hash &&
    record.paused === row.paused;
}

async function apply(
  registrar: Registrar,
  event: RegistrarEvent,
  before: ChainProject | undefined,
): Promise<ChainProject> {
  const { id, block } = event;
  if (event.kind === "upserted") {
    return { id, uri: event.uri, hash: event.hash, paused: before?.paused ?? false, block };
  }
  // Created below the first block that is read.
  const record = before ?? { id, ...await registrar.record(id) };
  return { ...record, paused: event.kind === "paused", block };
}

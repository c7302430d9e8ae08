import { type Address, BaseError, type Hex, isAddressEqual } from "viem";
import type { JournalEntry } from "../../da/da.ts";
import { errorText } from "../../log.ts";
import { insistLive, OutputError } from "../output.ts";
import { broadcast, type SenderDeps } from "./broadcast.ts";
import { Budget } from "./budget.ts";
import { findReceipt, simulate } from "./chain.ts";
import {
  type Ended,
  type Entry,
  entryOf,
  formatSaved,
  isOpen,
  parseSaved,
  type SendRequest,
} from "./entry.ts";
import { Gate } from "./gate.ts";
import { failureOf, RevertedError, rpcText } from "./errors.ts";
import type { ChainSettings } from "./settings.ts";
import { Shared } from "./shared.ts";
import { type Book, guarded, Watcher } from "./watch.ts";

export type { SenderDeps, TransactionSigner } from "./broadcast.ts";
export type { SendRequest } from "./entry.ts";

/** A transaction in a block that is deep enough. */
export interface Landed {
  readonly hash: Hex;
  readonly block: bigint;
}

/** Longest wait for the RPC when stopping. */
const stopMs = 2_000;
/** How long a contract is taken to be where it was, ms, and of how many that is known. */
const [codeMs, maxCodes] = [10_000, 1000];
/** More attempts than this under one key are a fault. */
const maxAttempts = 1000;

/**
 * Sends transactions of one account on one chain, each once: nonce and intent are in the journal
 * before anything is signed, every hash before it is broadcast, and the chain is asked before
 * anything is sent again. A new sender over the same journal goes on where the last one ended.
 *
 * One process at a time may send with a key.
 */
export class Sender {
  readonly #book: Book;
  readonly #watcher: Watcher;
  readonly #starting = new Map<string, Promise<Entry | Ended>>();
  readonly #stop = new AbortController();
  /** The next nonce by the pool, and the height. What is given out since, the journal knows. */
  readonly #tip: Shared<[nonce: number, height: bigint]>;
  readonly #code = new Map<Address, Shared<boolean>>();
  #running: Promise<void> | undefined;
  #chainChecked = false;

  constructor(private readonly deps: SenderDeps) {
    const entries = new Map<string, Entry>();
    const { chainId, client, journal, settings, signer } = deps;
    const budget = new Budget({
      chainId,
      client,
      account: signer.address,
      journal,
      settings,
      open: () => entries.values(),
    });
    this.#tip = new Shared(settings.pollMs, () =>
      Promise.all([
        client.getTransactionCount({ address: signer.address, blockTag: "pending" }),
        client.getBlockNumber({ cacheTime: 0 }),
      ]));
    this.#book = { deps, budget, entries, gate: new Gate(), floor: 0 };
    this.#watcher = new Watcher(this.#book);
  }

  /** Takes up what an earlier process left open. */
  async resume(): Promise<void> {
    const { journal, chainId, signer } = this.deps;
    for (const stored of await journal.open(chainId, signer.address)) {
      try {
        this.#adopt(entryOf(stored, performance.now()));
      } catch (error) {
        this.deps.log.error({ key: stored.key }, `unreadable journal entry: ${errorText(error)}`);
      }
    }
  }

  /** Whether the key was ever given a nonce. */
  async has(key: string): Promise<boolean> {
    return await this.deps.journal.get(key) !== undefined;
  }

  get address(): Address {
    return this.deps.signer.address;
  }

  get settings(): ChainSettings {
    return this.deps.settings;
  }

  /** Gas of the largest transaction that may be sent at today's price. */
  async mostGas(): Promise<bigint> {
    const { maxGas, maxFeePerTransaction } = this.deps.settings;
    const { floor } = await this.#book.budget.market();
    const affordable = floor > 0n ? maxFeePerTransaction / floor : maxGas;
    return affordable < maxGas ? affordable : maxGas;
  }

  /** The key of the open transaction that does this among others, if there is one. */
  batchOf(member: string): string | undefined {
    for (const { key, saved } of this.#book.entries.values()) {
      if (saved.members?.includes(member)) return key;
    }
    return undefined;
  }

  /** One attempt, to its end whatever that is. @throws {OutputError} when it can't be sent */
  async once(
    request: SendRequest,
    onSent: (hash: Hex, comment: string) => void,
    signal: AbortSignal,
  ): Promise<Ended> {
    const start = await this.#startOnce(request, signal);
    return "nonce" in start ? await this.#wait(start, onSent, signal) : start;
  }

  /** What becomes of an open transaction; undefined where there is none of that key. */
  async follow(
    key: string,
    onSent: (hash: Hex, comment: string) => void,
    signal: AbortSignal,
  ): Promise<Ended | undefined> {
    const entry = this.#book.entries.get(key);
    if (!entry || entry.saved.cancel === "unsent") return undefined;
    return await this.#wait(entry, onSent, signal);
  }

  /**
   * Makes the call, or, when the key was sent before, follows that transaction to its end.
   *
   * @param onSent called for each hash that replaces the last, and after a reorganisation
   * @throws {RevertedError} when it reverts, in simulation or in a block
   * @throws {OutputError} when it can't be sent
   */
  async send(
    request: SendRequest,
    onSent: (hash: Hex, comment: string) => void,
    signal: AbortSignal,
  ): Promise<Landed> {
    let told: Hex | undefined;
    const tell = (hash: Hex, comment: string) => onSent(told = hash, comment);
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const key = attempt === 0 ? request.key : `${request.key}~${attempt}`;
      const start = await this.#startOnce({ ...request, key }, signal);
      const isLive = "nonce" in start;
      const end = isLive ? await this.#wait(start, tell, signal) : start;
      if (end.verdict === "success") {
        if (!isLive && request.repeatable && !await this.#stands(end, signal)) continue;
        if (told !== end.hash) tell(end.hash, "");
        return end;
      }
      // A transaction that reverted before a restart may be tried again: it changed nothing.
      if (end.verdict === "reverted" && isLive) throw await this.#whyReverted(request, end);
    }
    throw new OutputError("dead", `it failed ${maxAttempts} times`);
  }

  /**
   * Asks the chain, again and again with pauses while the RPC is down.
   * @throws {OutputError} `retry` after `giveUpMs`
   */
  async patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { settings, chainId } = this.deps;
    const until = performance.now() + settings.giveUpMs;
    for (let failures = 0;; failures++) {
      signal.throwIfAborted();
      this.#stop.signal.throwIfAborted();
      try {
        await this.#checkChain();
        return await ask();
      } catch (error) {
        if (!(error instanceof BaseError) || failureOf(error) !== "unreachable") throw error;
        this.#chainChecked = false;
        if (performance.now() > until) {
          throw new OutputError("retry", `chain ${chainId}: ${rpcText(error)}`, { cause: error });
        }
        await this.#pause(this.#backoff(failures), signal);
      }
    }
  }

  /** Whether there is a contract, as it was seconds ago at most. */
  async hasCode(address: Address, signal: AbortSignal): Promise<boolean> {
    let asked = this.#code.get(address);
    if (!asked) {
      // A project's file names the address, and there may be many files.
      if (this.#code.size >= maxCodes) this.#code.clear();
      asked = new Shared(codeMs, async () => {
        const code = await this.deps.client.getCode({ address });
        return code !== undefined && code !== "0x";
      });
      this.#code.set(address, asked);
    }
    const known = asked;
    if (await this.patiently(() => known.get(), signal)) return true;
    known.forget();
    return false;
  }

  /** Waits as long as this sender waits between looks at the chain. */
  nextLook(signal: AbortSignal): Promise<void> {
    return this.#pause(this.deps.settings.pollMs, signal);
  }

  /** Stops at once; what is open goes on with the next sender. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error("the sender was stopped"));
    for (const entry of this.#book.entries.values()) {
      for (const waiter of entry.waiters) waiter.failed(this.#stop.signal.reason);
    }
    // A look that hangs on a dead RPC does no harm when it ends later.
    const late = new Promise<void>((resolve) => setTimeout(resolve, stopMs));
    await Promise.race([this.#running, late]);
  }

  #startOnce(request: SendRequest, signal: AbortSignal): Promise<Entry | Ended> {
    const { key } = request;
    const running = this.#starting.get(key) ??
      this.#start(request, signal).finally(() => this.#starting.delete(key));
    this.#starting.set(key, running);
    return running;
  }

  async #start(request: SendRequest, signal: AbortSignal): Promise<Entry | Ended> {
    const { journal, chainId, signer } = this.deps;
    const { key, projectId, to, data, members } = request;
    const abandoned: Ended = { verdict: "abandoned", hash: "0x", block: 0n };
    let held = this.#book.entries.get(key);
    const stored = held ? undefined : await journal.get(key);
    if (stored && !isAddressEqual(stored.sender, signer.address)) {
      return await this.#takeOver(stored, request, signal);
    }
    if (stored && !isOpen(stored)) return parseSaved(stored.request).outcome ?? abandoned;
    if (stored) held = this.#adopt(entryOf(stored, performance.now()));
    if (held) return held.saved.cancel === "unsent" ? abandoned : held;

    const { address } = signer;
    const [pending, since] = await this.patiently(() => this.#tip.get(), signal);
    const { gas, fees, release } = await this.patiently(
      () => this.#book.budget.quote(projectId, { to, data }, request.gas),
      signal,
    );
    try {
      const batch = members && { members: [...members] };
      const saved = { projectId, to, data, gas, fees, since, cancel: "no" as const, ...batch };
      const intent = { key, chainId, sender: address, request: formatSaved(saved) };
      const entry = await this.#book.gate.together(async () => {
        insistLive(request);
        const reserved = await journal.reserve(intent, Math.max(pending, this.#book.floor));
        return this.#adopt(entryOf(reserved, performance.now()));
      });
      entry.simulatedAt = performance.now();
      return entry;
    } finally {
      release();
    }
  }

  /**
   * Another node's key had begun the call, on the same journal: what landed of it counts, else it is
   * made with this key. Both may land when the other's comes to light later.
   */
  async #takeOver(
    { key, hashes, state, request: text }: JournalEntry,
    request: SendRequest,
    signal: AbortSignal,
  ): Promise<Entry | Ended> {
    const { client, signer, settings } = this.deps;
    const { outcome } = parseSaved(text);
    if (state === "confirmed" && outcome?.verdict === "success") return outcome;
    for (;;) {
      const [receipt, head] = await this.patiently(
        () => Promise.all([findReceipt(client, hashes), client.getBlockNumber({ cacheTime: 0 })]),
        signal,
      );
      if (receipt?.status !== "success" || receipt.to?.toLowerCase() !== request.to.toLowerCase()) {
        return await this.#startOnce({ ...request, key: `${key}@${signer.address}` }, signal);
      }
      const { transactionHash: hash, blockNumber: block } = receipt;
      if (head - block + 1n >= BigInt(settings.confirmations)) {
        return { verdict: "success", hash, block };
      }
      await this.nextLook(signal);
    }
  }

  #adopt(entry: Entry): Entry {
    const known = this.#book.entries.get(entry.key);
    if (known) return known;
    this.#book.entries.set(entry.key, entry);
    this.#running ??= this.#run().finally(() => this.#running = undefined);
    return entry;
  }

  #wait(
    entry: Entry,
    onSent: (hash: Hex, comment: string) => void,
    signal: AbortSignal,
  ): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        entry.waiters.delete(waiter);
        entry.idleSince = performance.now();
        signal.removeEventListener("abort", abort);
      };
      const waiter = {
        sent: onSent,
        ended: (outcome: Ended) => (leave(), resolve(outcome)),
        failed: (error: Error) => (leave(), reject(error)),
      };
      const abort = () => waiter.failed(signal.reason);
      if (signal.aborted || this.#stop.signal.aborted) return abort();
      signal.addEventListener("abort", abort, { once: true });
      entry.waiters.add(waiter);
      const last = entry.hashes.at(-1);
      if (last && entry.pauses === 0) onSent(last, "");
      // One from before a restart is simulated again first, by the watcher.
      if (last || entry.simulatedAt === undefined) return;
      guarded(entry, () => broadcast(this.deps, entry, "")).catch((error) =>
        // The watcher tries again.
        this.deps.log.warn({ key: entry.key }, `could not send yet: ${rpcText(error)}`)
      );
    });
  }

  /** Whether a transaction that had become final is still on the chain. */
  async #stands({ hash }: Ended, signal: AbortSignal): Promise<boolean> {
    const { client } = this.deps;
    return await this.patiently(() => findReceipt(client, [hash]), signal) !== undefined;
  }

  async #whyReverted(request: SendRequest, end: Ended): Promise<RevertedError> {
    try {
      const { client, signer, settings } = this.deps;
      await simulate(client, signer.address, request, settings.maxGas, end.block);
    } catch (error) {
      if (error instanceof RevertedError) return new RevertedError(error.data, end.hash);
      this.deps.log.debug({ hash: end.hash }, `no reason to be had: ${rpcText(error)}`);
    }
    return new RevertedError(undefined, end.hash);
  }

  /** Watches until nothing is open. */
  async #run(): Promise<void> {
    let failures = 0;
    while (this.#book.entries.size > 0 && !this.#stop.signal.aborted) {
      await this.#pause(failures > 0 ? this.#backoff(failures) : this.deps.settings.pollMs);
      if (this.#stop.signal.aborted) return;
      try {
        await this.#checkChain();
        await this.#watcher.look();
        failures = 0;
      } catch (error) {
        this.#chainChecked = false;
        if (failures++ === 0) {
          const text = error instanceof BaseError ? rpcText(error) : errorText(error);
          this.deps.log.warn({ chainId: this.deps.chainId }, `watching transactions: ${text}`);
        }
      }
    }
  }

  /** A wrong endpoint in the configuration must not be believed. */
  async #checkChain(): Promise<void> {
    if (this.#chainChecked) return;
    const { client, chainId } = this.deps;
    const actual = await client.getChainId();
    if (BigInt(actual) !== chainId) {
      throw new OutputError(
        "retry",
        `the RPC configured for chain ${chainId} is of chain ${actual}; correct CHAIN_ENDPOINTS`,
      );
    }
    this.#chainChecked = true;
  }

  #backoff(failures: number): number {
    const { pollMs, maxBackoffMs } = this.deps.settings;
    return Math.min(pollMs * 2 ** Math.min(failures, 16), maxBackoffMs);
  }

  /** Waits, but no longer than until the sender is stopped. */
  #pause(ms: number, signal?: AbortSignal): Promise<void> {
    const ends = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
    return new Promise((resolve) => {
      if (ends.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        ends.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      ends.addEventListener("abort", done);
    });
  }
}

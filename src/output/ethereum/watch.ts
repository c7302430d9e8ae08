import { TransactionNotFoundError, type TransactionReceipt } from "viem";
import { OutputError } from "../output.ts";
import { broadcast, isRejected, type SenderDeps } from "./broadcast.ts";
import { type Budget, today } from "./budget.ts";
import { findConsumer, findReceipt, simulate } from "./chain.ts";
import { type Ended, type Entry, entryOf, formatSaved } from "./entry.ts";
import type { Gate } from "./gate.ts";
import { failureOf, RevertedError, rpcText } from "./errors.ts";
import { cappedFees, priceOf, raisedFees } from "./fees.ts";

/** What a sender shares with its watcher. */
export interface Book {
  readonly deps: SenderDeps;
  readonly budget: Budget;
  readonly entries: Map<string, Entry>;
  /** Nonces are given out together, and given back or filled alone. */
  readonly gate: Gate;
  /** Nonces below it are known to be used. */
  floor: number;
}

/** How far above the next nonce a pool is asked whether it knows a transaction. */
const lookAhead = 16;
/** Entries looked at in parallel. */
const atOnce = 32;
/** How long a simulation is believed, ms. */
const simulationMs = 30_000;

/** Looks at the chain for every open entry, and does what each needs. */
export class Watcher {
  #gapSince: number | undefined;
  /** The next nonce at the last look, and whether it has grown since. */
  #next = 0;
  #moving = false;

  constructor(private readonly book: Book) {}

  /** @throws the first failure, after all entries were looked at */
  async look(): Promise<void> {
    const { deps, entries } = this.book;
    const address = deps.signer.address;
    const [head, next] = await Promise.all([
      deps.client.getBlockNumber({ cacheTime: 0 }),
      deps.client.getTransactionCount({ address, blockTag: "latest" }),
    ]);
    this.#moving = next > this.#next;
    this.#next = next;
    const ordered = [...entries.values()].sort((a, b) => a.nonce - b.nonce);
    let failure: { readonly reason: unknown } | undefined;
    for (let at = 0; at < ordered.length; at += atOnce) {
      const results = await Promise.allSettled(
        ordered.slice(at, at + atOnce).map((entry) =>
          guarded(entry, () => this.#lookAt(entry, head, next))
        ),
      );
      for (const result of results) if (result.status === "rejected") failure ??= result;
    }
    await this.#fillGap(next);
    if (failure) throw failure.reason;
  }

  async #lookAt(entry: Entry, head: bigint, next: number): Promise<void> {
    if (entry.hashes.length === 0) return await this.#notSent(entry, next);
    if (entry.nonce < next || entry.included) {
      const receipt = await findReceipt(this.book.deps.client, entry.hashes);
      if (receipt) return await this.#included(entry, receipt, head);
      if (!entry.included) return await this.#missing(entry, head);
      entry.included = undefined;
      // On the other branch somebody else may have been first.
      entry.simulatedAt = undefined;
      const hash = entry.hashes.at(-1);
      for (const waiter of entry.waiters) {
        if (hash) waiter.sent(hash, "left the chain in a reorganisation, sent again");
      }
      if (entry.nonce < next) return;
    }
    entry.missingSince = undefined;
    await this.#pending(entry, next);
  }

  /** A nonce was taken, and nothing was signed for it yet. */
  async #notSent(entry: Entry, next: number): Promise<void> {
    if (entry.nonce < next) {
      // Somebody else used the key.
      await this.#end(entry, "abandoned", { verdict: "abandoned", hash: "0x", block: 0n });
      return;
    }
    if (performance.now() < entry.notBefore) return;
    if (entry.saved.cancel === "no" && entry.waiters.size === 0) {
      const idle = performance.now() - entry.idleSince;
      if (idle > this.book.deps.settings.orphanMs) await this.#giveUp(entry);
      return;
    }
    if (!await this.#stillGood(entry)) return;
    const fees = cappedFees(await this.book.budget.market(), this.#maxPrice(entry));
    if (fees) entry.saved.fees = fees;
    await broadcast(this.book.deps, entry, "");
  }

  /** It was sent, and is in no block. */
  async #pending(entry: Entry, next: number): Promise<void> {
    const { deps } = this.book;
    if (isRejected(entry) && entry.saved.cancel === "no") return await this.#giveUp(entry);
    if (entry.underpriced) return await this.#bump(entry);
    if (performance.now() < entry.notBefore) return;
    // While the chain moves, those behind the next one are not missed yet.
    const isDue = entry.nonce === next || !this.#moving && entry.nonce < next + lookAhead;
    if (isDue && !await this.#isKnown(entry)) {
      if (!await this.#stillGood(entry) || !await broadcast(deps, entry, undefined)) return;
    }
    const waited = performance.now() - entry.offeredAt;
    if (entry.nonce === next && waited > deps.settings.bumpAfterMs) await this.#bump(entry);
  }

  async #isKnown(entry: Entry): Promise<boolean> {
    const hash = entry.hashes.at(-1);
    if (!hash) return false;
    try {
      await this.book.deps.client.getTransaction({ hash });
      return true;
    } catch (error) {
      if (error instanceof TransactionNotFoundError) return false;
      throw error;
    }
  }

  /** Simulates again before (re)sending; gives the entry up when it would revert by now. */
  async #stillGood(entry: Entry): Promise<boolean> {
    const { saved, simulatedAt } = entry;
    if (saved.cancel !== "no") return true;
    const now = performance.now();
    if (simulatedAt !== undefined && now - simulatedAt < simulationMs) return true;
    const { client, signer } = this.book.deps;
    try {
      await simulate(client, signer.address, saved, saved.gas);
      entry.simulatedAt = now;
      return true;
    } catch (error) {
      if (!(error instanceof RevertedError)) throw error;
      await this.#giveUp(entry);
      return false;
    }
  }

  #maxPrice(entry: Entry): bigint {
    return this.book.budget.maxPrice(entry.saved.gas);
  }

  async #bump(entry: Entry): Promise<void> {
    const { deps, budget } = this.book;
    const market = await budget.market();
    const fees = raisedFees(entry.saved.fees, market.fees, this.#maxPrice(entry));
    entry.offeredAt = performance.now();
    entry.underpriced = false;
    if (!fees) {
      deps.log.warn({ key: entry.key, nonce: entry.nonce }, "stuck, and its fee is at the cap");
      return;
    }
    entry.saved = { ...entry.saved, fees };
    await broadcast(deps, entry, "its fee was raised");
  }

  async #included(entry: Entry, receipt: TransactionReceipt, head: bigint): Promise<void> {
    const { deps, budget } = this.book;
    entry.missingSince = undefined;
    if (entry.included !== receipt.blockHash) budget.paid();
    entry.included = receipt.blockHash;
    const depth = head - receipt.blockNumber + 1n;
    if (depth < BigInt(deps.settings.confirmations)) return;
    if (!entry.accounted) {
      // Some RPCs don't say what was paid for the gas; no more than was offered.
      const price = receipt.effectiveGasPrice as bigint | null ?? priceOf(entry.saved.fees);
      const cost = receipt.gasUsed * price;
      await deps.journal.addSpent(entry.saved.projectId, today(), cost);
      entry.accounted = true;
    }
    const hash = receipt.transactionHash;
    const own = await this.#isOwnCall(entry, receipt);
    const verdict = own ? receipt.status : "replaced" as const;
    const outcome = { verdict, hash, block: receipt.blockNumber };
    await this.#end(entry, own ? "confirmed" : "replaced", outcome);
  }

  /** Whether the included transaction is the call itself, not what was to take its nonce. */
  async #isOwnCall(entry: Entry, receipt: TransactionReceipt): Promise<boolean> {
    const { saved } = entry;
    if (saved.cancel !== "sent") return saved.cancel === "no";
    const tx = await this.book.deps.client.getTransaction({ hash: receipt.transactionHash });
    return tx.to?.toLowerCase() === saved.to.toLowerCase() && tx.input === saved.data;
  }

  /** Its nonce is used, and none of its hashes has a receipt. */
  async #missing(entry: Entry, head: bigint): Promise<void> {
    const { deps } = this.book;
    const now = performance.now();
    // RPCs behind one address may be a block apart: one look proves nothing.
    if (entry.missingSince === undefined) entry.missingSince = now;
    if (now - entry.missingSince < 2 * deps.settings.pollMs) return;
    if (await this.#isKnown(entry)) return await this.#waiting(entry);
    const { saved, nonce } = entry;
    const consumer = await findConsumer(
      deps.client,
      deps.signer.address,
      nonce,
      saved.since,
      head,
    );
    if (!consumer) {
      // Whoever hides what is in the pool says so when it is sent there again.
      const isPooled = await broadcast(deps, entry, undefined);
      if (isPooled || entry.underpriced) return await this.#waiting(entry);
      if (now - entry.missingSince < deps.settings.lostMs) return;
      for (const waiter of entry.waiters) {
        const text = `nonce ${nonce} of ${deps.signer.address} was used by a transaction that ` +
          `this RPC can't show; look whether the call was made before trying again`;
        waiter.failed(new OutputError("dead", text));
      }
      await this.#end(entry, "replaced", { verdict: "replaced", hash: "0x", block: head });
      return;
    }
    if (entry.hashes.includes(consumer.hash)) return;
    if (consumer.to?.toLowerCase() === saved.to.toLowerCase() && consumer.input === saved.data) {
      await deps.journal.update(entry.key, { addHash: consumer.hash });
      entry.hashes.push(consumer.hash);
      return;
    }
    if (head - consumer.block + 1n < BigInt(deps.settings.confirmations)) return;
    deps.log.warn({ nonce, hash: consumer.hash }, "somebody else sends with this node's key");
    const outcome = { verdict: "replaced" as const, hash: consumer.hash, block: consumer.block };
    await this.#end(entry, "replaced", outcome);
  }

  /** It is in the pool of an RPC that counts the pool in each nonce, as IoTeX's does. */
  async #waiting(entry: Entry): Promise<void> {
    const { deps, entries } = this.book;
    entry.missingSince = undefined;
    const isFirst = [...entries.values()].every(({ nonce }) => nonce >= entry.nonce);
    const waited = performance.now() - entry.offeredAt;
    const isStuck = isFirst && waited > deps.settings.bumpAfterMs;
    if (entry.underpriced || isStuck) await this.#bump(entry);
  }

  /** Nobody wants the call any more: its nonce goes back, or is used up when others wait on it. */
  async #giveUp(entry: Entry): Promise<void> {
    const { deps, gate } = this.book;
    const done = await gate.exclusive(async () => {
      const open = await deps.journal.open(deps.chainId, deps.signer.address);
      const stored = open.find((other) => other.key === entry.key);
      for (const hash of stored?.hashes ?? []) {
        if (!entry.hashes.includes(hash)) entry.hashes.push(hash);
      }
      const unsent = entry.hashes.length === 0;
      if (unsent && !open.some((other) => other.nonce > entry.nonce)) {
        await this.#end(entry, "abandoned", { verdict: "abandoned", hash: "0x", block: 0n });
        return true;
      }
      const saved = { ...entry.saved, cancel: unsent ? "unsent" as const : "sent" as const };
      await deps.journal.update(entry.key, { request: formatSaved(saved) });
      entry.saved = saved;
      return false;
    });
    if (done) return;
    deps.log.warn({ key: entry.key, nonce: entry.nonce }, "the call is dropped, its nonce filled");
    if (entry.saved.cancel === "unsent") {
      // It can't land any more, so nobody needs to wait for the nonce.
      for (const waiter of entry.waiters) {
        waiter.ended({ verdict: "abandoned", hash: "0x", block: 0n });
      }
      return;
    }
    await this.#bump(entry);
  }

  async #end(
    entry: Entry,
    state: "confirmed" | "replaced" | "abandoned",
    outcome: Ended,
  ): Promise<void> {
    const { deps, entries } = this.book;
    // The call's data was only kept to sign it again.
    entry.saved = { ...entry.saved, data: "0x", outcome };
    await deps.journal.update(entry.key, { state, request: formatSaved(entry.saved) });
    entries.delete(entry.key);
    if (state !== "abandoned") this.book.floor = Math.max(this.book.floor, entry.nonce + 1);
    for (const waiter of entry.waiters) waiter.ended(outcome);
  }

  /**
   * Uses up nonces that are nobody's and hold up ours, by transfers of nothing. They need no
   * journal: at worst another transaction has the nonce by then.
   */
  async #fillGap(next: number): Promise<void> {
    const { deps, entries, budget, gate } = this.book;
    const { client, signer, settings, chainId, log } = deps;
    const address = signer.address;
    const waiting = [...entries.values()].map((e) => e.nonce).filter((nonce) => nonce >= next);
    const first = Math.min(...waiting);
    const isGap = waiting.length > 0 && first > next &&
      await client.getTransactionCount({ address, blockTag: "pending" }) <= next;
    const now = performance.now();
    this.#gapSince = isGap ? this.#gapSince ?? now : undefined;
    if (this.#gapSince === undefined || now - this.#gapSince < settings.orphanMs) return;
    await gate.exclusive(async () => {
      // What another process left behind is taken up before anything is filled.
      for (const stored of await deps.journal.open(chainId, address)) {
        if (!entries.has(stored.key)) entries.set(stored.key, entryOf(stored, now));
      }
      const held = new Set([...entries.values()].map((e) => e.nonce));
      const { fees } = await budget.market();
      const gas = await client.estimateGas({ account: address, to: address });
      for (let nonce = next; nonce < first && nonce < next + lookAhead; nonce++) {
        if (held.has(nonce)) continue;
        log.warn({ chainId, nonce }, "filling a nonce that is nobody's");
        const transfer = { chainId: Number(chainId), nonce, to: address, value: 0n, gas, ...fees };
        const serializedTransaction = await signer.signTransaction(transfer);
        await client.sendRawTransaction({ serializedTransaction }).catch((error) => {
          // Refused because something has the nonce already, the gap is none.
          if (failureOf(error) === "unreachable") throw error;
          log.debug({ chainId, nonce }, `not filled: ${rpcText(error)}`);
        });
      }
      this.#gapSince = undefined;
    });
  }
}

/** Keeps two from working on one entry at once. */
export async function guarded(entry: Entry, work: () => Promise<unknown>): Promise<void> {
  if (entry.busy) return;
  entry.busy = true;
  try {
    await work();
  } finally {
    entry.busy = false;
  }
}

import { isAddress } from "@solana/kit";
import { Backoff, sleep } from "../../abort.ts";
import type { Intents } from "../../da/da.ts";
import type { Log } from "../../log.ts";
import { insistLive, OutputError } from "../output.ts";
import { type Cluster, genesisOf } from "./clusters.ts";
import { refusalOf, refusalText } from "./errors.ts";
import { Intent, today, type Try } from "./intent.ts";
import { RpcError, SolanaRpc } from "./rpc.ts";
import type { SolanaSettings } from "./settings.ts";
import { StatusBatch } from "./status_batch.ts";
import { type Call, mostBytes, mostUnits, type Payer, type Price } from "./transaction.ts";

export interface SenderDeps {
  readonly cluster: Cluster;
  readonly payer: Payer;
  readonly intents: Intents;
  readonly settings: SolanaSettings;
  readonly log: Log;
}

export interface SendRequest extends Call {
  /** Under whose name the cost is counted. */
  readonly projectId: bigint;
  /** Whether it may still be begun; see `OutputJob.live`. */
  readonly live?: (() => boolean) | undefined;
}

type OnSent = (signature: string, comment: string) => void;

/** A key that is being sent, for all who ask for it. */
interface Running {
  readonly listeners: Set<OnSent>;
  readonly end: Promise<string>;
  newest: string | undefined;
}

/** Whether the chain tells an error; of what went well it is null. */
const isError = (err: unknown): boolean => err !== null && err !== undefined;

function tooLarge({ data: [kind] }: Call, bytes: number): OutputError {
  const size = `a Solana transaction: ${bytes} bytes, of ${mostBytes}`;
  return new OutputError(
    "dead",
    kind === 1
      ? `the public values do not fit ${size}`
      : `the proof does not fit ${size}; prove smaller, or have "light": true in the output`,
  );
}

/** Lamports of one signature. */
const signatureFee = 5_000n;

/**
 * Sends transactions of one account to one cluster, each once. What is signed is kept before it is
 * sent. It is signed anew only when the old one can no longer land: the last block that may have it
 * is final, and the cluster does not know its signature.
 */
export class SolanaSender {
  readonly #rpc: SolanaRpc;
  readonly #running = new Map<string, Running>();
  readonly #statuses: StatusBatch;
  /** The newest answer about what is final, which followers share. */
  #final: { readonly at: number; readonly value: ReturnType<SolanaRpc["finalized"]> } | undefined;
  /** What transactions may cost that are not kept yet, by project. */
  readonly #holds = new Map<bigint, bigint>();
  #clusterChecked = false;

  constructor(private readonly deps: SenderDeps) {
    this.#rpc = new SolanaRpc(deps.cluster.endpoint);
    this.#statuses = new StatusBatch(this.#rpc, deps.settings.pollMs / 20);
  }

  /**
   * Makes the call, or, when the key was sent before, follows that transaction to its end.
   * @returns the signature of the transaction that is final
   * @throws {OutputError}
   */
  async send(request: SendRequest, onSent: OnSent, signal: AbortSignal): Promise<string> {
    const { key } = request;
    const known = this.#running.get(key);
    if (known) {
      if (known.newest !== undefined) onSent(known.newest, "");
      known.listeners.add(onSent);
      return await known.end;
    }
    const listeners = new Set([onSent]);
    const tell: OnSent = (signature, comment) => {
      running.newest = signature;
      for (const listener of listeners) listener(signature, comment);
    };
    const end = this.#run(request, tell, signal).finally(() => this.#running.delete(key));
    const running: Running = { listeners, end, newest: undefined };
    this.#running.set(key, running);
    return await end;
  }

  async #run(request: SendRequest, tell: OnSent, signal: AbortSignal): Promise<string> {
    const { key, projectId } = request;
    let intent = await Intent.read(this.deps.intents, key, projectId);
    const { ended } = intent.saved ?? {};
    if (ended && !ended.failed) return ended.signature;
    // One that failed on the chain changed nothing, and may be tried again.
    if (!intent.saved || ended) {
      intent = await this.#patiently(() => this.#sign(request, intent), signal);
    }
    return await this.#follow(request, intent, tell, signal);
  }

  /** Simulates, signs, and keeps what was signed. */
  async #sign(request: SendRequest, intent: Intent): Promise<Intent> {
    const { payer, intents } = this.deps;
    const { key, projectId } = request;
    await this.#checkCluster();
    const price = await this.#price(request);
    const cost = signatureFee + BigInt(Math.ceil(price.units * price.microLamports / 1e6));
    const release = await this.#hold(projectId, cost);
    try {
      const lifetime = await this.#rpc.latestBlockhash();
      const signed = await payer.sign(request, price, lifetime);
      insistLive(request);
      return await intent.signed({ ...signed, ...lifetime }, cost) ??
        // Another process of the same operator has it.
        await Intent.read(intents, key, projectId);
    } finally {
      release();
    }
  }

  async #price(request: SendRequest): Promise<Price> {
    const { payer, settings } = this.deps;
    for (const account of [request.programId, request.stateAccount]) {
      if (account === undefined || isAddress(account)) continue;
      throw new OutputError("dead", `${account} is no address on Solana`);
    }
    // A program that was given the payer's account could spend it: it has signed.
    if (request.stateAccount === payer.address || request.programId === payer.address) {
      throw new OutputError("dead", `${payer.address} is this node's own; name another account`);
    }
    // What has the data alone too large is not even written out.
    if (request.data.length > mostBytes) throw tooLarge(request, request.data.length);
    const { bytes, wire } = payer.draft(request);
    if (bytes > mostBytes) throw tooLarge(request, bytes);
    const { err, logs, unitsConsumed } = await this.#rpc.simulate(wire);
    if (isError(err)) throw this.#refused(err, logs);
    const roomy = Math.ceil(
      (unitsConsumed ?? mostUnits) * (1 + settings.unitsHeadroomPercent / 100),
    );
    const accounts = [payer.address, ...(request.stateAccount ? [request.stateAccount] : [])];
    // Not every RPC tells them.
    const paid = (await this.#rpc.recentFees(accounts).catch(() => [])).sort((a, b) => a - b);
    // What three of four paid.
    const wanted = paid[Math.floor(paid.length * 3 / 4)] ?? 0;
    return {
      units: Math.min(roomy + 300, mostUnits),
      microLamports: Math.min(wanted, settings.maxPriorityFee),
    };
  }

  #refused(err: unknown, logs: readonly string[] | null | undefined): OutputError {
    const { payer, cluster } = this.deps;
    switch (refusalOf(err)) {
      case "funds":
        return new OutputError(
          "retry",
          `out of funds: send ${payer.address} on ${cluster.name} some SOL (${
            refusalText(err, [])
          })`,
        );
      case "passing":
        return new OutputError(
          "retry",
          `the cluster does not take it now: ${refusalText(err, [])}`,
        );
      case "program":
        return new OutputError("dead", `the program refuses it: ${refusalText(err, logs)}`);
    }
  }

  /** Sets a cost aside until it is counted. @throws {OutputError} when the day's limit forbids it */
  async #hold(projectId: bigint, cost: bigint): Promise<() => void> {
    const { intents, settings: { maxLamportsPerDay } } = this.deps;
    // Held before it is asked what was spent, so that what is kept meanwhile counts in either.
    const held = (this.#holds.get(projectId) ?? 0n) + cost;
    this.#holds.set(projectId, held);
    const release = () => {
      const rest = (this.#holds.get(projectId) ?? 0n) - cost;
      if (rest > 0n) this.#holds.set(projectId, rest);
      else this.#holds.delete(projectId);
    };
    try {
      if (await intents.spent(projectId, today()) + held <= maxLamportsPerDay) return release;
    } catch (error) {
      release();
      throw error;
    }
    release();
    throw new OutputError(
      "retry",
      `project ${projectId} has used up its lamports for today (${maxLamportsPerDay}, ` +
        `SOLANA_LIMIT_PER_DAY)`,
    );
  }

  /** Sends and looks until a transaction of the intent is final. */
  async #follow(
    request: SendRequest,
    first: Intent,
    tell: OnSent,
    signal: AbortSignal,
  ): Promise<string> {
    const { settings, cluster, log } = this.deps;
    const backoff = new Backoff(settings.pollMs, settings.maxBackoffMs);
    let intent = first;
    let sentAt: number | undefined;
    let included = false;
    /** Looks in a row that found that the newest can no longer land. */
    let lost = 0;
    let anew = 0;
    let failingSince: number | undefined;
    let trouble = "";
    const last = () => intent.saved?.tries.at(-1) as Try;
    tell(last().signature, "");
    for (;;) {
      let pause = settings.pollMs;
      try {
        await this.#checkCluster();
        const look = await this.#look(intent);
        if (look.final) return await this.#end(intent, look.final);
        if (included && !look.included) {
          tell(last().signature, "left the chain with its fork, sent again");
          sentAt = undefined;
        }
        included = look.included;
        lost = look.lost ? lost + 1 : 0;
        if (lost > 1) {
          await this.#insistKnown(last());
          if (anew++ === settings.mostAnew) throw this.#untaken(anew, trouble);
          intent = await this.#sign(request, intent);
          lost = 0;
          trouble = "";
          sentAt = undefined;
          tell(last().signature, "its blockhash had expired, signed anew");
        }
        const now = performance.now();
        const due = sentAt === undefined || now - sentAt >= settings.resendMs;
        if (!included && !look.lost && due) {
          sentAt = now;
          await this.#rpc.send(last().wire);
        }
        backoff.reset();
        failingSince = undefined;
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        this.#clusterChecked = false;
        pause = backoff.next();
        const now = performance.now();
        failingSince ??= now;
        trouble = error.message;
        if (now - failingSince > settings.giveUpOpenMs) {
          throw new OutputError("retry", `${cluster.name}: ${error.message}`, { cause: error });
        }
        log.debug({ key: request.key }, `following a transaction: ${error.message}`);
      }
      await sleep(pause, signal);
      signal.throwIfAborted();
    }
  }

  async #look(intent: Intent): Promise<{
    readonly final?: { readonly signature: string; readonly err: unknown };
    readonly included: boolean;
    readonly lost: boolean;
  }> {
    const tries = intent.saved?.tries ?? [];
    // In this order: what is final by now, a status asked for later must have.
    const final = await this.#finalized();
    const { slot, value } = await this.#statuses.ask(tries.map(({ signature }) => signature));
    if (value.length !== tries.length) throw new RpcError("the RPC answers with other statuses");
    const finals = tries.flatMap(({ signature }, at) => {
      const status = value[at];
      return status?.confirmationStatus === "finalized" ? [{ signature, err: status.err }] : [];
    });
    const ended = finals.find(({ err }) => !isError(err)) ?? finals[0];
    if (ended) return { final: ended, included: true, lost: false };
    const included = value.some((status) => status !== null);
    const isLate = final.blockHeight > (tries.at(-1) as Try).lastValidBlockHeight;
    // A node that lags behind the one that was asked before knows less.
    const lost = isLate && !included && slot >= final.absoluteSlot;
    return { included, lost };
  }

  /** A node that forgot the blocks which may have a transaction can't tell that none has it. */
  async #insistKnown({ signature, slot }: Try): Promise<void> {
    if (await this.#rpc.firstSlot() <= slot) return;
    throw new OutputError(
      "dead",
      `this RPC no longer knows what became of ${signature}; look whether it landed before trying ` +
        `again, and name one with a longer history in SOLANA_ENDPOINTS`,
    );
  }

  #untaken(transactions: number, trouble: string): OutputError {
    const { cluster, settings: { maxPriorityFee } } = this.deps;
    const hint = trouble || `is SOLANA_PRIORITY_FEE (${maxPriorityFee}) too low?`;
    return new OutputError(
      "retry",
      `${cluster.name} took none of ${transactions} transactions in a row: ${hint}`,
    );
  }

  #finalized(): ReturnType<SolanaRpc["finalized"]> {
    const now = performance.now();
    if (this.#final && now - this.#final.at < this.deps.settings.pollMs) return this.#final.value;
    const value = this.#rpc.finalized();
    this.#final = { at: now, value };
    value.catch(() => this.#final = undefined);
    return value;
  }

  async #end(intent: Intent, final: { signature: string; err: unknown }): Promise<string> {
    const { signature, err } = final;
    const failed = isError(err);
    await intent.ended(signature, failed);
    if (!failed) return signature;
    const logs = await this.#rpc.logs(signature).catch(() => []);
    throw new OutputError(
      "dead",
      `the transaction ${signature} failed: ${refusalText(err, logs)}`,
    );
  }

  /** A wrong endpoint in the configuration must not be believed. */
  async #checkCluster(): Promise<void> {
    if (this.#clusterChecked) return;
    const { name } = this.deps.cluster;
    const actual = await this.#rpc.genesisHash();
    if (actual !== genesisOf(name)) {
      throw new OutputError(
        "retry",
        `the RPC configured for ${name} is of another cluster; correct SOLANA_ENDPOINTS`,
      );
    }
    this.#clusterChecked = true;
  }

  /** Again and again with pauses while the RPC is down. */
  async #patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { settings: { pollMs, maxBackoffMs, giveUpMs }, cluster } = this.deps;
    const backoff = new Backoff(pollMs, maxBackoffMs);
    const until = performance.now() + giveUpMs;
    for (;;) {
      signal.throwIfAborted();
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        this.#clusterChecked = false;
        if (performance.now() > until) {
          throw new OutputError("retry", `${cluster.name}: ${error.message}`, { cause: error });
        }
      }
      await sleep(backoff.next(), signal);
    }
  }
}

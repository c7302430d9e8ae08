/**
 * What this znode signs can cost its stake, whoever it comes from: two receipts of one lease with
 * different public values, and a receipt that the verifier which it named refuses. Here it makes
 * sure that it signs neither, whatever an enode or a project's owner does.
 */
import { type Address, zeroAddress } from "viem";
import type { Receipt } from "../../runtimes/runtime.ts";
import { abortable, Backoff, sleep } from "../abort.ts";
import type { OwnLease, OwnStatements } from "../da/own_statements.ts";
import { keccakHex } from "../keccak.ts";
import { errorText, type Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { seedBlockOf, type WireBody } from "../protocol/index.ts";

/** What a stake is at risk for. */
export interface Stake {
  /** What was signed before. */
  readonly statements: OwnStatements;
  /**
   * Why a verifier on the chain does not take a receipt; undefined when it does.
   * @throws when the chain can't be asked
   */
  readonly whyRefused: (verifier: Address, receipt: Receipt) => Promise<string | undefined>;
}

export interface LiabilityDeps {
  /** Undefined without a chain: there is nothing to lose. */
  readonly stake: Stake | undefined;
  /** The registered on-chain verifier; the zero address without a chain. */
  readonly verifierOf: (projectId: bigint, programId: Receipt["programId"]) => Promise<Address>;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "refused">;
}

/** A receipt that this znode does not stand by. */
export class NotSignedError extends Error {
  override readonly name = "NotSignedError";
}

/** Between questions to a chain that does not answer, ms. */
const pauses = { first: 500, last: 15_000 } as const;

type Lease = WireBody<"lease">;

export class Liability {
  constructor(private readonly deps: LiabilityDeps) {}

  /** Whether what was signed about such a task may be forgotten, so that it can't be taken. */
  forgot(lease: Lease): boolean {
    return this.deps.stake?.statements.forgot(own(lease)) ?? false;
  }

  /**
   * The verifier to name when a lease is accepted: always the same.
   * @throws when the chain or the disk can't be asked, or the task was forgotten
   */
  async accept(lease: Lease): Promise<Address> {
    const { stake, verifierOf } = this.deps;
    const { projectId, programId } = lease.task;
    const known = stake?.statements.named(own(lease));
    const verifier = known ?? await verifierOf(projectId, programId);
    if (!stake) return verifier;
    const named = await stake.statements.accept(own(lease), verifier);
    if (named === undefined) throw new Error("what was signed about the task is forgotten");
    return named;
  }

  /**
   * Resolves when the receipt may be signed under the lease: its verifier takes exactly these bytes,
   * and no other public values were stood by. While the chain can't be asked, it waits.
   *
   * @throws {NotSignedError}
   * @throws the signal's reason when it aborts meanwhile
   */
  async claim(
    lease: Lease,
    verifier: Address,
    receipt: Receipt,
    signal: AbortSignal,
  ): Promise<void> {
    const { stake } = this.deps;
    if (!stake) return;
    const refused = verifier === zeroAddress
      ? undefined
      : await this.#ask(stake, lease, verifier, receipt, signal);
    if (refused !== undefined) throw this.#not("verifier", refused);
    if (!await stake.statements.claim(own(lease), keccakHex(receipt.publicValues))) {
      throw this.#not("equivocation", "other public values were signed under this lease before");
    }
  }

  async #ask(
    { whyRefused }: Stake,
    { taskId }: Lease,
    verifier: Address,
    receipt: Receipt,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const backoff = new Backoff(pauses.first, pauses.last);
    for (;;) {
      try {
        return await abortable(whyRefused(verifier, receipt), signal);
      } catch (error) {
        signal.throwIfAborted();
        this.deps.log.warn({ task: taskId }, `a receipt waits to be signed: ${errorText(error)}`);
      }
      await sleep(backoff.next(), signal);
      signal.throwIfAborted();
    }
  }

  #not(kind: string, reason: string): NotSignedError {
    this.deps.metrics.refused.inc({ kind });
    return new NotSignedError(`not signed: ${reason}`);
  }
}

function own({ taskId, epoch, task }: Lease): OwnLease {
  const height = seedBlockOf(task) ?? 0n;
  return { taskId, epoch, height: height > Number.MAX_SAFE_INTEGER ? 0n : height };
}

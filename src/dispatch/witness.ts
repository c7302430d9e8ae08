/**
 * What znodes signed about one task: handed on to be stored with what it led to, and held against
 * what they signed before (DESIGN R5 says who is heard at all).
 */
import type { Address } from "viem";
import type { Receipt } from "../../runtimes/runtime.ts";
import type { StatementRecord } from "../da/da.ts";
import { bytesToHex } from "../hex.ts";
import { errorText } from "../log.ts";
import {
  type Acceptance,
  checkFault,
  type Fault,
  faultOf,
  limits,
  mostProof,
  type ReceiptClaim,
  type Signed,
  type StatementKind,
} from "../protocol/index.ts";
import { type Desk, insist, keyOf } from "./desk.ts";
import type { State } from "./state.ts";

/** Times that the database is asked while it is away. */
const tries = 20;

export class Witness {
  readonly #acceptances = new Map<string, Signed<Acceptance>>();
  /** The first claim of each lease. */
  readonly #claims = new Map<string, Signed<ReceiptClaim>>();
  /** Claims that are not known to be the first ones stored. */
  readonly #unsaved = new Set<string>();
  /** Of claims that were not the first of their lease here. */
  readonly #others = new Map<string, Signed<ReceiptClaim>>();
  readonly #faulted = new Set<string>();

  constructor(private readonly desk: Desk) {}

  /** The first acceptance of a lease counts: another must not take its verifier's place. */
  accepted(signed: Signed<Acceptance>): void {
    const key = nameOf(signed);
    if (!this.#acceptances.has(key)) this.#acceptances.set(key, signed);
  }

  acceptance(prover: Address, epoch: number): Signed<Acceptance> | undefined {
    return this.#acceptances.get(keyOf(prover, epoch));
  }

  claimed(signed: Signed<ReceiptClaim>): void {
    if (!this.desk.deps.evidence) return;
    const key = nameOf(signed);
    const first = this.#claims.get(key);
    if (!first) {
      this.#claims.set(key, signed);
      this.#unsaved.add(key);
    } else if (differs(first, signed)) this.#others.set(key, signed);
  }

  /** What is to be stored with a state in which these leases were taken, and these receipts judged. */
  records(taken: readonly string[], judged: readonly string[]): StatementRecord[] {
    if (!this.desk.deps.evidence) return [];
    const list = <K extends StatementKind>(kind: K, keys: readonly string[], from: unknown) =>
      keys.flatMap((key) => {
        const signed = (from as Map<string, StatementRecord["signed"]>).get(key);
        return signed ? [{ kind, signed } as StatementRecord] : [];
      });
    return [
      ...list("acceptance", taken, this.#acceptances),
      ...list("claim", judged, this.#claims),
    ];
  }

  /** After a turn: those were stored; the rest is dropped, or held against what was stored before. */
  settle(state: State, judged: readonly string[]): void {
    for (const key of judged) this.#unsaved.delete(key);
    const taken = new Set(
      [...state.leases.filter((l) => l.stage === "leased"), ...state.past]
        .map((l) => keyOf(l.prover, l.epoch)),
    );
    const checked = new Set(state.checks.map((c) => keyOf(c.prover, c.epoch)));
    for (const key of this.#acceptances.keys()) {
      if (!taken.has(key)) this.#acceptances.delete(key);
    }
    for (const [key, claim] of this.#claims) {
      if (!taken.has(key)) {
        this.#claims.delete(key);
        this.#unsaved.delete(key);
        this.#others.delete(key);
        continue;
      }
      const other = this.#others.get(key);
      this.#others.delete(key);
      if (other) this.#run(claim, () => this.#equivocated(claim, other));
      if (!this.#unsaved.has(key) || checked.has(key)) continue;
      this.#unsaved.delete(key);
      this.#run(claim, () => this.#compare(claim));
    }
  }

  /** A receipt of a lease was judged invalid by this node's own verifier. */
  async invalid(prover: Address, epoch: number, receipt: Receipt): Promise<void> {
    const { evidence, network } = this.desk.deps;
    const key = keyOf(prover, epoch);
    const claim = this.#claims.get(key);
    // What no contract can check is not offered to one.
    const checkable = receipt.vmType !== "zkwasm" && receipt.proof.length <= mostProof &&
      receipt.publicValues.length <= limits.publicValues;
    if (!evidence || !claim || !checkable) return;
    const acceptance = this.#acceptances.get(key) ??
      await insist(this.desk, () => evidence.find("acceptance", claim.statement), tries);
    if (!acceptance || BigInt(acceptance.statement.verifier) === 0n) return;
    await this.#store({
      kind: "invalid-proof",
      chainId: network.chainId,
      router: network.router,
      acceptance,
      claim,
      publicValues: bytesToHex(receipt.publicValues),
      proof: bytesToHex(receipt.proof),
    });
  }

  /** A claim that led to nothing here: another may have been stored for the lease. */
  async #compare(claim: Signed<ReceiptClaim>): Promise<void> {
    const { evidence } = this.desk.deps;
    if (!evidence) return;
    const first = await insist(this.desk, () => evidence.first("claim", claim), tries);
    if (!first) return;
    this.#claims.set(nameOf(first), first);
    if (differs(first, claim)) await this.#equivocated(first, claim);
  }

  async #equivocated(a: Signed<ReceiptClaim>, b: Signed<ReceiptClaim>): Promise<void> {
    const key = nameOf(a);
    if (this.#faulted.has(key)) return;
    this.#faulted.add(key);
    this.desk.standing.charge(a.statement.prover, "different results signed for one lease");
    const { chainId, router } = this.desk.deps.network;
    await this.#store({ kind: "equivocation", chainId, router, claims: [a, b] });
  }

  async #store(fault: Fault): Promise<void> {
    const { deps } = this.desk;
    const { evidence } = deps;
    checkFault(fault);
    if (!evidence || !await insist(this.desk, () => evidence.add(fault), tries)) return;
    const { taskId, epoch, prover } = faultOf(fault);
    const fields = { task: taskId, epoch: Number(epoch), prover };
    deps.log.warn(fields, `a fault of a znode can be proved: ${fault.kind}`);
    deps.metrics?.faults.inc({ kind: fault.kind });
  }

  #run({ statement: { taskId: task } }: Signed<ReceiptClaim>, work: () => Promise<void>): void {
    void work().catch((error) => {
      if (this.desk.signal.aborted) return;
      this.desk.deps.log.warn({ task }, `evidence was not kept: ${errorText(error)}`);
    });
  }
}

const nameOf = ({ statement: { prover, epoch } }: Signed<Acceptance | ReceiptClaim>): string =>
  keyOf(prover, Number(epoch));

/** Another proof of the same public values is no fault. */
const differs = (a: Signed<ReceiptClaim>, b: Signed<ReceiptClaim>): boolean =>
  a.statement.publicValuesHash !== b.statement.publicValuesHash;

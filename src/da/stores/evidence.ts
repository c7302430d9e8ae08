/** What znodes signed, and what of it is wrong. */
import type { Address } from "viem";
import type { Fault, FaultKind } from "../../protocol/fault.ts";
import type { Stated, StatedUnder, StatementKind } from "../../protocol/signed_bytes.ts";
import type { Signed } from "../../protocol/wire.ts";

export interface StoredFault {
  readonly id: bigint;
  /** Milliseconds since 1970, by the database's clock. */
  readonly at: number;
  readonly fault: Fault;
}

/** What znodes signed, and what of it is wrong. */
export interface EvidenceStore {
  /**
   * Stores a statement, unless there is one of its kind, lease and prover: that one is answered.
   * Of a task that is not here, nothing is stored.
   */
  first<K extends StatementKind>(
    kind: K,
    signed: Signed<Stated[K]>,
  ): Promise<Signed<Stated[K]> | undefined>;
  find<K extends StatementKind>(
    kind: K,
    under: StatedUnder,
  ): Promise<Signed<Stated[K]> | undefined>;
  /** False when one of this kind, lease and prover is stored, or too many are. */
  add(fault: Fault): Promise<boolean>;
  /** Newest first, from before the id `before`. */
  list(
    page: { readonly prover?: Address; readonly before?: bigint; readonly limit: number },
  ): Promise<StoredFault[]>;
  get(id: bigint): Promise<StoredFault | undefined>;
  /** Those of after `since`, ms by the database's clock; oldest first. */
  recent(
    since: number,
  ): Promise<{ readonly prover: Address; readonly kind: FaultKind; readonly at: number }[]>;
}

/** Faults that are to be reported: each enode of a database sees those of all. */
export interface ReportStore {
  /** One that is due, to this caller alone for `holdMs`; `report`: what became of it so far. */
  due(holdMs: number): Promise<StoredFault & { readonly report: string } | undefined>;
  /** Keeps others from it for longer. */
  hold(id: bigint, ms: number): Promise<void>;
  /** Looked at again later: after `firstMs`, and twice that each further time, `mostMs` at most. */
  putOff(
    id: bigint,
    pause: { readonly firstMs: number; readonly mostMs: number },
    reason: string,
  ): Promise<void>;
  end(id: bigint, outcome: string): Promise<void>;
}

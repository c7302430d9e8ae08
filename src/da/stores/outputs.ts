/** The output module's memory. */
import type { Address, Hex } from "viem";

/** A transaction this node intends to send or has sent. */
export interface JournalEntry {
  /** Idempotency key: `<taskId>/<output index>`. */
  readonly key: string;
  readonly chainId: bigint;
  readonly sender: Address;
  readonly nonce: number;
  readonly state: "intended" | "sent" | "confirmed" | "replaced" | "abandoned";
  /** JSON of the request: to, data, value, gas; never a key. */
  readonly request: string;
  /** Every hash under which it was broadcast, newest last. */
  readonly hashes: readonly Hex[];
  readonly updatedAt: number;
}

/** The output module's memory: what makes sending survive a restart (DESIGN R2). */
export interface Journal {
  get(key: string): Promise<JournalEntry | undefined>;
  /**
   * Gives the key a nonce, in one transaction: the smallest that is ≥ `chainNonce` and not taken
   * by a live entry of (chain, sender). A key that has an entry keeps it.
   */
  reserve(
    entry: Pick<JournalEntry, "key" | "chainId" | "sender" | "request">,
    chainNonce: number,
  ): Promise<JournalEntry>;
  update(
    key: string,
    change: { state?: JournalEntry["state"]; addHash?: Hex; request?: string },
  ): Promise<void>;
  /** Entries that are not finished, oldest nonce first. */
  open(chainId: bigint, sender: Address): Promise<JournalEntry[]>;
  /** Gas spent under a project's name on a day (UTC `YYYY-MM-DD`), in wei. */
  spent(projectId: bigint, day: string): Promise<bigint>;
  addSpent(projectId: bigint, day: string, wei: bigint): Promise<void>;
}

/** An intent to send something to a chain without nonces. */
export interface NewIntent {
  /** Idempotency key: `<taskId>/<output index>`. */
  readonly key: string;
  readonly projectId: bigint;
  /** JSON; never a key. */
  readonly intent: string;
  /** What this try may cost, in the chain's smallest unit; counted to `day` (UTC `YYYY-MM-DD`). */
  readonly cost?: bigint;
  readonly day: string;
}

/** What was signed before it was sent, so that nothing is sent twice (DESIGN R2). */
export interface Intents {
  get(key: string): Promise<string | undefined>;
  /**
   * Replaces what `get` gave.
   * @returns false when another process replaced it first
   */
  save(intent: NewIntent, previous: string | undefined): Promise<boolean>;
  /** What a project may have cost on a day. */
  spent(projectId: bigint, day: string): Promise<bigint>;
}

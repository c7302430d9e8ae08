import type { Address, Hex } from "viem";
import { z } from "zod";
import type { JournalEntry } from "../../da/da.ts";
import { address, hex, uint256 as wei } from "../../protocol/schema.ts";

const fees = z.discriminatedUnion("type", [
  z.object({ type: z.literal("eip1559"), maxFeePerGas: wei, maxPriorityFeePerGas: wei }),
  z.object({ type: z.literal("legacy"), gasPrice: wei }),
]);
const verdict = z.enum(["success", "reverted", "replaced", "abandoned"]);

/** `JournalEntry.request`, as JSON. Complete: a transaction can be signed again from it alone. */
const savedSchema = z.object({
  projectId: wei,
  to: address,
  data: hex,
  gas: wei,
  fees,
  /** The chain's head when the nonce was taken. */
  since: wei,
  /** Keys of the tasks' outputs of which it is a batch. */
  members: z.array(z.string()).optional(),
  /**
   * Whether the nonce is only to be used up, by a transfer of nothing to the sender; if so,
   * whether the call itself may have left before that.
   */
  cancel: z.enum(["no", "unsent", "sent"]),
  /** How it ended, once that is final. */
  outcome: z.object({ verdict, hash: hex, block: wei }).optional(),
});
export type Saved = z.output<typeof savedSchema>;
export type Ended = NonNullable<Saved["outcome"]>;

export function parseSaved(text: string): Saved {
  return savedSchema.parse(JSON.parse(text));
}

export function formatSaved(saved: Saved): string {
  return JSON.stringify(saved, (_, value) => typeof value === "bigint" ? String(value) : value);
}

/** Who waits for an entry's end. */
export interface Waiter {
  sent(hash: Hex, comment: string): void;
  ended(outcome: Ended): void;
  failed(error: Error): void;
}

/** A journal entry that is not finished, as the sender drives it. */
export interface Entry {
  readonly key: string;
  readonly nonce: number;
  saved: Saved;
  readonly hashes: Hex[];
  readonly waiters: Set<Waiter>;
  /** Since when nobody waits for it. */
  idleSince: number;
  /** When its present fees were first offered. */
  offeredAt: number;
  /** The last hash that an RPC took. */
  taken: Hex | undefined;
  /** Not to be broadcast again before; grows with `pauses`. */
  notBefore: number;
  pauses: number;
  /** An RPC found its fees too low. */
  underpriced: boolean;
  /** How often in a row an RPC refused it for good. */
  rejections: number;
  /** The block that holds it, while it is not final. */
  included: Hex | undefined;
  /** Since when its nonce is used and none of its hashes is found. */
  missingSince: number | undefined;
  /** When its simulation last held; undefined: it must be simulated before it is sent. */
  simulatedAt: number | undefined;
  /** Its gas is counted among the project's. */
  accounted: boolean;
  /** Something is being done with it. */
  busy: boolean;
}

export function entryOf(stored: JournalEntry, now: number): Entry {
  return {
    key: stored.key,
    nonce: stored.nonce,
    saved: parseSaved(stored.request),
    hashes: [...stored.hashes],
    waiters: new Set(),
    idleSince: now,
    offeredAt: now,
    taken: undefined,
    notBefore: 0,
    pauses: 0,
    underpriced: false,
    rejections: 0,
    included: undefined,
    missingSince: undefined,
    simulatedAt: undefined,
    accounted: false,
    busy: false,
  };
}

export function isOpen(stored: JournalEntry): boolean {
  return stored.state === "intended" || stored.state === "sent";
}

/** What the transaction may cost at most, wei. */
export function costOf(saved: Pick<Saved, "gas" | "fees">): bigint {
  const { gas, fees } = saved;
  return gas * (fees.type === "legacy" ? fees.gasPrice : fees.maxFeePerGas);
}

/** A contract call that a sender is asked to make; its value is always 0. */
export interface SendRequest {
  /** Idempotency key: the same key is sent once. */
  readonly key: string;
  /** Under whose name the gas is counted. */
  readonly projectId: bigint;
  readonly to: Address;
  readonly data: Hex;
  /** What it needs; estimated when left out. */
  readonly gas?: bigint;
  /** Keys of what it does together. */
  readonly members?: readonly string[];
  /** Made twice it does no harm: made once more when it left the chain after it was final. */
  readonly repeatable?: boolean;
  /** Whether it may still be begun; see `OutputJob.live`. */
  readonly live?: (() => boolean) | undefined;
}

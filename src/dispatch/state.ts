/** What a task's machine remembers, hears and asks for. All times are ms by the database's clock. */
import type { Address } from "viem";
import { z } from "zod";
import { type NewStateEntry, taskPhases } from "../da/da.ts";
import { address } from "../protocol/schema.ts";

const count = z.number().int().nonnegative();
const time = z.number().nonnegative();

/** Fixed when dispatch first touches a task, so that a project's update does not reach it (R10). */
export const rulesSchema = z.object({
  /** Znodes that may prove at once. */
  redundancy: count.min(1),
  /** Leases that may end without a result, for each of `redundancy`. */
  attempts: count.min(1),
  /** How long an offered lease waits for its acceptance. */
  acceptMs: time,
  /** How long a lease lasts without a heartbeat. */
  leaseMs: time,
  /** Most time one proof may take. */
  timeoutMs: time,
  /** Most time the check of a receipt may take. */
  checkMs: time,
  /** How long znodes have to reconnect, and show life, when another process takes over. */
  graceMs: time,
  /** First pause after a lease or a grant that ended without a result; doubles. */
  backoffMs: time,
  backoffCapMs: time,
  /** Until the first report of a granted output. */
  grantMs: time,
  /** Until the next report of a sent output. */
  sentMs: time,
  /** Grants of one output, ≥ 1. */
  outputAttempts: count.min(1),
  outputBackoffCapMs: time,
  /** Until an output that was too early for the router is granted again. */
  earlyMs: time.default(10_000),
  outputs: z.array(z.object({
    /** The output's type, for people. */
    name: z.string(),
    /** What it takes places of, beside others of it; left out: its type's. */
    lane: z.string().optional(),
    /** `enode`: only this enode's own key may do it. */
    where: z.enum(["enode", "znode"]),
    /** Whether an unverifiable result may not go there (R3). */
    verifiedOnly: z.boolean(),
    /** Whether it goes without its proof, once the router has accepted the task. */
    afterRouter: z.boolean().optional(),
    /** Why this output can never be done, known beforehand. */
    barred: z.string().optional(),
  })),
});
export type Rules = z.infer<typeof rulesSchema>;

/** Who may output: a znode, or this enode itself. */
export const self = "enode";
const holder = z.union([z.literal(self), address]);
export type Holder = Address | typeof self;

const leaseSchema = z.object({
  prover: address,
  epoch: count,
  /** An offer is nothing until it is accepted; only then may it cost an attempt. */
  stage: z.enum(["offered", "leased"]),
  /** Whether a heartbeat showed that the payload arrived. */
  started: z.boolean(),
  until: time,
  /** No heartbeat renews the lease beyond it. */
  deadline: time,
  /** The enode was restarted meanwhile: silence since then is not the znode's fault. */
  excused: z.boolean(),
});
export type Lease = z.infer<typeof leaseSchema>;

const outputSchema = z.object({
  /** `waiting`: nobody holds a grant. */
  state: z.enum(["waiting", "granted", "sent", "confirmed", "dead"]),
  /** Grants so far. */
  attempt: count,
  /** Those of them that a manual retry let pass: they don't count against `outputAttempts`. */
  pardoned: count.default(0),
  /** Every grant there was, oldest first. */
  grants: z.array(z.object({ epoch: count, holder })),
  /** The grant that is listened to; null while waiting. */
  current: z.object({ epoch: count, holder }).nullable(),
  until: time,
  notBefore: time,
  /** Why the last attempt ended without a result. */
  reason: z.string().default(""),
  reference: z.string(),
});
export type Output = z.infer<typeof outputSchema>;

export const stateSchema = z.object({
  v: z.literal(1),
  rules: rulesSchema,
  phase: z.enum(taskPhases),
  /** Names the process that drives the task. */
  run: z.string(),
  /** The last epoch given; leases and grants share the count. */
  epoch: count,
  /** Leases that ended without a result. */
  attempts: count,
  /** No new lease before. */
  notBefore: time,
  /** Why the last attempt ended. */
  reason: z.string(),
  leases: z.array(leaseSchema),
  /** Receipts whose check is under way. */
  checks: z.array(z.object({ prover: address, epoch: count, until: time })),
  /** Accepted leases that ended; `spent` when a receipt of theirs was judged. */
  past: z.array(z.object({ prover: address, epoch: count, spent: z.boolean() })),
  /** Znodes that refused or ignored an offer, and until when they are left alone. */
  cool: z.array(z.object({
    prover: address,
    until: time,
    strikes: count,
    /** Why it refused the task for good; "" when it did not. */
    refusal: z.string().default(""),
  })),
  winner: z.object({ prover: address, epoch: count, verdict: z.enum(["valid", "unverifiable"]) })
    .nullable(),
  outputs: z.array(outputSchema),
});
export type State = z.infer<typeof stateSchema>;

/** What happened, and when. */
export type Event = { readonly at: number } & EventBody;

/** One member of the union for each kind, so that a kind picks its member. */
type On<K extends string, Body = unknown> = K extends string ? { readonly kind: K } & Body : never;

interface FromLease {
  readonly prover: Address;
  readonly epoch: number;
}
interface Refusal extends FromLease {
  readonly retryable: boolean;
  readonly reason: string;
}
export interface Report {
  readonly output: number;
  readonly holder: Holder;
  readonly epoch: number;
  readonly state: "sent" | "confirmed" | "early" | "retry" | "dead";
  readonly reference: string;
  readonly comment: string;
}
interface Judged extends FromLease {
  readonly verdict: "valid" | "unverifiable" | "invalid";
  /** Why it is invalid. */
  readonly reason: string;
}

export type EventBody =
  | On<"tick">
  /** Another process took over: links, offers and checks of the last one are gone. */
  | On<"resume", { readonly run: string }>
  /** A znode was chosen for the proof. */
  | On<"assign", { readonly prover: Address }>
  | On<"accept" | "progress" | "receipt", FromLease>
  /** An offer was not taken; a lease was given up. */
  | On<"refuse" | "failure", Refusal>
  /** The check of a receipt ended. */
  | On<"verdict", Judged>
  /** The enode itself sees that no attempt can succeed. */
  | On<"abort", { readonly reason: string }>
  | On<"gone", { readonly prover: Address }>
  /** A holder's link began, or what it was sent may be lost. */
  | On<"linked", { readonly holder: Holder }>
  /** A holder was chosen for an output. */
  | On<"grant", { readonly output: number; readonly holder: Holder }>
  | On<"report", Report>
  /** The router has not, or no longer, what was confirmed: the chain reorganised. */
  | On<"lost">
  /** A person has a dead output tried again, or all of them. */
  | On<"retry", { readonly output: number | undefined; readonly by: string }>;
export type EventOf<K extends EventBody["kind"]> = Extract<EventBody, { readonly kind: K }>;

/** What must be done, after the state was saved where the step is durable. */
export type Action =
  | {
    readonly kind: "lease" | "payload" | "verify";
    readonly prover: Address;
    readonly epoch: number;
  }
  /** The holder's lease or grant of that epoch is over. */
  | { readonly kind: "cancel"; readonly holder: Holder; readonly epoch: number }
  | {
    readonly kind: "grant";
    readonly output: number;
    readonly holder: Holder;
    readonly epoch: number;
  };

export interface OutputEntry {
  readonly index: number;
  readonly attempt: number;
  readonly state: string;
  readonly reference: string;
  readonly by: string;
  /** Why. */
  readonly comment: string;
}

export interface Step {
  readonly state: State;
  readonly actions: readonly Action[];
  /** Whether the state must be saved before the actions are done. */
  readonly durable: boolean;
  readonly log: readonly NewStateEntry[];
  readonly outputs: readonly OutputEntry[];
  /** Whose receipt must be stored with this state. */
  readonly accepted:
    | { readonly prover: Address; readonly verdict: "valid" | "unverifiable" }
    | undefined;
}

/** A step while it is worked out: `state` is a copy that may be changed. */
export interface Turn {
  readonly state: State;
  readonly at: number;
  readonly actions: Action[];
  readonly log: NewStateEntry[];
  readonly outputs: OutputEntry[];
  durable: boolean;
}

/** Text of strangers, fit for a state entry. */
export function clip(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\u0000-\u001f\u007f]+/g, " ").slice(0, 300);
}

/** Doubles from `base` with each of `n` ≥ 1, up to `cap`. */
export function backoff(n: number, base: number, cap: number): number {
  return Math.min(cap, base * 2 ** Math.min(n - 1, 30));
}

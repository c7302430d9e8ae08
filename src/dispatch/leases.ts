/** The proof half of a task's machine: offers, leases, receipts. */
import type { Address } from "viem";
import { beginOutputs } from "./grants.ts";
import { backoff, clip, type EventOf, type Lease, type State, type Turn } from "./state.ts";

/** Znodes whose refusals are remembered. */
const cooling = 32;
/** Znodes that must refuse a task for good until it fails, where none took it. */
const quorum = 3;

/** Leases that may end without a result before the task fails. */
export const attemptLimit = (s: State): number => s.rules.attempts * s.rules.redundancy;

export const provable = (s: State): boolean => s.phase === "packed" || s.phase === "dispatched";

const find = (s: State, e: { prover: Address; epoch: number }): Lease | undefined =>
  s.leases.find((l) => l.epoch === e.epoch && l.prover === e.prover);

const checking = (s: State, epoch: number): boolean => s.checks.some((c) => c.epoch === epoch);

/** How many more znodes may be offered the proof now. */
export function openLeases(s: State, at: number): number {
  if (!provable(s) || at < s.notBefore) return 0;
  return Math.min(s.rules.redundancy, attemptLimit(s) - s.attempts) - s.leases.length;
}

/** Znodes that may not be offered the proof now. */
export function unavailable(s: State, at: number): Set<Address> {
  return new Set([
    ...s.leases.map((l) => l.prover),
    ...s.checks.map((c) => c.prover),
    ...s.cool.filter((c) => c.until > at).map((c) => c.prover),
  ]);
}

/** Why a znode may not be offered the proof now, for whoever asks who was passed over. */
export function reasonAgainst(s: State, at: number, prover: Address): string | undefined {
  const lease = s.leases.find((l) => l.prover === prover);
  if (lease) return `has the lease of epoch ${lease.epoch}`;
  const check = s.checks.find((c) => c.prover === prover);
  if (check) return `its receipt of epoch ${check.epoch} is being checked`;
  const cool = s.cool.find((c) => c.prover === prover && c.until > at);
  if (!cool) return undefined;
  return `resting: ${cool.refusal === "" ? "it did not take an offer of this task" : cool.refusal}`;
}

/** The last epoch of a znode's leases that came to nothing. */
export const triedIn = (s: State, prover: Address): number | undefined =>
  s.past.findLast((p) => p.prover === prover)?.epoch;

export function assign({ state: s, at, actions }: Turn, { prover }: EventOf<"assign">): void {
  if (openLeases(s, at) < 1 || unavailable(s, at).has(prover)) return;
  const epoch = ++s.epoch;
  const until = at + s.rules.acceptMs;
  const offer = { prover, epoch, stage: "offered" as const, started: false, excused: false };
  s.leases.push({ ...offer, until, deadline: until });
  actions.push({ kind: "lease", prover, epoch });
}

export function accept(turn: Turn, { prover, epoch }: EventOf<"accept">): void {
  const { state: s, at, actions } = turn;
  const lease = find(s, { prover, epoch });
  if (!lease) return stale(turn, { prover, epoch });
  if (lease.stage === "offered") {
    lease.stage = "leased";
    lease.until = at + s.rules.leaseMs;
    // The znode ends the proof by itself first; the margin lets it say so.
    lease.deadline = at + s.rules.timeoutMs + s.rules.leaseMs;
    s.cool = s.cool.filter((c) => c.prover !== prover);
    s.phase = "dispatched";
    const comment = s.attempts === 0 ? "" : `attempt ${s.attempts + 1}; before: ${s.reason}`;
    turn.log.push({ state: "dispatched", by: prover, comment: clip(comment), result: "" });
    turn.durable = true;
  } else alive(turn, lease);
  if (!lease.started) actions.push({ kind: "payload", prover, epoch });
}

export function progress(turn: Turn, { prover, epoch }: EventOf<"progress">): void {
  const lease = find(turn.state, { prover, epoch });
  if (!lease || lease.stage !== "leased") return stale(turn, { prover, epoch });
  lease.started = true;
  alive(turn, lease);
}

function alive({ state: s, at }: Turn, lease: Lease): void {
  lease.excused = false;
  lease.until = Math.min(at + s.rules.leaseMs, lease.deadline);
}

/** The znode did not take the offer, or gave up the lease. */
export function decline(turn: Turn, e: EventOf<"refuse" | "failure">): void {
  const { state: s } = turn;
  const lease = find(s, e);
  if (!lease || checking(s, e.epoch)) return;
  const reason = `${e.prover}: ${e.reason}`;
  if (lease.stage === "offered") {
    return e.retryable ? withdraw(turn, lease, "", true) : withdraw(turn, lease, reason);
  }
  // Where others still work on it, theirs is waited for, so that one liar can't end what they can do.
  const alone = s.leases.length === 1 && s.checks.length === 0;
  if (lease.stage === "leased" && e.kind === "failure" && !e.retryable && alone) {
    return fail(turn, reason, e.prover);
  }
  burn(turn, lease, reason);
}

export function receipt(turn: Turn, { prover, epoch }: EventOf<"receipt">): void {
  const { state: s, at, actions } = turn;
  const lease = find(s, { prover, epoch });
  const ended = s.past.find((p) => p.epoch === epoch && p.prover === prover);
  if (!provable(s) || ended?.spent) return stale(turn, { prover, epoch });
  if (lease?.stage !== "leased" && !ended || checking(s, epoch)) return;
  s.checks.push({ prover, epoch, until: at + s.rules.checkMs });
  actions.push({ kind: "verify", prover, epoch });
}

export function verdict(turn: Turn, e: EventOf<"verdict">): void {
  const { state: s } = turn;
  if (!s.checks.some((c) => c.epoch === e.epoch && c.prover === e.prover)) return;
  s.checks = s.checks.filter((c) => c.epoch !== e.epoch);
  if (e.verdict === "invalid") return spend(turn, e, `invalid receipt: ${e.reason}`);
  s.phase = "proved";
  s.winner = { prover: e.prover, epoch: e.epoch, verdict: e.verdict };
  s.checks = [];
  for (const lease of [...s.leases]) end(turn, lease, lease.epoch !== e.epoch);
  const comment = e.verdict === "valid" ? "" : "unverifiable: the program ships no verifier";
  turn.log.push({ state: "proved", by: e.prover, comment, result: "" });
  turn.durable = true;
  beginOutputs(turn);
  // A grant tells the winner that its receipt is stored.
  const told = s.outputs.some((o, i) =>
    o.state === "waiting" && s.rules.outputs[i]?.where === "znode"
  );
  if (!told) turn.actions.push({ kind: "cancel", holder: e.prover, epoch: e.epoch });
}

export function abort(turn: Turn, { reason }: EventOf<"abort">): void {
  if (provable(turn.state)) fail(turn, reason, "dispatch");
}

export function gone({ state: s }: Turn, { prover }: EventOf<"gone">): void {
  s.leases = s.leases.filter((l) => l.prover !== prover || l.stage === "leased");
}

/**
 * A znode that is back may have lost what it was sent, or all its memory: it is asked again under
 * the same epoch, and when it accepts gets the payload, unless its progress comes first.
 */
export function linkedProver({ state: s, actions }: Turn, { holder }: EventOf<"linked">): void {
  for (const l of s.leases) {
    if (l.prover !== holder || checking(s, l.epoch)) continue;
    l.started = false;
    actions.push({ kind: "lease", prover: l.prover, epoch: l.epoch });
  }
}

export function resumeLeases({ state: s, at }: Turn): void {
  s.leases = s.leases.filter((l) => l.stage === "leased");
  s.checks = [];
  for (const l of s.leases) {
    l.until = Math.min(l.deadline, at + s.rules.graceMs);
    l.excused = true;
  }
}

export function expireLeases(turn: Turn): void {
  const { state: s, at } = turn;
  for (const c of s.checks.filter((c) => c.until <= at)) {
    s.checks = s.checks.filter((other) => other !== c);
    spend(turn, c, "the receipt could not be checked in time");
  }
  for (const lease of [...s.leases]) {
    if (checking(s, lease.epoch) || Math.min(lease.until, lease.deadline) > at) continue;
    if (lease.stage === "offered") withdraw(turn, lease);
    else if (lease.excused) {
      end(turn, lease, true);
      turn.durable = true;
    } else burn(turn, lease, `${lease.prover}: the lease ended without a result`);
  }
}

/** When offers, leases and checks end; a tick at that time, or later, ends them. */
export function leaseEnds(s: State): number[] {
  return [
    ...s.checks.map((c) => c.until),
    ...s.leases.filter((l) => !checking(s, l.epoch)).map((l) => Math.min(l.until, l.deadline)),
  ];
}

/** When another znode can be offered the proof. */
export function leasePauses(s: State): number[] {
  if (!provable(s) || s.leases.length >= s.rules.redundancy) return [];
  return [s.notBefore, ...s.cool.map((c) => c.until)];
}

/** After each step: a task whose attempts are used up has failed, unless a check may still save it. */
export function settle(turn: Turn): void {
  const { state: s } = turn;
  if (!provable(s) || s.checks.length > 0) return;
  if (s.attempts >= attemptLimit(s)) return fail(turn, s.reason, "dispatch");
  if (s.leases.length > 0 || s.past.length > 0) return;
  const refusals = s.cool.filter((c) => c.refusal !== "");
  if (refusals.length < quorum) return;
  fail(turn, `refused by ${refusals.length} znodes: ${refusals.at(-1)?.refusal}`, "dispatch");
}

function fail(turn: Turn, reason: string, by: string): void {
  const { state: s } = turn;
  s.phase = "failed";
  s.reason = clip(reason);
  s.checks = [];
  for (const lease of [...s.leases]) end(turn, lease, true);
  const comment = s.attempts > 1 ? `after ${s.attempts} attempts: ${reason}` : reason;
  turn.log.push({ state: "failed", by, comment: clip(comment), result: "" });
  turn.durable = true;
}

/** A receipt was judged and is of no use: its lease, if it still lives, cost an attempt. */
function spend(turn: Turn, e: { prover: Address; epoch: number }, reason: string): void {
  const { state: s } = turn;
  const lease = find(s, e);
  if (lease) burn(turn, lease, `${e.prover}: ${reason}`);
  const past = s.past.find((p) => p.epoch === e.epoch && p.prover === e.prover);
  if (past) past.spent = true;
  turn.durable = true;
}

function burn(turn: Turn, lease: Lease, reason: string): void {
  const { state: s, at } = turn;
  const { backoffMs, backoffCapMs } = s.rules;
  end(turn, lease, true);
  s.attempts++;
  s.reason = clip(reason);
  s.notBefore = at + backoff(s.attempts, backoffMs, backoffCapMs);
  turn.durable = true;
}

/**
 * An offer that was not taken costs nothing, but its znode is left alone for a while. Refused for
 * good, it may be the znode that is set up wrong: only several of them are a verdict on the task.
 */
function withdraw(turn: Turn, offer: Lease, refusal = "", busy = false): void {
  const { state: s, at } = turn;
  end(turn, offer, true);
  const before = s.cool.find((c) => c.prover === offer.prover);
  if (s.phase === "packed" && refusal !== "" && refusal !== before?.refusal) {
    // Told once: who asks why the task waits finds it there.
    turn.durable = true;
    const comment = clip(`waits for another znode, refused by ${refusal}`);
    turn.log.push({ state: "packed", by: offer.prover, comment, result: "" });
  }
  // With several enodes to serve a znode is often busy: that says nothing of the next moment.
  const strikes = busy ? 1 : (before?.strikes ?? 0) + 1;
  const until = at + backoff(strikes, s.rules.backoffMs, s.rules.backoffCapMs);
  s.cool = [
    ...s.cool.filter((c) => c.prover !== offer.prover),
    { prover: offer.prover, until, strikes, refusal },
  ].slice(-cooling);
}

function end({ state: s, actions }: Turn, lease: Lease, cancel: boolean): void {
  const { prover, epoch } = lease;
  s.leases = s.leases.filter((l) => l !== lease);
  if (lease.stage === "leased") s.past.push({ prover, epoch, spent: false });
  if (cancel) actions.push({ kind: "cancel", holder: prover, epoch });
}

/** Tells a znode that works under a lease that is no more to stop. */
function stale({ state: s, actions }: Turn, e: { prover: Address; epoch: number }): void {
  if (e.epoch <= s.epoch) actions.push({ kind: "cancel", holder: e.prover, epoch: e.epoch });
}

/**
 * What an enode thinks of each znode, from what the znode itself did: pure, with times as the caller
 * gives them. A score costs work, never stake, and is told to nobody: another enode makes its own.
 *
 * Faults add to a penalty that halves with time. At `limit` the znode is barred until the penalty
 * has fallen to half of that, so for one half-life at least; a penalty is capped, and so is a bar.
 * Lies are kept apart from the rest: good work makes up for lateness and rudeness, but not for them.
 *
 * Who is silent or gives up is charged only once another znode proved the same task: what nobody
 * can prove, or not in the time its project allows, is not held against those who tried.
 */
import type { Address } from "viem";
import type { EventBody, State } from "./state.ts";

/** Penalty of each fault. */
export const costs = {
  /** Lies: no znode that works makes them, as it verifies what it sends. */
  "different results signed for one lease": 400,
  "a proof that does not verify": 100,
  /** The rest may be the machine's or the network's doing, and is only too much of it. */
  "an output reported that the chain does not have": 40,
  "a lease kept to its end without a result": 40,
  "a lease that ended in silence": 20,
  "a lease given up": 10,
  "an offer not answered": 5,
  /** The link's patience has ended with some 64 of them. */
  "a frame that is refused": 2,
  "a link that takes or says nothing": 20,
} as const;
export type Fault = keyof typeof costs;

const lies: ReadonlySet<Fault> = new Set([
  "different results signed for one lease",
  "a proof that does not verify",
]);
/** Of these, those of one moment are one: a machine that dies loses all its leases at once. */
const incidents: ReadonlySet<Fault> = new Set([
  "a lease kept to its end without a result",
  "a lease that ended in silence",
  "a lease given up",
  "an offer not answered",
  "a link that takes or says nothing",
]);
/** Faults of one kind within so long are one, ms. */
const incidentMs = 30_000;

/** Penalty at which a znode is barred, and at which it is free again. */
export const [limit, free] = [100, 50];
/** In which a penalty halves, ms. */
export const halfLifeMs = { lies: 30 * 60_000, rest: 10 * 60_000 } as const;
/** Most penalty of either sort: a znode is barred for two and a half hours at most. */
export const most = 1_600;
/** What a valid receipt takes off the penalty, lies left aside. */
export const goodWork = 10;
/** Most znodes of which something is remembered. */
const mostRemembered = 10_000;
/** Less than this is forgotten. */
const nothing = 1;

type Sort = keyof typeof halfLifeMs;
const sorts = ["lies", "rest"] as const;

interface Penalty {
  points: number;
  /** Of which time. */
  at: number;
  barredUntil: number;
  /** What it was barred for. */
  reason: Fault | undefined;
}

interface Entry {
  readonly lies: Penalty;
  readonly rest: Penalty;
  /** When each kind of incident was last charged. */
  readonly last: Map<Fault, number>;
}

export interface ScoresOptions {
  readonly mostRemembered?: number;
  readonly onFault?: (fault: Fault, times: number) => void;
  readonly onBarred?: (prover: Address, fault: Fault, untilMs: number) => void;
}

export class Scores {
  readonly #entries = new Map<Address, Entry>();
  readonly #most: number;

  constructor(private readonly options: ScoresOptions = {}) {
    this.#most = options.mostRemembered ?? mostRemembered;
  }

  /** Znodes of which something is remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * @param happened when, where that is earlier than now
   * @param times how often, of what is no incident
   */
  charge(prover: Address, fault: Fault, now: number, happened = now, times = 1): void {
    const entry = this.#entries.get(prover) ?? this.#add(prover, now);
    if (incidents.has(fault)) {
      const last = entry.last.get(fault);
      if (last !== undefined && Math.abs(happened - last) < incidentMs) return;
      entry.last.set(fault, happened);
    }
    const sort: Sort = lies.has(fault) ? "lies" : "rest";
    const penalty = entry[sort];
    const age = Math.max(0, now - happened);
    const points = decayed(penalty, sort, now) +
      times * costs[fault] * 2 ** (-age / halfLifeMs[sort]);
    penalty.points = Math.min(most, points);
    penalty.at = Math.max(penalty.at, now);
    this.options.onFault?.(fault, times);
    const barred = now < penalty.barredUntil;
    if (penalty.points < limit && !barred) return;
    penalty.barredUntil = now + halfLifeMs[sort] * Math.log2(penalty.points / free);
    penalty.reason = fault;
    if (!barred) this.options.onBarred?.(prover, fault, penalty.barredUntil - now);
  }

  /** A receipt of it was found valid. */
  praise(prover: Address, now: number): void {
    const entry = this.#entries.get(prover);
    if (!entry) return;
    const { rest } = entry;
    rest.points = Math.max(0, decayed(rest, "rest", now) - goodWork);
    rest.at = Math.max(rest.at, now);
    if (rest.points < free) rest.barredUntil = Math.min(rest.barredUntil, now);
  }

  /** 0 is the best; each fault lowers it. */
  of(prover: Address, now: number): number {
    const entry = this.#entries.get(prover);
    if (!entry) return 0;
    return -sorts.reduce((sum, sort) => sum + decayed(entry[sort], sort, now), 0);
  }

  /** Why a znode may not be chosen now; undefined when it may. */
  barred(prover: Address, now: number): string | undefined {
    const entry = this.#entries.get(prover);
    const penalty = entry && sorts.map((s) => entry[s]).find((p) => now < p.barredUntil);
    return penalty && `barred: ${penalty.reason}`;
  }

  #add(prover: Address, now: number): Entry {
    if (this.#entries.size >= this.#most) this.#forget(now);
    const none = (): Penalty => ({ points: 0, at: now, barredUntil: 0, reason: undefined });
    const entry = { lies: none(), rest: none(), last: new Map() };
    this.#entries.set(prover, entry);
    return entry;
  }

  /** Makes room for a tenth more: those are forgotten against whom there is least. */
  #forget(now: number): void {
    const worst = [...this.#entries.keys()]
      .map((prover) => ({ prover, score: this.of(prover, now) }))
      .sort((a, b) => a.score - b.score);
    const kept = Math.floor(this.#most * 0.9);
    for (const [i, { prover, score }] of worst.entries()) {
      if (i >= kept || score > -nothing) this.#entries.delete(prover);
    }
  }
}

/** Of barred znodes, whom to choose where there are no others: the best, and a task at a time. */
export function leastBad<Z extends { readonly prover: Address; readonly busy: number }>(
  barred: readonly Z[],
  scores: Scores,
  now: number,
): Z[] {
  const [first, ...others] = barred.filter(({ busy }) => busy === 0);
  if (!first) return [];
  const score = ({ prover }: Z) => scores.of(prover, now);
  return [others.reduce((best, z) => score(z) > score(best) ? z : best, first)];
}

/** A time before the last one counts as that one: no clock that is set back adds to a penalty. */
const decayed = ({ points, at }: Penalty, sort: Sort, now: number): number =>
  points * 2 ** (-Math.max(0, now - at) / halfLifeMs[sort]);

/** An enode that looks so late at what ended did not hear what came in time, ms. */
const lateMs = 2_000;

/** The conduct of znodes in one task: what is held against them waits until somebody proved it. */
export class TaskConduct {
  readonly #pending = new Map<Address, Map<Fault, number>>();

  /** Compares a task's states before and after an event. */
  note(scores: Scores, before: State, event: EventBody, after: State, at: number): void {
    if (event.kind === "tick") this.#expired(before, after, at);
    else if (event.kind === "refuse" || event.kind === "failure") {
      const { prover, epoch } = event;
      const lease = before.leases.find((l) => l.prover === prover && l.epoch === epoch);
      const ended = !after.leases.some((l) => l.epoch === epoch);
      if (lease?.stage === "leased" && ended) this.#hold(prover, "a lease given up", at);
    } else if (event.kind === "verdict") {
      const { prover, verdict } = event;
      if (!before.checks.some((c) => c.prover === prover && c.epoch === event.epoch)) return;
      if (verdict === "invalid") return;
      this.#proved(scores, prover, verdict === "valid", at);
    }
  }

  #expired(before: State, after: State, at: number): void {
    const alive = new Set(after.leases.map((l) => l.epoch));
    const checking = new Set(before.checks.map((c) => c.epoch));
    for (const { prover, epoch, stage, excused, until, deadline } of before.leases) {
      if (alive.has(epoch) || checking.has(epoch) || excused) continue;
      if (at - Math.min(until, deadline) > lateMs) continue;
      const fault = stage === "offered"
        ? "an offer not answered"
        : until < deadline
        ? "a lease that ended in silence"
        : "a lease kept to its end without a result";
      this.#hold(prover, fault, at);
    }
  }

  #hold(prover: Address, fault: Fault, at: number): void {
    const faults = this.#pending.get(prover) ?? new Map<Fault, number>();
    this.#pending.set(prover, faults.set(fault, at));
  }

  /** @param praise whether it is known that the result holds */
  #proved(scores: Scores, winner: Address, praise: boolean, at: number): void {
    if (praise) scores.praise(winner, at);
    for (const [prover, faults] of praise ? this.#pending : []) {
      if (prover === winner) continue;
      for (const [fault, happened] of faults) scores.charge(prover, fault, at, happened);
    }
    this.#pending.clear();
  }
}

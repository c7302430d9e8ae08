/**
 * One task's life from packed to output, as a pure function: everything that dispatch decides is
 * decided here, from events alone; node, tests and simulator run the same.
 *
 * Rules of use. Actions of a durable step are done after its state was saved; other steps may be
 * forgotten in a crash without harm. A state that another process saved is first given `resume`.
 * Offers are not durable: an epoch that was offered but never accepted may be offered again.
 *
 * A proof lease: offered → leased → (result | ended). A lease that ends without a result costs an
 * attempt and is followed by a pause; an offer that is refused for now, or ignored, costs nothing
 * but makes its znode wait. The first valid receipt wins, also from a lease that has ended; a
 * receipt for a lease that was never accepted is ignored, and each lease gets one receipt judged.
 */
import type { Address } from "viem";
import {
  expireGrants,
  grant,
  grantEnds,
  grantPauses,
  linkedHolder,
  lost,
  type OpenOutput,
  openOutputs,
  outputsEnded,
  report,
  resumeGrants,
  retry,
} from "./grants.ts";
import * as leases from "./leases.ts";
import {
  type Event,
  type Holder,
  type Rules,
  type State,
  stateSchema,
  type Step,
  type Turn,
} from "./state.ts";

export function create(rules: Rules, run: string): State {
  return {
    v: 1,
    rules,
    phase: "packed",
    run,
    epoch: 0,
    attempts: 0,
    notBefore: 0,
    reason: "",
    leases: [],
    checks: [],
    past: [],
    cool: [],
    winner: null,
    outputs: [],
  };
}

/** @throws {z.ZodError} when the text is not a state of this version */
export function load(text: string): State {
  return stateSchema.parse(JSON.parse(text));
}

export function step(before: State, event: Event): Step {
  const turn: Turn = {
    state: copy(before),
    at: event.at,
    actions: [],
    log: [],
    outputs: [],
    durable: false,
  };
  apply(turn, event);
  leases.settle(turn);
  const { state, actions, durable, log, outputs } = turn;
  const won = before.winner === null && state.winner !== null;
  return {
    state,
    actions,
    durable,
    log,
    outputs,
    accepted: won ? state.winner ?? undefined : undefined,
  };
}

/** The rules are never changed. */
const copy = ({ rules, ...rest }: State): State => ({ ...copyDeep(rest), rules });

/** Of plain data; many times as fast as `structuredClone`. */
function copyDeep<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyDeep) as T;
  const copied: Record<string, unknown> = {};
  for (const key in value) copied[key] = copyDeep(value[key]);
  return copied as T;
}

function apply(turn: Turn, event: Event): void {
  switch (event.kind) {
    case "tick":
      leases.expireLeases(turn);
      return expireGrants(turn);
    case "resume":
      if (turn.state.run === event.run) return;
      turn.state.run = event.run;
      leases.resumeLeases(turn);
      return resumeGrants(turn);
    case "assign":
      return leases.assign(turn, event);
    case "accept":
      return leases.accept(turn, event);
    case "progress":
      return leases.progress(turn, event);
    case "receipt":
      return leases.receipt(turn, event);
    case "refuse":
    case "failure":
      return leases.decline(turn, event);
    case "verdict":
      return leases.verdict(turn, event);
    case "abort":
      return leases.abort(turn, event);
    case "gone":
      return leases.gone(turn, event);
    case "linked":
      leases.linkedProver(turn, event);
      return linkedHolder(turn, event);
    case "grant":
      return grant(turn, event);
    case "report":
      return report(turn, event);
    case "lost":
      return lost(turn);
    case "retry":
      return retry(turn, event);
  }
}

const nobody: ReadonlySet<Address> = new Set();

/** What a driver should find znodes for. */
export interface Wants {
  /** Proofs to offer, each to another znode. */
  readonly leases: number;
  /** Who may not be offered them; nobody where there are none. */
  readonly unavailable: ReadonlySet<Address>;
  /** Who had a lease of this task that came to nothing: others are better, where there are. */
  readonly tried: ReadonlySet<Address>;
  readonly outputs: readonly OpenOutput[];
}

export function wants(state: State, at: number): Wants {
  const open = Math.max(0, leases.openLeases(state, at));
  return {
    leases: open,
    unavailable: open === 0 ? nobody : leases.unavailable(state, at),
    tried: open === 0 ? nobody : new Set(state.past.map((p) => p.prover)),
    outputs: openOutputs(state, at),
  };
}

/** Nothing more happens by itself; a reorganisation may still be reported. */
export function done(state: State): boolean {
  return state.phase === "failed" || (state.phase === "proved" && outputsEnded(state));
}

/**
 * When a tick, or a new look at `wants`, can next change something by itself: at once where it is
 * not after `at`; undefined where only events can.
 */
export function nextWake(state: State, at: number): number | undefined {
  if (done(state)) return undefined;
  const ends = [...leases.leaseEnds(state), ...grantEnds(state)];
  const pauses = [...leases.leasePauses(state), ...grantPauses(state)].filter((t) => t > at);
  return ends.length + pauses.length === 0 ? undefined : Math.min(...ends, ...pauses);
}

/** Who has a lease, an offer or a grant that lives. */
export function holders(state: State): Set<Holder> {
  const grants = state.outputs.flatMap((o) =>
    o.current && (o.state === "granted" || o.state === "sent") ? [o.current.holder] : []
  );
  return new Set<Holder>([...state.leases.map((l) => l.prover), ...grants]);
}

/**
 * The output half of a task's machine: grants, by epoch, and what becomes of them.
 *
 * Who is believed: the holder of the current grant, and nobody else, for `sent`, `retry` and
 * `dead`. `confirmed` is also believed from any earlier holder, for the grant it once had: what is
 * final on a chain stays so when the grant has moved on, and not to believe it would leave the
 * task to a holder who can only fail. The confirming grant becomes the current one, so that a
 * later reorganisation is heard from the one who sent. `dead` is final, but for a person's word: what
 * may go out at all is then tried again, as further attempts.
 */
import {
  backoff,
  clip,
  type EventOf,
  type Holder,
  type Output,
  self,
  type State,
  type Turn,
} from "./state.ts";

const live = (o: Output): boolean => o.state === "granted" || o.state === "sent";
const ended = (o: Output): boolean => o.state === "confirmed" || o.state === "dead";

/** Whether the output goes to the router, which can be asked what it has. */
export const onRouter = (s: State, index: number): boolean => {
  const rule = s.rules.outputs[index];
  return rule?.name === "ethereumContract" && rule.where === "znode";
};

/** Whether the output waits for the router's, which is under way: that costs no attempt. */
const isHeld = (s: State, index: number): boolean =>
  s.rules.outputs[index]?.afterRouter === true &&
  s.outputs.some((o, i) => onRouter(s, i) && !ended(o));

export const outputsEnded = (s: State): boolean => s.outputs.every(ended);

export interface OpenOutput {
  readonly index: number;
  /** Whether only this enode may do it. */
  readonly self: boolean;
  /** Whose last grant came to nothing: somebody else is better, where there is somebody. */
  readonly last: Holder | undefined;
}

/** Outputs that need a holder now. */
export function openOutputs(s: State, at: number): OpenOutput[] {
  return s.outputs.flatMap((o, index) =>
    o.state === "waiting" && at >= o.notBefore && !isHeld(s, index)
      ? [{
        index,
        self: s.rules.outputs[index]?.where === "enode",
        last: o.grants.at(-1)?.holder,
      }]
      : []
  );
}

export function beginOutputs(turn: Turn): void {
  const { state: s } = turn;
  s.outputs = s.rules.outputs.map(() => ({
    state: "waiting",
    attempt: 0,
    pardoned: 0,
    grants: [],
    current: null,
    until: 0,
    notBefore: 0,
    reason: "",
    reference: "",
  }));
  for (const [index, o] of s.outputs.entries()) {
    const reason = o.state === "dead" ? undefined : whyBarred(s, index);
    if (reason !== undefined) die(turn, index, reason, "dispatch");
  }
  tellHeld(turn, s.outputs.keys());
  finish(turn);
}

/** Says of those that are held what they wait for. */
function tellHeld(turn: Turn, indexes: Iterable<number>): void {
  for (const index of indexes) {
    const o = turn.state.outputs[index];
    if (o?.state !== "waiting" || !isHeld(turn.state, index)) continue;
    note(turn, index, "dispatch", "waits for the router to accept the task");
  }
}

/** Why the output may never be granted, whoever asks; undefined when it may. */
function whyBarred(s: State, index: number): string | undefined {
  const rule = s.rules.outputs[index];
  if (rule?.barred !== undefined) return rule.barred;
  const unverified = rule?.verifiedOnly && s.winner?.verdict !== "valid";
  return unverified ? "the result can't be verified and may not go there" : undefined;
}

export function grant(turn: Turn, { output: index, holder }: EventOf<"grant">): void {
  const { state: s, at, actions } = turn;
  const open = openOutputs(s, at).find((o) => o.index === index);
  const o = s.outputs[index];
  if (!open || !o || open.self !== (holder === self)) return;
  const epoch = ++s.epoch;
  o.state = "granted";
  o.attempt++;
  o.current = { epoch, holder };
  o.grants.push(o.current);
  o.until = at + s.rules.grantMs;
  o.reference = "";
  note(turn, index, "dispatch", o.reason && `again, after ${o.reason}`);
  actions.push({ kind: "grant", output: index, holder, epoch });
}

export function report(turn: Turn, e: EventOf<"report">): void {
  const { state: s } = turn;
  const o = s.outputs[e.output];
  if (!o) return;
  const granted = o.grants.some((g) => g.epoch === e.epoch && g.holder === e.holder);
  const current = o.current?.epoch === e.epoch && o.current.holder === e.holder;
  if (!granted) return;
  if (e.state === "confirmed") return confirm(turn, e, o);
  if (!current) return;
  const reason = `${e.holder}: ${e.comment}`;
  if (e.state === "sent") return sent(turn, e, o);
  if (!live(o)) return;
  if (e.state === "early" && followsRouter(s, e.output)) return putOff(turn, o, reason);
  if (e.state !== "dead") return release(turn, e.output, o, reason);
  die(turn, e.output, reason, e.holder);
  finish(turn);
}

function confirm(turn: Turn, e: EventOf<"report">, o: Output): void {
  if (ended(o)) return;
  if (live(o) && o.current && o.current.epoch !== e.epoch) {
    turn.actions.push({ kind: "cancel", ...o.current });
  }
  o.state = "confirmed";
  o.current = { epoch: e.epoch, holder: e.holder };
  o.reference = clip(e.reference);
  note(turn, e.output, e.holder, e.comment);
  if (onRouter(turn.state, e.output)) wakeHeld(turn);
  finish(turn);
}

/** What was sent too early, for a router that had lost the task, is sent once it has it. */
function wakeHeld({ state: s, at }: Turn): void {
  for (const [index, o] of s.outputs.entries()) {
    if (o.state !== "waiting" || !s.rules.outputs[index]?.afterRouter) continue;
    o.notBefore = Math.min(o.notBefore, at);
  }
}

function sent(turn: Turn, e: EventOf<"report">, o: Output): void {
  const { state: s, at } = turn;
  if (o.state === "dead") return;
  o.until = at + s.rules.sentMs;
  const reference = clip(e.reference);
  if (o.state === "sent" && o.reference === reference) return;
  // A holder that was granted it once more tells once more what it did.
  if (o.state === "confirmed" && o.reference === reference && e.comment === "") return;
  if (o.state === "confirmed") {
    const comment = `output ${e.output} returned to sent: ${e.comment || "the chain reorganised"}`;
    turn.log.push({ state: "proved", by: e.holder, comment: clip(comment), result: "" });
  }
  o.state = "sent";
  o.reference = reference;
  note(turn, e.output, e.holder, e.comment);
}

/** Results that the router took and that left the chain with its blocks are output once more. */
export function lost(turn: Turn): void {
  const { state: s, at } = turn;
  for (const [index, o] of s.outputs.entries()) {
    if (o.state !== "confirmed" || !onRouter(s, index)) continue;
    const comment =
      `output ${index} returned to sent: the chain reorganised, the router has it not`;
    turn.log.push({ state: "proved", by: "dispatch", comment, result: "" });
    o.state = "sent";
    note(turn, index, "dispatch", comment);
    o.state = "waiting";
    o.current = null;
    o.notBefore = at;
  }
}

export function expireGrants(turn: Turn): void {
  const { state: s, at, actions } = turn;
  for (const [index, o] of s.outputs.entries()) {
    if (!live(o) || o.until > at || !o.current) continue;
    const { holder, epoch } = o.current;
    const reason = `${holder}: no ${o.state === "sent" ? "confirmation" : "report"} in time`;
    actions.push({ kind: "cancel", holder, epoch });
    release(turn, index, o, reason);
  }
}

/** Why a person can't have the output tried again, or none of them; undefined when that is possible. */
export function whyNoRetry(s: State, output: number | undefined): string | undefined {
  if (s.phase === "failed") return "its proof failed, which is final: send the messages again";
  if (s.phase !== "proved") return "it is not proved yet";
  if (output !== undefined && !s.outputs[output]) return `it has no output ${output}`;
  const dead = s.outputs.flatMap((o, i) =>
    o.state === "dead" && (output ?? i) === i ? [whyBarred(s, i)] : []
  );
  if (dead.length === 0) return "it is not dead: only what has ended so can be tried again";
  return dead.includes(undefined) ? undefined : dead[0];
}

/**
 * Dead outputs that may go out are granted again, with as many attempts as at first; with the
 * router's also those that wait for it.
 */
export function retry(turn: Turn, { output, by }: EventOf<"retry">): void {
  const { state: s, at, log } = turn;
  const routed = output !== undefined && onRouter(s, output) && s.outputs[output]?.state === "dead";
  const retried: number[] = [];
  for (const [index, o] of s.outputs.entries()) {
    const goesOn = routed && s.rules.outputs[index]?.afterRouter;
    if (o.state !== "dead" || ((output ?? index) !== index && !goesOn)) continue;
    if (whyBarred(s, index) !== undefined) continue;
    o.state = "waiting";
    o.pardoned = o.attempt;
    o.reason = `a retry by ${by}`;
    o.notBefore = at;
    log.push({ state: "proved", by, comment: `output ${index} is tried again`, result: "" });
    turn.durable = true;
    retried.push(index);
  }
  tellHeld(turn, retried);
}

/** A znode that is back gets its grants again; who has done one already reports so again. */
export function linkedHolder({ state: s, actions }: Turn, { holder }: EventOf<"linked">): void {
  for (const [output, o] of s.outputs.entries()) {
    if (live(o) && o.current?.holder === holder) {
      actions.push({ kind: "grant", output, ...o.current });
    }
  }
}

/** The jobs of this enode itself are lost with its process; those of znodes are theirs to report. */
export function resumeGrants({ state: s, at, actions }: Turn): void {
  for (const [output, o] of s.outputs.entries()) {
    if (!live(o) || !o.current) continue;
    o.until = Math.max(o.until, at + s.rules.graceMs);
    if (o.current.holder === self) actions.push({ kind: "grant", output, ...o.current });
  }
}

/** When grants end; a tick at that time, or later, ends them. */
export function grantEnds(s: State): number[] {
  return s.outputs.filter(live).map((o) => o.until);
}

/** When an output can be granted again. */
export function grantPauses(s: State): number[] {
  return s.outputs.filter((o) => o.state === "waiting").map((o) => o.notBefore);
}

/** Whether it goes out after the router's output, which has not ended dead. */
const followsRouter = (s: State, index: number): boolean =>
  s.rules.outputs[index]?.afterRouter === true &&
  s.outputs.some((o, i) => onRouter(s, i) && o.state !== "dead");

/** It was too early for the router, whose output is seen to by itself: no attempt of this one. */
function putOff(turn: Turn, o: Output, reason: string): void {
  o.pardoned++;
  pauseFor(turn, o, reason, turn.state.rules.earlyMs);
}

/** Which output is tried again next, and why, for people; undefined where none pauses. */
export function pausedOutput(s: State, at: number): string | undefined {
  const pauses = s.outputs.flatMap(({ state, notBefore, reason }, index) =>
    state === "waiting" && notBefore > at && reason !== "" ? [{ index, notBefore, reason }] : []
  );
  const [next] = pauses.sort((a, b) => a.notBefore - b.notBefore);
  if (!next) return undefined;
  const seconds = Math.ceil((next.notBefore - at) / 1_000);
  const name = s.rules.outputs[next.index]?.name;
  return `output ${next.index} (${name}) is tried again in ${seconds} s, after ${next.reason}`;
}

/** An attempt ended without a result; another may follow. */
function release(turn: Turn, index: number, o: Output, reason: string): void {
  const { backoffMs, outputBackoffCapMs, outputAttempts } = turn.state.rules;
  const tried = o.attempt - o.pardoned;
  if (tried >= outputAttempts) {
    die(turn, index, `after ${tried} attempts: ${reason}`, "dispatch");
    return finish(turn);
  }
  pauseFor(turn, o, reason, backoff(tried, backoffMs, outputBackoffCapMs));
}

function pauseFor(turn: Turn, o: Output, reason: string, ms: number): void {
  o.state = "waiting";
  o.current = null;
  o.reason = clip(reason);
  o.notBefore = turn.at + ms;
  turn.durable = true;
}

function die(turn: Turn, index: number, reason: string, by: string): void {
  const o = turn.state.outputs[index];
  if (!o) return;
  o.state = "dead";
  o.current = null;
  note(turn, index, by, reason);
  const comment = `output ${index} (${turn.state.rules.outputs[index]?.name}): ${reason}`;
  turn.log.push({ state: "failed", by, comment: clip(comment), result: "" });
  if (onRouter(turn.state, index)) dieWithRouter(turn);
}

/** What waits for the router ends when nothing brings the task there any more. */
function dieWithRouter(turn: Turn): void {
  const { state: s } = turn;
  for (const [index, o] of s.outputs.entries()) {
    if (o.state !== "waiting" || !s.rules.outputs[index]?.afterRouter) continue;
    if (s.outputs.some((other, i) => onRouter(s, i) && other.state !== "dead")) continue;
    die(turn, index, "the router's output, which it waits for, is dead: retry that", "dispatch");
  }
}

/** `outputted` means that all are confirmed. */
function finish({ state: s, log }: Turn): void {
  if (!s.outputs.every((o) => o.state === "confirmed")) return;
  const by = s.outputs.at(-1)?.current?.holder ?? "dispatch";
  const result = s.outputs.map((o) => o.reference).filter(Boolean).join(", ");
  log.push({ state: "outputted", by, comment: "", result });
}

function note(turn: Turn, index: number, by: string, comment: string): void {
  const { attempt, state, reference } = turn.state.outputs[index] as Output;
  turn.outputs.push({ index, attempt, state, reference, by, comment: clip(comment) });
  turn.durable = true;
}

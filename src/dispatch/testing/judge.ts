/** Holds what a machine does against DESIGN R2, R4 and R6; a broken rule throws. */
import assert from "node:assert/strict";
import type { Action, EventBody, Output, Rules, State, Step } from "../state.ts";

const rank = { packed: 0, dispatched: 1, proved: 2, failed: 2 } as const;
export const key = (who: string, epoch: number): string => `${who}@${epoch}`;

export class Judge {
  /** What the check of each receipt will say. */
  readonly truth = new Map<string, "valid" | "unverifiable" | "invalid">();
  /** Output of each grant that left. */
  readonly granted = new Map<string, number>();
  readonly finished: string[] = [];

  // What really happened, kept apart from what the machine remembers.
  readonly #offered = new Set<string>();
  readonly #accepted = new Set<string>();
  readonly #refusers = new Set<string>();
  readonly #judged = new Set<string>();
  readonly #confirmed = new Set<string>();
  readonly #outputs = new Map<number, { attempt: number; state: string }>();
  readonly #lastGrant = new Map<number, number>();
  #saved: State | undefined;
  readonly #lost: number[] = [];
  readonly #early: number[] = [];
  readonly #retried: number[] = [];
  #proved = 0;
  #hopeless = false;
  #pausedUntil = 0;
  #at = 0;

  constructor(private readonly rules: Rules) {}

  step(at: number, before: State, next: Step, body: EventBody): void {
    this.#at = at;
    this.#hear(before, body);
    this.#check(before, next, body);
  }

  /** An action is about to be done. */
  action(at: number, s: State, action: Action): void {
    if (action.kind === "verify") {
      const { prover, epoch } = action;
      assert(this.#accepted.has(key(prover, epoch)), "a receipt without a lease is ignored");
      assert(!this.#judged.has(key(prover, epoch)), "a lease's receipt is judged once");
      assert(rank[s.phase] < 2, "nothing is checked when the proof is settled");
    }
    if (action.kind === "lease") {
      const again = this.#offered.has(key(action.prover, action.epoch));
      this.#offered.add(key(action.prover, action.epoch));
      assert(again || at >= this.#pausedUntil, "no lease before the pause is over");
      assert(rank[s.phase] < 2, "no lease when the proof is settled");
    }
    if (action.kind === "payload") {
      assert(this.#accepted.has(key(action.prover, action.epoch)), "only who accepts gets data");
      const lease = this.#saved?.leases.find((l) => l.epoch === action.epoch);
      assert(lease?.prover === action.prover, "a lease is saved before its payload leaves");
    }
    if (action.kind === "grant") {
      const { holder, epoch, output } = action;
      assert.equal(this.#saved?.phase, "proved", "no grant before proved is saved");
      const current = this.#saved?.outputs[output]?.current;
      assert.deepEqual(current, { epoch, holder }, "a grant is saved before it leaves");
      const known = this.granted.get(key(holder, epoch));
      const last = this.#lastGrant.get(output) ?? 0;
      assert(known === undefined ? epoch > last : known === output);
      this.#lastGrant.set(output, Math.max(last, epoch));
      this.granted.set(key(holder, epoch), output);
    }
  }

  /** Notes what an event makes true, before the machine's answer is looked at. */
  #hear(before: State, body: EventBody): void {
    if (body.kind === "accept") {
      const lease = before.leases.find((l) => l.epoch === body.epoch && l.prover === body.prover);
      if (lease) this.#accepted.add(key(body.prover, body.epoch));
    }
    this.#hopeless = false;
    if ("retryable" in body && !body.retryable) {
      const lease = before.leases.find((l) => l.epoch === body.epoch && l.prover === body.prover);
      if (lease?.stage === "offered") this.#refusers.add(body.prover);
    }
    if (body.kind === "failure" && !body.retryable) {
      const lease = before.leases.find((l) => l.epoch === body.epoch && l.prover === body.prover);
      this.#hopeless = lease?.stage === "leased" && before.leases.length === 1 &&
        before.checks.length === 0;
    }
    if (body.kind === "report" && body.state === "confirmed") {
      const granted = before.outputs[body.output]?.grants
        .some((g) => g.epoch === body.epoch && g.holder === body.holder);
      if (granted) this.#confirmed.add(`${body.output}:${key(body.holder, body.epoch)}`);
    }
  }

  #check(before: State, next: Step, body: EventBody): void {
    const { state: s } = next;
    const { rules } = this;
    const limit = rules.attempts * rules.redundancy;
    assert(s.leases.length <= rules.redundancy, "at most `redundancy` live leases");
    assert.equal(new Set(s.leases.map((l) => l.prover)).size, s.leases.length);
    assert(s.attempts + s.leases.length <= limit, "attempts never exceed the limit");
    assert(s.epoch >= before.epoch);
    if (rank[s.phase] === 2) assert(s.leases.length === 0 && s.checks.length === 0);
    if (before.phase === "failed") {
      assert.deepEqual({ ...s, run: "" }, { ...before, run: "" }, "failed is final");
    }
    if (s.phase !== before.phase) {
      assert(rank[s.phase] > rank[before.phase], "a task only moves forward");
      assert(next.durable, "a change of phase is durable");
    }
    this.#checkLeases(before, s, body);
    this.#checkWinner(before, next, body);
    for (const [i, o] of s.outputs.entries()) {
      this.#checkOutput(before.outputs[i], o, next, body, i, before);
      if (rules.outputs[i]?.afterRouter) this.#checkHeld(before, s, i);
    }
  }

  #isRouted(index: number): boolean {
    const rule = this.rules.outputs[index];
    return rule?.name === "ethereumContract" && rule.where === "znode";
  }

  /** Of an output that goes out after the router's. */
  #checkHeld(before: State, s: State, index: number): void {
    const routed = ({ outputs }: State) =>
      outputs.filter((_, i) => this.#isRouted(i)).map((o) => o.state);
    const [old, now] = [before.outputs[index], s.outputs[index]];
    const granted = old && now && now.attempt > old.attempt;
    const open = routed(before).every((state) => /confirmed|dead/.test(state));
    assert(!granted || open, "nothing goes out while the router's output is under way");
    const end = routed(s).every((state) => state === "dead");
    if (end && !routed(before).every((state) => state === "dead") && routed(s).length > 0) {
      assert(now?.state !== "waiting", "nothing waits for a router's output that is dead");
    }
  }

  #checkLeases(before: State, s: State, body: EventBody): void {
    const alive = new Set(s.leases.map((l) => l.epoch));
    const ended = before.leases.filter((l) => !alive.has(l.epoch));
    const burnt = s.attempts - before.attempts;
    const costly = ended.filter((l) =>
      l.stage === "leased" &&
      !(body.kind === "tick" && l.excused && !before.checks.some((c) => c.epoch === l.epoch))
    );
    assert(burnt >= 0 && burnt <= costly.length, "only an accepted lease costs an attempt");
    if (burnt > 0) {
      assert(s.notBefore > this.#at, "a pause follows an attempt");
      const pause = Math.min(this.rules.backoffCapMs, this.rules.backoffMs * 2 ** (s.attempts - 1));
      assert.equal(s.notBefore - this.#at, pause, "the pause doubles");
      this.#pausedUntil = s.notBefore;
    }
    if (rank[s.phase] < 2 && body.kind !== "resume" && body.kind !== "gone") {
      assert.equal(burnt, costly.length, "an accepted lease that ends costs an attempt");
    }
    if (body.kind === "resume" && before.run !== s.run) {
      assert(ended.every((l) => l.stage === "offered"), "leases outlive the process");
      assert(s.checks.length === 0, "checks don't");
    }
    for (const l of ended) {
      const check = before.checks.find((c) => c.epoch === l.epoch);
      if (body.kind === "tick" && rank[s.phase] < 2) {
        const end = check ? check.until : Math.min(l.until, l.deadline);
        assert(end <= this.#at, "a lease lasts its time, and the check of its receipt");
      }
      if (body.kind === "gone") assert.equal(l.stage, "offered", "a lease outlives its link");
    }
    for (const l of s.leases) {
      const old = before.leases.find((o) => o.epoch === l.epoch);
      assert(l.until <= l.deadline || l.stage === "offered", "a lease has an end");
      if (old && old.stage === l.stage) assert.equal(l.deadline, old.deadline);
      if (body.kind === "tick" && !s.checks.some((c) => c.epoch === l.epoch)) {
        assert(l.until > this.#at, "a lease ends when its time is over");
      }
      if (
        (body.kind === "progress" || body.kind === "accept") && body.epoch === l.epoch &&
        body.prover === l.prover
      ) {
        const until = Math.min(this.#at + this.rules.leaseMs, l.deadline);
        if (l.stage === "leased") assert.equal(l.until, until, "a heartbeat renews");
        assert(!l.excused, "a sign of life ends the excuse");
      }
      if (body.kind === "resume" && before.run !== s.run) {
        const until = Math.min(l.deadline, this.#at + this.rules.graceMs);
        assert(l.until === until && l.excused, "time to reconnect");
      }
    }
    for (const c of s.checks) {
      assert(body.kind !== "tick" || c.until > this.#at, "a check has an end");
      assert(this.#accepted.has(key(c.prover, c.epoch)));
    }
  }

  #checkWinner(before: State, next: Step, body: EventBody): void {
    const { state: s } = next;
    if (before.winner) assert.deepEqual(s.winner, before.winner, "the first receipt stays");
    assert.equal(s.winner !== null, s.phase === "proved");
    const won = !before.winner && s.winner;
    assert.deepEqual(next.accepted, won || undefined);
    if (body.kind === "verdict") this.#judged.add(key(body.prover, body.epoch));
    for (const c of before.checks) {
      if (body.kind === "tick" && c.until <= this.#at) this.#judged.add(key(c.prover, c.epoch));
    }
    if (won) {
      const truth = this.truth.get(key(won.prover, won.epoch));
      assert.equal(won.verdict, truth, "only a receipt that holds is accepted");
      assert(this.#accepted.has(key(won.prover, won.epoch)), "only from one who had a lease");
      const others = before.leases.filter((l) => l.epoch !== won.epoch);
      for (const l of others) {
        assert(next.actions.some((a) => a.kind === "cancel" && a.epoch === l.epoch), "losers stop");
      }
    }
    if (
      body.kind === "verdict" && body.verdict !== "invalid" && rank[before.phase] < 2 &&
      before.checks.some((c) => c.epoch === body.epoch && c.prover === body.prover)
    ) {
      assert.equal(s.phase, "proved", "a receipt that holds is accepted, late or not");
    }
    if (s.phase === "failed" && before.phase !== "failed") {
      const spent = s.attempts >= this.rules.attempts * this.rules.redundancy;
      const waits = before.checks.some((c) =>
        !(body.kind === "verdict" && c.epoch === body.epoch) &&
        !(body.kind === "tick" && c.until <= this.#at)
      );
      const refused = this.#accepted.size === 0 && this.#refusers.size >= 3;
      assert(this.#hopeless || (spent || refused) && !waits, "a task fails for a reason");
      assert(s.reason !== "");
    }
    if (this.#hopeless) assert.equal(s.phase, "failed", "what can't succeed fails at once");
    if (body.kind === "receipt" && rank[before.phase] < 2) {
      const { prover, epoch } = body;
      const had = this.#accepted.has(key(prover, epoch)) && !this.#judged.has(key(prover, epoch));
      const known = [...before.leases, ...before.past].some((l) => l.epoch === epoch);
      const checked = before.checks.some((c) => c.epoch === epoch);
      const verifies = next.actions.some((a) => a.kind === "verify" && a.epoch === epoch);
      assert.equal(verifies, had && known && !checked, "the first receipt of a lease is checked");
    }
  }

  #checkOutput(
    before: Output | undefined,
    o: Output,
    next: Step,
    body: EventBody,
    index: number,
    all: State,
  ): void {
    const live = o.state === "granted" || o.state === "sent";
    assert.equal(o.current !== null, live || o.state === "confirmed", "one holder, or none");
    const rule = this.rules.outputs[index];
    const lost = body.kind === "lost" && before?.state === "confirmed" && this.#isRouted(index);
    if (lost) this.#lost[index] = (this.#lost[index] ?? 0) + 1;
    const unfit = rule?.barred !== undefined ||
      rule?.verifiedOnly && next.state.winner?.verdict === "unverifiable";
    const retried = body.kind === "retry" && before?.state === "dead" && !unfit &&
      ((body.output ?? index) === index ||
        rule?.afterRouter && this.#isRouted(body.output ?? -1) &&
          all.outputs[body.output ?? -1]?.state === "dead");
    if (retried) this.#retried[index] = (this.#retried[index] ?? 0) + 1;
    const report = body.kind === "report" && body.output === index ? body : undefined;
    const byCurrent = report !== undefined && before?.current?.epoch === report.epoch &&
      before.current.holder === report.holder;
    const early = byCurrent && report.state === "early" && rule?.afterRouter === true &&
      /granted|sent/.test(before?.state ?? "") &&
      all.outputs.some((other, i) => this.#isRouted(i) && other.state !== "dead");
    if (early) {
      this.#early[index] = (this.#early[index] ?? 0) + 1;
      assert.equal(o.state, "waiting", "what is too early waits");
      assert.equal(o.notBefore - this.#at, this.rules.earlyMs, "and not for long");
    }
    const most = this.rules.outputAttempts * (1 + (this.#retried[index] ?? 0)) +
      (this.#lost[index] ?? 0) + (this.#early[index] ?? 0);
    assert(o.attempt <= most, "outputs too have a limit");
    assert.equal(o.grants.length, o.attempt);
    for (const [i, g] of o.grants.entries()) {
      assert(i === 0 || g.epoch > (o.grants[i - 1]?.epoch ?? 0), "epochs grow");
      assert.equal(g.holder === "enode", this.rules.outputs[index]?.where === "enode");
    }
    if (live && body.kind === "tick") assert(o.until > this.#at, "a grant has an end");
    if (unfit) assert.equal(o.state, "dead", "what may not be output is not granted");
    if (!before) return;
    if (retried) {
      assert.equal(o.state, "waiting", "what a person wants is tried again");
      assert(next.durable && next.log.some((l) => l.comment.includes("tried again")));
      assert.deepEqual(o.grants, before.grants, "a retry appends, and takes nothing back");
      // Whoever had it may still tell that it is confirmed.
      this.#outputs.set(index, { attempt: o.attempt, state: "retried" });
      return;
    }
    if (before.state === "dead") assert.deepEqual(o, before, "dead is final, but for a person");
    const theirs = before.grants
      .some((g) => g.epoch === report?.epoch && g.holder === report.holder);
    if (report?.state === "confirmed" && theirs && before.state !== "dead") {
      assert.equal(o.state, "confirmed", "what is final is believed from whoever had the grant");
    }
    if (lost) {
      const sent = next.outputs.some((e) => e.index === index && e.state === "sent");
      assert(sent && next.durable, "a return to sent is recorded");
      return assert.equal(o.state, "waiting", "what the router lost is granted again");
    }
    if (before.state === o.state && before.attempt === o.attempt) return;
    const told = next.outputs.some((e) => e.index === index && e.state === o.state);
    if (o.state !== "waiting") assert(told, "each state of an output is recorded");
    assert(next.durable, "a change of an output is durable");
    if (o.state === "granted") assert(this.#at >= before.notBefore, "no grant in the pause");
    if (o.state === "sent") assert(byCurrent && report.state === "sent");
    if (o.state === "dead" && report) assert(byCurrent);
    if (o.state === "waiting") {
      assert(byCurrent || body.kind === "tick" && before.until <= this.#at);
      assert(o.notBefore > this.#at, "a pause follows an attempt");
      assert(before.state !== "confirmed", "what is confirmed is not given away");
    }
    if (o.state === "confirmed") {
      assert(
        o.current && this.#confirmed.has(`${index}:${key(o.current.holder, o.current.epoch)}`),
      );
      if (before.current && before.current.epoch !== o.current.epoch) {
        const { epoch } = before.current;
        assert(next.actions.some((a) => a.kind === "cancel" && a.epoch === epoch));
      }
    }
  }

  /** A durable step was saved. */
  saved(next: Step): void {
    const { state: s } = next;
    const old = this.#saved;
    this.#saved = s;
    if (old) {
      assert(rank[s.phase] >= rank[old.phase] && (rank[old.phase] < 2 || s.phase === old.phase));
      assert(s.epoch >= old.epoch && s.attempts >= old.attempts);
      if (old.winner) assert.deepEqual(s.winner, old.winner, "one accepted result");
    }
    for (const e of next.outputs) {
      const last = this.#outputs.get(e.index);
      const forward = last === undefined || e.attempt > last.attempt ||
        e.attempt === last.attempt && follows(last.state, e.state);
      assert(forward, `output ${e.index} went from ${last?.state} to ${e.state}`);
      this.#outputs.set(e.index, e);
    }
    for (const { state, comment } of next.log) {
      this.finished.push(state);
      if (state === "proved" && !/returned to sent|tried again/.test(comment)) {
        assert.equal(++this.#proved, 1, "a task is proved once");
      }
      if (state === "outputted") {
        assert(s.outputs.every((o) => o.state === "confirmed"), "outputted means all confirmed");
      }
    }
    const ended = s.outputs.length > 0 && s.outputs.every((o) => o.state === "confirmed");
    const before = old?.outputs.every((o) => o.state === "confirmed") && old.outputs.length > 0;
    if (ended && !before) assert(next.log.some((l) => l.state === "outputted"));
  }
}

/** Within one attempt; a reorganisation takes `confirmed` back to `sent`. */
function follows(before: string, after: string): boolean {
  const order: Record<string, string[]> = {
    retried: ["waiting", "sent", "confirmed", "dead"],
    waiting: ["confirmed", "dead"],
    granted: ["sent", "confirmed", "dead"],
    sent: ["sent", "confirmed", "dead"],
    confirmed: ["sent"],
    dead: [],
  };
  return order[before]?.includes(after) ?? false;
}

/**
 * A world around one task's machine: znodes that work, lie, stall and die, a network that loses,
 * repeats and reorders, a process that crashes between saving and doing. Every step is shown to
 * the judge.
 */
import assert from "node:assert/strict";
import type { Address } from "viem";
import type { Action, EventBody, Holder, Report, Rules, State } from "../state.ts";
import { type Judge, key } from "./judge.ts";
import { JudgedTask, type Machine } from "./judged.ts";

export type { Machine };

/** One move: what kind, and two numbers that choose among what is possible. */
export type Move = readonly [op: number, a: number, b: number];

export const provers: readonly Address[] = [
  "0x1111111111111111111111111111111111111111",
  "0x2222222222222222222222222222222222222222",
  "0x3333333333333333333333333333333333333333",
];

export const rules = (change: Partial<Rules> = {}): Rules => ({
  redundancy: 1,
  attempts: 3,
  acceptMs: 5_000,
  leaseMs: 30_000,
  timeoutMs: 60_000,
  checkMs: 20_000,
  graceMs: 10_000,
  backoffMs: 1_000,
  backoffCapMs: 8_000,
  grantMs: 15_000,
  sentMs: 40_000,
  outputAttempts: 3,
  outputBackoffCapMs: 4_000,
  earlyMs: 3_000,
  outputs: [{ name: "stdout", where: "znode", verifiedOnly: false }],
  ...change,
});

type Packet = { readonly to: Holder; readonly action: Action };

export class World {
  at = 1_000_000;
  #run = 0;
  #toZnode: Packet[] = [];
  #toEnode: EventBody[] = [];
  #checks: { prover: Address; epoch: number }[] = [];
  #crashNext = false;

  /** Leases whose payload arrived. */
  readonly #working = new Set<string>();
  readonly #task: JudgedTask;
  readonly #judge: Judge;

  constructor(private readonly m: Machine, private readonly rules: Rules) {
    this.#task = new JudgedTask(m, rules, "run 0");
    this.#judge = this.#task.judge;
  }

  get state(): State {
    return this.#task.state;
  }

  /** The states that were recorded. */
  get finished(): readonly string[] {
    return this.#judge.finished;
  }

  /** Lets an event happen, as a driver would: step, save, then act. */
  happen(body: EventBody): void {
    const before = deepFreeze(this.state);
    const again = this.m.step(before, { ...body, at: this.at });
    const next = this.#task.take(this.at, body);
    assert.deepEqual(again, next, "the same event gives the same step");
    assert.deepEqual(
      this.m.load(JSON.stringify(next.state)),
      next.state,
      "a state is serialisable",
    );
    if (next.durable && this.#crashNext) return this.crash(true);
    for (const action of next.actions) this.#act(action);
  }

  crash(loseMessages: boolean): void {
    this.#crashNext = false;
    this.#run++;
    this.#checks = [];
    if (loseMessages) [this.#toEnode, this.#toZnode] = [[], []];
    this.#task.restore(`run ${this.#run}`);
    this.happen({ kind: "resume", run: `run ${this.#run}` });
  }

  play([op, a, b]: Move): void {
    const pick = <T>(list: readonly T[]): T | undefined => list[a % Math.max(1, list.length)];
    const znode = provers[a % provers.length] as Address;
    switch (op % 20) {
      case 0:
      case 1:
      case 2:
        return this.#deliverToZnode(a % Math.max(1, this.#toZnode.length), b);
      case 3:
      case 4:
      case 5:
        return this.#deliverToEnode(a % Math.max(1, this.#toEnode.length));
      case 6:
        if (b % 2) this.#toZnode.splice(a % Math.max(1, this.#toZnode.length), 1);
        else this.#toEnode.splice(a % Math.max(1, this.#toEnode.length), 1);
        return;
      case 7: {
        const [packet, event] = [pick(this.#toZnode), pick(this.#toEnode)];
        if (b % 2 && packet) this.#toZnode.push(packet);
        else if (event) this.#toEnode.push(event);
        return;
      }
      case 8:
        this.at += [1, 500, 1_000, 5_000, 16_000, 31_000, 41_000, 100_000][b % 8] as number;
        return;
      case 9:
        return this.happen({ kind: "tick" });
      case 10:
      case 11:
      case 12:
        return this.#fill(a, b);
      case 13:
        return this.#finishCheck(a);
      case 14:
      case 15:
        return this.#znodeActs(a, b);
      case 16:
        if (b % 3 === 0) this.#crashNext = true;
        else this.crash(b % 3 === 1);
        return;
      case 17:
        if (b % 2) return this.happen({ kind: "gone", prover: znode });
        return this.happen({ kind: "linked", holder: a % 4 === 3 ? "enode" : znode });
      case 18:
        return this.#stray(znode, a, b);
      case 19: {
        const output = a % this.rules.outputs.length;
        // A driver that asks for what the machine does not want.
        if (b % 3 === 0) return this.happen({ kind: "assign", prover: znode });
        return this.happen({ kind: "grant", output, holder: b % 3 === 1 ? znode : "enode" });
      }
    }
  }

  /** From now on nothing is lost and all are honest: the task must end. */
  settle(): void {
    this.#crashNext = false;
    const { rules } = this;
    const longest = rules.timeoutMs + 2 * rules.leaseMs + rules.checkMs + rules.sentMs +
      rules.grantMs + rules.backoffCapMs + rules.outputBackoffCapMs;
    const tries = rules.attempts * rules.redundancy + rules.outputs.length * rules.outputAttempts;
    const until = this.at + longest * (tries + 2);
    while (!this.m.done(this.state)) {
      this.#deliverAll();
      this.#fill(0, 0);
      this.#deliverAll();
      if (this.m.done(this.state)) break;
      const { leases, outputs } = this.m.wants(this.state, this.at);
      const next = this.m.nextWake(this.state, this.at);
      if (next === undefined && leases + outputs.length > 0) continue;
      assert(next !== undefined, "a task that is not done has a time to wake");
      this.at = Math.max(this.at, next);
      this.happen({ kind: "tick" });
      const later = this.m.nextWake(this.state, this.at);
      assert(later === undefined || later > this.at, "a tick leaves nothing that is over");
      assert(this.at <= until, "a task ends in time when all are honest");
    }
    assert.equal(this.m.nextWake(this.state, this.at), undefined, "a task that is done sleeps");
    const { phase, outputs } = this.state;
    assert(phase === "failed" || outputs.every((o) => /confirmed|dead/.test(o.state)));
  }

  #deliverAll(): void {
    for (let i = 0; this.#toEnode.length + this.#toZnode.length + this.#checks.length > 0; i++) {
      assert(i < 2_000, "messages do not multiply");
      if (this.#toEnode.length > 0) this.#deliverToEnode(0);
      if (this.#checks.length > 0) this.#finishCheck(0);
      if (this.#toZnode.length > 0) this.#deliverToZnode(0, 0);
    }
  }

  #deliverToEnode(i: number): void {
    const [body] = this.#toEnode.splice(i, 1);
    if (body) this.happen(body);
  }

  /** `mood` 0 is a znode that does as it should. */
  #deliverToZnode(i: number, mood: number): void {
    const [packet] = this.#toZnode.splice(i, 1);
    if (!packet) return;
    const { to, action } = packet;
    const { epoch } = action;
    const prover = to as Address;
    if (action.kind === "lease") {
      const answer = ["accept", "accept", "accept", "busy", "never", "silent"][mood % 6];
      if (answer === "accept") this.#toEnode.push({ kind: "accept", prover, epoch });
      else if (answer !== "silent") {
        const retryable = answer === "busy";
        this.#toEnode.push({ kind: "refuse", prover, epoch, retryable, reason: "no" });
      }
    } else if (action.kind === "payload") {
      this.#working.add(key(prover, epoch));
      if (mood % 3 === 0) this.#sendReceipt(prover, epoch, "valid");
    } else if (action.kind === "cancel") {
      this.#working.delete(key(to, epoch));
    } else if (action.kind === "grant") {
      const states = ["confirmed", "sent", "retry", "dead", undefined, "early"] as const;
      const state = states[mood % 6];
      if (state) this.#report(to, action.output, epoch, state);
    }
  }

  #znodeActs(a: number, b: number): void {
    const leases = [...this.#working];
    const grants = [...this.#judge.granted.keys()];
    const i = a % Math.max(1, leases.length + grants.length);
    const chosen = [...leases, ...grants][i];
    if (chosen === undefined) return;
    const [who = "", epochText = ""] = chosen.split("@");
    const prover = who as Address;
    const epoch = Number(epochText);
    if (i >= leases.length) {
      const state = (["sent", "confirmed", "retry", "dead", "early"] as const)[b % 6] ?? "sent";
      return this.#report(prover, this.#judge.granted.get(chosen) ?? 0, epoch, state);
    }
    const mood = b % 8;
    if (mood < 3) this.#toEnode.push({ kind: "progress", prover, epoch });
    else if (mood < 6) {
      const verdicts = ["valid", "invalid", "unverifiable"] as const;
      this.#sendReceipt(prover, epoch, verdicts[mood - 3] ?? "valid");
    } else {
      const retryable = mood === 6;
      this.#toEnode.push({ kind: "failure", prover, epoch, retryable, reason: "broke" });
    }
  }

  #sendReceipt(prover: Address, epoch: number, truth: "valid" | "unverifiable" | "invalid"): void {
    // A lease's first receipt decides what its bytes are: the world knows one truth for each.
    if (!this.#judge.truth.has(key(prover, epoch))) {
      this.#judge.truth.set(key(prover, epoch), truth);
    }
    this.#toEnode.push({ kind: "receipt", prover, epoch });
  }

  #report(
    holder: Holder,
    output: number,
    epoch: number,
    state: Report["state"],
  ): void {
    const reference = state === "sent" || state === "confirmed" ? `tx ${holder} ${epoch}` : "";
    this.#toEnode.push({ kind: "report", output, holder, epoch, state, reference, comment: "" });
  }

  /** Anybody may say anything about any epoch. */
  #stray(prover: Address, a: number, b: number): void {
    const epoch = a % 12;
    const reason = "stray";
    const output = a % this.rules.outputs.length;
    const base = { kind: "report", output, holder: prover, epoch, reference: "x", comment: "" };
    const all: EventBody[] = [
      { kind: "receipt", prover, epoch },
      { kind: "lost" },
      { kind: "retry", output: a % 2 ? output : undefined, by: "a person" },
      { kind: "accept", prover, epoch },
      { kind: "failure", prover, epoch, retryable: false, reason },
      { kind: "verdict", prover, epoch, verdict: "valid", reason },
      { kind: "progress", prover, epoch },
      { ...base, state: "confirmed" } as EventBody,
      { ...base, state: "dead" } as EventBody,
    ];
    const body = all[b % all.length] as EventBody;
    if (body.kind === "receipt" && !this.#judge.truth.has(key(prover, epoch))) {
      this.#judge.truth.set(key(prover, epoch), "invalid");
    }
    // A verdict comes from the enode's own check alone.
    if (body.kind === "verdict") return;
    this.happen(body);
  }

  #fill(a: number, b: number): void {
    const { leases, unavailable, tried, outputs } = this.m.wants(this.state, this.at);
    const free = provers.filter((p) => !unavailable.has(p));
    free.sort((x, y) => Number(tried.has(x)) - Number(tried.has(y)));
    for (let i = 0; i < leases && free.length > 0; i++) {
      const [prover] = free.splice(a % free.length, 1);
      if (prover) this.happen({ kind: "assign", prover });
    }
    for (const o of outputs) {
      const holder = o.self ? "enode" : provers[b % provers.length] as Address;
      this.happen({ kind: "grant", output: o.index, holder });
    }
  }

  #finishCheck(i: number): void {
    const [check] = this.#checks.splice(i % Math.max(1, this.#checks.length), 1);
    if (!check) return;
    const verdict = this.#judge.truth.get(key(check.prover, check.epoch)) ?? "invalid";
    this.happen({ kind: "verdict", ...check, verdict, reason: "the proof is wrong" });
  }

  #act(action: Action): void {
    this.#judge.action(this.at, this.state, action);
    if (action.kind === "verify") {
      this.#checks.push({ prover: action.prover, epoch: action.epoch });
      return;
    }
    const to = action.kind === "cancel" || action.kind === "grant" ? action.holder : action.prover;
    this.#toZnode.push({ to, action });
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}

/** Histories told one by one; each throws when the machine tells another. */
import assert from "node:assert/strict";
import type { Address } from "viem";
import type { Action, EventBody, Report, Rules, State, Step } from "../state.ts";
import { type Machine, provers, rules } from "./world.ts";

const [A, B, C] = provers as [Address, Address, Address];

class Story {
  at = 0;
  state: State;
  #step: Step | undefined;

  constructor(readonly m: Machine, change: Partial<Rules> = {}) {
    this.state = m.create(rules(change), "run 0");
  }

  happen(body: EventBody): this {
    this.#step = this.m.step(this.state, { ...body, at: this.at });
    this.state = this.#step.state;
    return this;
  }

  after(ms: number): this {
    this.at += ms;
    return this.happen({ kind: "tick" });
  }

  /** Offers a lease, and has it accepted. */
  lease(prover: Address): number {
    this.happen({ kind: "assign", prover });
    const { epoch } = this.state;
    this.happen({ kind: "accept", prover, epoch });
    this.did({ kind: "payload", prover, epoch });
    return epoch;
  }

  /** Offers a lease, and has it refused for good. */
  refused(prover: Address): this {
    this.happen({ kind: "assign", prover });
    const { epoch } = this.state;
    const reason = "unknown project";
    return this.happen({ kind: "refuse", prover, epoch, retryable: false, reason });
  }

  proved(prover: Address = A, verdict: "valid" | "unverifiable" = "valid"): this {
    const epoch = this.lease(prover);
    this.happen({ kind: "receipt", prover, epoch });
    return this.happen({ kind: "verdict", prover, epoch, verdict, reason: "" });
  }

  grant(holder: Address | "enode", output = 0): number {
    this.happen({ kind: "grant", output, holder });
    const { epoch } = this.state;
    this.did({ kind: "grant", output, holder, epoch });
    return epoch;
  }

  report(
    holder: Address | "enode",
    epoch: number,
    state: Report["state"],
    reference = "",
    output = 0,
  ): this {
    const comment = state === "dead" ? "reverted: NoRoute" : "";
    return this.happen({ kind: "report", output, holder, epoch, state, reference, comment });
  }

  did(...actions: Action[]): this {
    assert.deepEqual(this.#step?.actions, actions);
    return this;
  }

  told(...states: string[]): this {
    assert.deepEqual(this.#step?.log.map((l) => l.state), states);
    return this;
  }

  /** What the last step wrote of outputs. */
  get noted() {
    return this.#step?.outputs;
  }

  comment(pattern: RegExp): this {
    assert.match(this.#step?.log.at(-1)?.comment ?? "", pattern);
    return this;
  }

  output(state: string, index = 0): this {
    assert.equal(this.state.outputs[index]?.state, state);
    return this;
  }
}

export const scenarios: Record<string, (m: Machine) => void> = {
  "a busy znode costs nothing and is asked again after a pause"(m) {
    const s = new Story(m).happen({ kind: "assign", prover: A });
    s.happen({ kind: "refuse", prover: A, epoch: 1, retryable: true, reason: "busy" });
    assert.equal(s.state.attempts, 0);
    s.happen({ kind: "assign", prover: A }).did();
    s.happen({ kind: "assign", prover: B }).did({ kind: "lease", prover: B, epoch: 2 });
    s.happen({ kind: "gone", prover: B }).after(1_000);
    s.happen({ kind: "assign", prover: A }).did({ kind: "lease", prover: A, epoch: 3 });
    s.after(5_000).did({ kind: "cancel", holder: A, epoch: 3 }).after(1_000);
    assert.deepEqual(m.wants(s.state, s.at).unavailable, new Set([A]), "the pause doubled");
    assert.equal(s.state.attempts, 0);
  },

  "a znode that is busy again and again is asked as often"(m) {
    const s = new Story(m);
    for (let epoch = 1; epoch <= 4; epoch++) {
      s.happen({ kind: "assign", prover: A }).did({ kind: "lease", prover: A, epoch });
      s.happen({ kind: "refuse", prover: A, epoch, retryable: true, reason: "busy" }).after(1_000);
    }
    assert.deepEqual(m.wants(s.state, s.at).unavailable, new Set());
  },

  "a task ends when three znodes refuse it for good, not by one of them"(m) {
    const s = new Story(m);
    s.refused(A).told("packed").comment(/^waits for .*, refused by 0x1111.*: unknown project$/);
    s.after(60_000);
    for (let i = 0; i < 4; i++) s.refused(A).told().after(60_000);
    s.refused(B).told("packed");
    assert.equal(s.state.attempts, 0);
    s.refused(C).told("packed", "failed").comment(
      /^refused by 3 znodes: 0x3333.*: unknown project$/,
    );
  },

  "refusals are no verdict on what somebody took"(m) {
    const s = new Story(m);
    const epoch = s.lease(B);
    s.happen({ kind: "failure", prover: B, epoch, retryable: true, reason: "crash" }).after(1_000);
    for (const prover of [A, B, C]) s.refused(prover).told();
    assert.equal(s.state.attempts, 1);
  },

  "three lost leases end in failed, with the last reason and growing pauses"(m) {
    const s = new Story(m);
    for (const pause of [1_000, 2_000]) {
      s.lease(A);
      s.after(29_999).did().after(1).told();
      assert.equal(m.wants(s.state, s.at + pause - 1).leases, 0);
      assert.equal(m.wants(s.state, s.at + pause).leases, 1);
      assert.equal(m.nextWake(s.state, s.at), s.at + pause);
      s.after(pause);
    }
    const epoch = s.lease(B);
    s.after(30_000).did({ kind: "cancel", holder: B, epoch }).told("failed");
    s.comment(/^after 3 attempts: 0x2222.*: the lease ended without a result$/);
    assert(m.done(s.state));
    assert.equal(m.nextWake(s.state, s.at), undefined);
  },

  "progress keeps a lease alive until its proof may take no longer"(m) {
    const s = new Story(m);
    const epoch = s.lease(A);
    for (let i = 0; i < 4; i++) {
      s.after(20_000).did().happen({ kind: "progress", prover: A, epoch }).did();
    }
    s.after(9_999).did().after(1).did({ kind: "cancel", holder: A, epoch });
    s.happen({ kind: "progress", prover: A, epoch }).did({ kind: "cancel", holder: A, epoch });
  },

  "the receipt of a lease that ended wins when it is the first that holds"(m) {
    const s = new Story(m);
    const first = s.lease(A);
    s.after(30_000).after(1_000);
    const second = s.lease(B);
    s.happen({ kind: "receipt", prover: A, epoch: first });
    s.did({ kind: "verify", prover: A, epoch: first });
    s.happen({ kind: "receipt", prover: A, epoch: first }).did();
    s.happen({ kind: "verdict", prover: A, epoch: first, verdict: "valid", reason: "" });
    s.did({ kind: "cancel", holder: B, epoch: second }).told("proved");
    assert.equal(s.state.winner?.prover, A);
    s.happen({ kind: "receipt", prover: B, epoch: second });
    s.did({ kind: "cancel", holder: B, epoch: second });
    assert.equal(s.state.winner?.prover, A);
  },

  "a receipt without a lease, or under another's, is ignored"(m) {
    const s = new Story(m);
    const epoch = s.lease(A);
    for (const e of [{ prover: B, epoch }, { prover: A, epoch: 9 }, { prover: C, epoch: 0 }]) {
      s.happen({ kind: "receipt", ...e }).did();
      s.happen({ kind: "verdict", ...e, verdict: "valid", reason: "" }).told();
    }
    s.happen({ kind: "verdict", prover: A, epoch, verdict: "valid", reason: "" }).told();
    assert.equal(s.state.phase, "dispatched");
  },

  "the last attempt's end waits for the check of an earlier receipt"(m) {
    for (const verdict of ["valid", "invalid"] as const) {
      const s = new Story(m, { attempts: 2 });
      const first = s.lease(A);
      s.after(30_000).after(1_000);
      const second = s.lease(B);
      s.happen({ kind: "receipt", prover: A, epoch: first });
      const no = { retryable: true, reason: "crash" };
      s.happen({ kind: "failure", prover: B, epoch: second, ...no }).told();
      assert.equal(m.wants(s.state, s.at + 60_000).leases, 0);
      s.happen({ kind: "verdict", prover: A, epoch: first, verdict, reason: "wrong" });
      s.told(verdict === "valid" ? "proved" : "failed");
    }
  },

  "an invalid receipt costs the lease, and its repetition is not even looked at"(m) {
    const s = new Story(m);
    const epoch = s.lease(A);
    s.happen({ kind: "receipt", prover: A, epoch });
    s.happen({ kind: "verdict", prover: A, epoch, verdict: "invalid", reason: "bad proof" });
    s.did({ kind: "cancel", holder: A, epoch });
    assert.equal(s.state.attempts, 1);
    s.happen({ kind: "receipt", prover: A, epoch }).did({ kind: "cancel", holder: A, epoch });
    s.after(1_000).lease(B);
    s.comment(/^attempt 2; before: 0x1111.*: invalid receipt: bad proof$/);
  },

  "what can't succeed fails at once, unless others still work on it"(m) {
    const no = { retryable: false, reason: "trap: unreachable" };
    const alone = new Story(m);
    alone.happen({ kind: "failure", prover: A, epoch: alone.lease(A), ...no }).told("failed");
    alone.comment(/trap: unreachable$/);
    const two = new Story(m, { redundancy: 2 });
    const [a, b] = [two.lease(A), two.lease(B)];
    two.happen({ kind: "failure", prover: A, epoch: a, ...no }).told();
    two.happen({ kind: "failure", prover: B, epoch: b, ...no }).told("failed");
  },

  "what the enode knows to be impossible fails at once and stops all"(m) {
    const s = new Story(m, { redundancy: 2 });
    const [a, b] = [s.lease(A), s.lease(B)];
    s.happen({ kind: "abort", reason: "the program can't be loaded" }).told("failed");
    s.did({ kind: "cancel", holder: A, epoch: a }, { kind: "cancel", holder: B, epoch: b });
    s.happen({ kind: "abort", reason: "again" }).told();
  },

  "a znode that is back is asked again under the same epoch, and keeps its lease"(m) {
    const s = new Story(m);
    const epoch = s.lease(A);
    s.happen({ kind: "progress", prover: A, epoch });
    s.happen({ kind: "gone", prover: A }).after(20_000);
    s.happen({ kind: "linked", holder: B }).did();
    s.happen({ kind: "linked", holder: A }).did({ kind: "lease", prover: A, epoch });
    s.happen({ kind: "accept", prover: A, epoch }).did({ kind: "payload", prover: A, epoch });
    s.told();
    s.after(29_999).did();
    s.happen({ kind: "progress", prover: A, epoch });
    s.happen({ kind: "accept", prover: A, epoch }).did();
    // The proof still has to end in its time.
    s.after(30_000).after(10_000).did();
    assert.equal(s.state.leases.length, 0);
    assert.equal(s.state.attempts, 1);
  },

  "another process gives leases time to show life, and does not blame their silence"(m) {
    const s = new Story(m, { redundancy: 2, graceMs: 10_000 });
    const epoch = s.lease(A);
    s.happen({ kind: "assign", prover: B }).happen({ kind: "receipt", prover: A, epoch });
    s.at += 29_000;
    s.happen({ kind: "resume", run: "run 1" }).did();
    assert.deepEqual(s.state.leases.map((l) => l.prover), [A]);
    assert.equal(s.state.checks.length, 0);
    s.at += 9_999;
    s.happen({ kind: "resume", run: "run 1" }).after(1).did({ kind: "cancel", holder: A, epoch });
    assert.equal(s.state.attempts, 0);
    assert.equal(m.wants(s.state, s.at).leases, 2);
    s.happen({ kind: "receipt", prover: A, epoch }).did({ kind: "verify", prover: A, epoch });
    const alive = new Story(m);
    const lease = alive.lease(A);
    alive.happen({ kind: "resume", run: "run 1" });
    alive.happen({ kind: "progress", prover: A, epoch: lease }).after(30_000);
    assert.equal(alive.state.attempts, 1);
    const late = new Story(m);
    late.lease(A);
    late.at += 89_000;
    late.happen({ kind: "resume", run: "run 1" }).after(999).did().after(1);
    assert.equal(late.state.leases.length, 0);
  },

  "an output goes granted, sent, confirmed"(m) {
    const s = new Story(m).proved();
    assert.deepEqual(m.wants(s.state, s.at).outputs, [{ index: 0, self: false, last: undefined }]);
    const epoch = s.grant(A);
    s.happen({ kind: "grant", output: 0, holder: B }).did();
    s.report(A, epoch, "sent", "0xaa").output("sent").report(A, epoch, "confirmed", "0xaa");
    s.told("outputted").output("confirmed");
    assert(m.done(s.state));
  },

  "a winner that gets no grant is told that its receipt is stored"(m) {
    const rule = { name: "stdout", verifiedOnly: false };
    const own = new Story(m, { outputs: [{ ...rule, where: "enode" }] }).proved();
    own.did({ kind: "cancel", holder: A, epoch: 1 });
    const dead = new Story(m, { outputs: [{ ...rule, where: "znode", barred: "no" }] }).proved();
    dead.did({ kind: "cancel", holder: A, epoch: 1 });
    new Story(m, { outputs: [{ ...rule, where: "znode" }] }).proved().did();
  },

  "a silent holder loses the grant; only what it confirms is still believed"(m) {
    const s = new Story(m).proved();
    const first = s.grant(A);
    s.report(A, first, "sent", "0xaa").after(40_000).did({
      kind: "cancel",
      holder: A,
      epoch: first,
    });
    s.report(A, first, "sent", "0xaa").output("waiting").after(1_000);
    assert.equal(m.wants(s.state, s.at).outputs[0]?.last, A);
    const second = s.grant(B);
    assert(second > first);
    for (const word of ["sent", "retry", "dead"] as const) s.report(A, first, word, "0xaa");
    s.report(A, second, "confirmed").report(C, first, "confirmed").output("granted");
    s.report(A, first, "confirmed", "0xaa").told("outputted");
    s.did({ kind: "cancel", holder: B, epoch: second });
    s.report(B, second, "dead").report(B, second, "confirmed", "0xbb").told();
    assert.equal(s.state.outputs[0]?.reference, "0xaa");
  },

  "a reorganisation takes a finished task back to sent"(m) {
    const s = new Story(m).proved();
    const epoch = s.grant(A);
    s.report(A, epoch, "confirmed", "0xaa").report(A, epoch, "sent", "0xaa").told();
    const again = { output: 0, holder: A, epoch, reference: "0xaa", comment: "sent again" };
    s.happen({ kind: "report", state: "sent", ...again });
    s.told("proved").comment(/returned to sent/).output("sent");
    assert(!m.done(s.state));
    s.report(A, epoch, "confirmed", "0xab").told("outputted");
  },

  "what the router lost is granted again, and nothing else is"(m) {
    const outputs = ["stdout", "ethereumContract"].map((name) => ({
      name,
      where: "znode" as const,
      verifiedOnly: false,
    }));
    const s = new Story(m, { outputs }).proved();
    const [first, second] = [s.grant(A, 0), s.grant(B, 1)];
    s.happen({ kind: "lost" }).told();
    s.report(A, first, "confirmed").report(B, second, "confirmed", "0xbb", 1).told("outputted");
    s.happen({ kind: "lost" }).told("proved").comment(/^output 1 returned to sent: the chain /);
    const comment = "output 1 returned to sent: the chain reorganised, the router has it not";
    const noted = { index: 1, attempt: 1, state: "sent", reference: "0xbb" };
    assert.deepEqual(s.noted, [{ ...noted, by: "dispatch", comment }]);
    s.output("confirmed").output("waiting", 1).happen({ kind: "lost" }).told();
    assert(!m.done(s.state));
    const third = s.grant(C, 1);
    s.report(B, second, "sent", "0xbb", 1).output("granted", 1);
    s.report(C, third, "confirmed", "0xcc", 1).told("outputted");
    assert(m.done(s.state));
  },

  "a dead output fails the task for people, and the others go on"(m) {
    const outputs = ["stdout", "ethereumContract"].map((name) => ({
      name,
      where: "znode" as const,
      verifiedOnly: false,
    }));
    const s = new Story(m, { outputs }).proved();
    const [first, second] = [s.grant(A, 0), s.grant(B, 1)];
    s.report(B, second, "dead", "", 1).told("failed");
    s.comment(/^output 1 \(ethereumContract\): 0x2222.*: reverted: NoRoute$/);
    assert.equal(s.state.phase, "proved");
    s.report(A, first, "confirmed").told().output("confirmed").output("dead", 1);
    assert(m.done(s.state));
  },

  "an output that is put off is tried again, and dies after its last attempt"(m) {
    const s = new Story(m).proved();
    for (const pause of [1_000, 2_000]) {
      s.report(A, s.grant(A), "retry").told().output("waiting");
      s.happen({ kind: "grant", output: 0, holder: B }).did().after(pause);
    }
    s.report(B, s.grant(B), "retry").told("failed").comment(/after 3 attempts/).output("dead");
    s.report(A, 2, "confirmed").told().output("dead");
  },

  "a dead output is tried again when a person says so, with all attempts, and only that"(m) {
    const outputs = ["stdout", "textile", "webhook"].map((name) => ({
      name,
      where: "znode" as const,
      verifiedOnly: name === "textile",
    }));
    const s = new Story(m, { outputs, outputAttempts: 2 }).proved(A, "unverifiable");
    s.report(A, s.grant(A, 0), "confirmed");
    s.report(B, s.grant(B, 2), "dead", "", 2).output("dead", 2);
    assert(m.done(s.state));
    for (const output of [0, 1, 7]) {
      s.happen({ kind: "retry", output, by: "a person" }).told();
      assert(m.done(s.state));
    }
    s.happen({ kind: "retry", output: undefined, by: "a person" }).told("proved");
    s.comment(/^output 2 is tried again$/).output("dead", 1).output("waiting", 2);
    s.happen({ kind: "retry", output: 2, by: "a person" }).told();
    s.report(B, s.grant(B, 2), "retry", "", 2).after(1_000);
    s.report(C, s.grant(C, 2), "retry", "", 2).output("dead", 2).comment(/after 2 attempts/);
    s.happen({ kind: "retry", output: 2, by: "a person" });
    s.report(C, s.grant(C, 2), "confirmed", "", 2).output("confirmed", 2).told();
    assert.equal(s.state.outputs[2]?.attempt, 4);
  },

  "what goes out after the router's output waits without attempts, and ends and goes on with it"(
    m,
  ) {
    const outputs = [
      { name: "webhook", where: "enode" as const, verifiedOnly: true, afterRouter: true },
      { name: "ethereumContract", where: "znode" as const, verifiedOnly: false },
    ];
    const s = new Story(m, { outputs }).proved();
    const why = "waits for the router to accept the task";
    const held = { index: 0, attempt: 0, state: "waiting", reference: "", by: "dispatch" };
    assert.deepEqual(s.noted, [{ ...held, comment: why }]);
    for (const pause of [1_000, 2_000]) {
      s.report(A, s.grant(A, 1), "retry", "", 1).after(pause);
      s.happen({ kind: "grant", output: 0, holder: "enode" }).did();
    }
    s.report(A, s.grant(A, 1), "retry", "", 1).told("failed", "failed").output("dead", 1);
    s.comment(/^output 0 \(webhook\): the router's output, .*: retry that$/).output("dead");
    assert(m.done(s.state));
    s.happen({ kind: "retry", output: 1, by: "a person" }).told("proved", "proved");
    assert.deepEqual(s.noted, [{ ...held, comment: why }]);
    s.output("waiting").output("waiting", 1);
    s.report(A, s.grant(A, 1), "confirmed", "0xaa", 1);
    const epoch = s.grant("enode");
    s.report("enode", epoch, "retry").after(1_000);
    s.report("enode", s.grant("enode"), "confirmed").told("outputted");
    assert.equal(s.state.outputs[0]?.attempt, 2);
    // Its pause is over when the router has the task again.
    const again = new Story(m, { outputs, outputAttempts: 9 }).proved();
    again.report(A, again.grant(A, 1), "confirmed", "0xaa", 1);
    for (const pause of [1_000, 2_000]) {
      again.report("enode", again.grant("enode"), "retry").after(pause);
    }
    again.report("enode", again.grant("enode"), "retry");
    again.happen({ kind: "grant", output: 0, holder: "enode" }).did();
    again.happen({ kind: "lost" });
    again.report(A, again.grant(A, 1), "confirmed", "0xbb", 1);
    again.grant("enode");
    // Too early costs nothing but a short pause, as long as the router's may go there.
    const early = new Story(m, { outputs, outputAttempts: 2 }).proved();
    early.report(A, early.grant(A, 1), "confirmed", "0xaa", 1);
    for (let i = 0; i < 5; i++) {
      early.report("enode", early.grant("enode"), "early").told().output("waiting").after(2_999);
      early.happen({ kind: "grant", output: 0, holder: "enode" }).did().after(1);
    }
    early.report("enode", early.grant("enode"), "retry").after(1_000);
    early.report("enode", early.grant("enode"), "retry").output("dead");
    for (const [of, state] of [[outputs, "dead"], [outputs.slice(0, 1), "retry"]] as const) {
      const elsewhere = new Story(m, { outputs: [...of], outputAttempts: 1 }).proved();
      if (state === "dead") elsewhere.report(A, elsewhere.grant(A, 1), state, "", 1);
      if (state === "dead") elsewhere.happen({ kind: "retry", output: 0, by: "a person" });
      elsewhere.report("enode", elsewhere.grant("enode"), "early").output("dead");
    }
    const other = new Story(m, { outputs, outputAttempts: 1 }).proved();
    other.report(A, other.grant(A, 1), "early", "", 1).output("dead", 1);
    // The router may have it from elsewhere.
    const alone = new Story(m, { outputs }).proved();
    alone.report(A, alone.grant(A, 1), "dead", "", 1).output("dead");
    alone.happen({ kind: "retry", output: 0, by: "a person" }).told("proved").output("dead", 1);
    alone.report("enode", alone.grant("enode"), "confirmed").output("confirmed");
    const unrouted = new Story(m, { outputs: outputs.slice(0, 1) }).proved();
    unrouted.grant("enode");
  },

  "the enode's own outputs are granted to nobody else, and again after a restart"(m) {
    const outputs = [{ name: "ethereumContract", where: "enode" as const, verifiedOnly: false }];
    const s = new Story(m, { outputs }).proved();
    s.happen({ kind: "grant", output: 0, holder: A }).did();
    const epoch = s.grant("enode");
    s.happen({ kind: "resume", run: "run 1" });
    s.did({ kind: "grant", output: 0, holder: "enode", epoch });
    s.report("enode", epoch, "confirmed", "0xaa").told("outputted");
  },

  "an unverifiable result only goes where it may"(m) {
    const outputs = [
      { name: "stdout", where: "znode" as const, verifiedOnly: false },
      { name: "textile", where: "znode" as const, verifiedOnly: true },
    ];
    const s = new Story(m, { outputs }).proved(A, "unverifiable").told("proved", "failed");
    s.output("waiting").output("dead", 1).grant(A);
    new Story(m, { outputs }).proved().told("proved").output("waiting", 1);
  },
};

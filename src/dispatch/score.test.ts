import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Address } from "viem";
import * as machine from "./machine.ts";
import {
  costs,
  type Fault,
  free,
  goodWork,
  halfLifeMs,
  leastBad,
  limit,
  most,
  Scores,
  TaskConduct,
} from "./score.ts";
import type { EventBody } from "./state.ts";
import { sleep, text, until, useBenches } from "./testing/bench.ts";
import { rules } from "./testing/world.ts";
import { account, type ScriptedZnode, znodeOn } from "./testing/znode.ts";

const address = (n: number): Address => `0x${(n + 1).toString(16).padStart(40, "0")}`;
const [a, b, c] = [address(0), address(1), address(2)];
const lie = "a proof that does not verify";
const silence = "a lease that ended in silence";
const minute = 60_000;
const faults = Object.keys(costs) as Fault[];

describe("a score", () => {
  test("falls with a fault, and halves its way back", () => {
    const scores = new Scores();
    scores.charge(a, silence, 0);
    expect(scores.of(a, 0)).toBe(-costs[silence]);
    expect(scores.of(a, halfLifeMs.rest)).toBeCloseTo(-costs[silence] / 2);
    expect(scores.of(a, 20 * halfLifeMs.rest)).toBeCloseTo(0);
    expect(scores.barred(a, 0)).toBeUndefined();
  });

  test("one lie bars for its half-life, and good work does not make up for it", () => {
    const scores = new Scores();
    scores.charge(a, lie, 0);
    for (let i = 0; i < 1_000; i++) scores.praise(a, 1);
    expect(scores.barred(a, 1)).toBe(`barred: ${lie}`);
    expect(scores.barred(a, halfLifeMs.lies - 1)).toBeDefined();
    expect(scores.barred(a, halfLifeMs.lies + 1)).toBeUndefined();
  });

  test("who is silent again and again is barred, unless its good work outweighs that", () => {
    const scores = new Scores();
    for (let i = 0; i < 20; i++) {
      scores.charge(a, silence, i * minute);
      scores.charge(b, silence, i * minute);
      for (let n = 0; n < 2; n++) scores.praise(b, i * minute);
    }
    expect(scores.barred(a, 19 * minute)).toBe(`barred: ${silence}`);
    expect(scores.barred(b, 19 * minute)).toBeUndefined();
  });

  test("all leases that a znode loses in one moment are one fault", () => {
    const scores = new Scores();
    for (let i = 0; i < 64; i++) scores.charge(a, silence, 1_000 + i, i * 100);
    expect(scores.of(a, 1_000)).toBeGreaterThan(-costs[silence] - 1);
  });

  test("refused frames bar when the link's patience is over", () => {
    const scores = new Scores();
    scores.charge(a, "a frame that is refused", 0, 0, 64);
    expect(scores.barred(a, 0)).toBeDefined();
  });

  test("no bar lasts for ever, whatever a znode does until then", () => {
    const doing = fc.record({ fault: fc.constantFrom(...faults), ms: fc.nat(10 * minute) });
    fc.assert(fc.property(fc.array(doing, { maxLength: 300 }), (done) => {
      const scores = new Scores();
      let now = 0;
      for (const { fault, ms } of done) scores.charge(a, fault, now += ms);
      const longest = Math.log2(most / free) * Math.max(halfLifeMs.lies, halfLifeMs.rest);
      expect(scores.of(a, now)).toBeGreaterThanOrEqual(-2 * most);
      expect(scores.barred(a, now + longest + 1)).toBeUndefined();
      expect(scores.of(a, now + longest)).toBeGreaterThan(-limit - 1);
    }));
  });

  test("only what a znode did changes its score", () => {
    const doing = fc.record({
      who: fc.constantFrom(a, b, c),
      fault: fc.option(fc.constantFrom(...faults)),
      ms: fc.nat(minute),
    });
    fc.assert(fc.property(fc.array(doing, { maxLength: 200 }), (done) => {
      const [all, alone] = [new Scores(), new Scores()];
      let now = 0;
      for (const { who, fault, ms } of done) {
        now += ms;
        for (const scores of who === a ? [all, alone] : [all]) {
          if (fault) scores.charge(who, fault, now);
          else scores.praise(who, now);
        }
      }
      expect(all.of(a, now)).toBe(alone.of(a, now));
      expect(all.barred(a, now)).toBe(alone.barred(a, now));
    }));
  });

  test("a clock that is set back neither adds to a penalty nor frees for ever", () => {
    const scores = new Scores();
    scores.charge(a, silence, 10 * minute);
    scores.charge(a, "a lease given up", 0);
    expect(scores.of(a, 0)).toBe(-costs[silence] - costs["a lease given up"]);
  });

  test("10,000 znodes and more take bounded room, and the worst are remembered", () => {
    const scores = new Scores({ mostRemembered: 1_000 });
    for (let i = 0; i < 10_000; i++) {
      scores.charge(address(i), i % 100 === 0 ? lie : "an offer not answered", i);
      expect(scores.size).toBeLessThanOrEqual(1_000);
    }
    for (let i = 0; i < 10_000; i += 100) expect(scores.barred(address(i), 10_000)).toBeDefined();
    for (let i = 0; i < 10_000; i++) scores.praise(address(i), 10_000);
    expect(scores.size).toBeLessThanOrEqual(1_000);
  });
});

test("where all are barred, the best of them that is idle is chosen", () => {
  const scores = new Scores();
  for (let i = 0; i < 3; i++) scores.charge(a, lie, 0);
  for (const prover of [b, c]) scores.charge(prover, lie, 0);
  scores.charge(b, silence, 0);
  const idle = [a, b, c].map((prover) => ({ prover, busy: 0 }));
  expect(leastBad(idle, scores, 0)).toEqual([{ prover: c, busy: 0 }]);
  const busy = [{ prover: c, busy: 1 }, { prover: b, busy: 0 }];
  expect(leastBad(busy, scores, 0)).toEqual([{ prover: b, busy: 0 }]);
  expect(leastBad([{ prover: c, busy: 1 }], scores, 0)).toEqual([]);
});

/** A task's machine, and what its driver holds against znodes. */
class Watched {
  readonly scores = new Scores();
  readonly conduct = new TaskConduct();
  at = 0;
  state = machine.create(rules({ attempts: 9 }), "run");

  happen(event: EventBody, ms = 0): this {
    this.at += ms;
    const before = this.state;
    this.state = machine.step(before, { ...event, at: this.at }).state;
    this.conduct.note(this.scores, before, event, this.state, this.at);
    return this;
  }

  lease(prover: Address): number {
    this.happen({ kind: "tick" }, Math.max(0, this.state.notBefore - this.at));
    this.happen({ kind: "assign", prover });
    this.happen({ kind: "accept", prover, epoch: this.state.epoch });
    return this.state.epoch;
  }

  /** Lets time pass, with a look at the task when something is due. */
  wait(ms: number): this {
    for (const end = this.at + ms; this.at < end;) {
      const due = machine.nextWake(this.state, this.at) ?? end;
      this.happen({ kind: "tick" }, Math.min(Math.max(due, this.at + 1), end) - this.at);
    }
    return this;
  }

  proved(prover: Address): this {
    const epoch = this.lease(prover);
    this.happen({ kind: "receipt", prover, epoch });
    return this.happen({ kind: "verdict", prover, epoch, verdict: "valid", reason: "" });
  }

  /** Without what little of it was forgotten in the meantime. */
  score(prover: Address): number {
    return Math.floor(this.scores.of(prover, this.at)) + 0;
  }
}

describe("in one task", () => {
  const { leaseMs } = rules();
  const gaveUp = (retryable: boolean) => ({ kind: "failure", retryable, reason: "no" } as const);

  test("silence counts once another znode proved it", () => {
    const w = new Watched();
    w.lease(a);
    w.wait(2 * leaseMs);
    expect(w.state.leases).toEqual([]);
    expect(w.score(a)).toBe(0);
    w.proved(b);
    expect([w.score(a), w.score(b)]).toEqual([-costs[silence], 0]);
  });

  test("and so does a lease given up; a task that nobody proves counts against nobody", () => {
    const w = new Watched();
    for (const prover of [a, b]) {
      w.happen({ ...gaveUp(true), prover, epoch: w.lease(prover) });
    }
    w.lease(c);
    w.wait(2 * leaseMs);
    expect([a, b, c].map((p) => w.score(p))).toEqual([0, 0, 0]);
    w.proved(b);
    expect(w.score(a)).toBe(-costs["a lease given up"]);
    expect(w.score(c)).toBe(-costs[silence]);
    expect(w.score(b)).toBe(0);
  });

  test("an offer that is declined costs nothing, one that is ignored a little", () => {
    const w = new Watched();
    w.happen({ kind: "assign", prover: a });
    w.happen({ kind: "refuse", prover: a, epoch: 1, retryable: true, reason: "busy" });
    w.happen({ kind: "assign", prover: c });
    w.wait(rules().acceptMs + 1);
    w.proved(b);
    expect([w.score(a), w.score(c)]).toEqual([0, -costs["an offer not answered"]]);
  });

  test("what an enode that stood still did not hear is not held against anyone", () => {
    const w = new Watched();
    w.lease(a);
    w.happen({ kind: "tick" }, 100 * leaseMs);
    w.proved(b);
    expect(w.score(a)).toBe(0);
  });

  test("a receipt that nobody can verify counts for nobody, and against nobody", () => {
    const w = new Watched();
    w.lease(a);
    w.wait(2 * leaseMs);
    const epoch = w.lease(b);
    w.happen({ kind: "receipt", prover: b, epoch });
    w.happen({ kind: "verdict", prover: b, epoch, verdict: "unverifiable", reason: "" });
    expect(w.state.phase).toBe("proved");
    expect(w.score(a)).toBe(0);
  });

  test("whatever others send, a znode that proves its leases in time keeps its score", () => {
    const others = fc.record({
      prover: fc.constantFrom(b, c),
      epoch: fc.nat(6),
      kind: fc.constantFrom("accept", "progress", "receipt", "refuse", "failure", "gone", "assign"),
      ms: fc.nat(Math.floor(leaseMs / 10)),
    });
    fc.assert(fc.property(fc.array(others, { maxLength: 60 }), (sent) => {
      const w = new Watched();
      const epoch = w.lease(a);
      for (const { ms, ...event } of sent) {
        w.wait(ms);
        w.happen({ ...event, retryable: true, reason: "" } as unknown as EventBody);
        w.happen({ kind: "progress", prover: a, epoch });
      }
      w.happen({ kind: "receipt", prover: a, epoch });
      w.happen({ kind: "verdict", prover: a, epoch, verdict: "valid", reason: "" });
      expect(w.score(a)).toBe(0);
    }));
  });
});

const bench = useBenches();
const lies: NonNullable<Parameters<typeof znodeOn>[2]> = (self) => ({
  payload: (p) => self.prove(p, self.proof(p.taskId, { proof: text("bad") })),
});
const leases = (z: ScriptedZnode) => z.got("lease").length;

describe("dispatch", () => {
  test("gives a liar one task, and then none while there are others", async () => {
    const x = bench();
    const dispatch = x.start();
    const liar = await znodeOn(x.links, 2, lies);
    const first = await x.task();
    await until(() => dispatch.conduct(account(2).address).barred !== undefined);
    await znodeOn(x.links, 3);
    await x.ends(first, "outputted");
    const before = leases(liar);
    for (let i = 0; i < 8; i++) await x.ends(await x.task(), "outputted");
    expect(leases(liar)).toBe(before);
    expect(dispatch.conduct(account(2).address)).toEqual({
      score: expect.closeTo(-costs[lie] * before, 0),
      barred: `barred: ${lie}`,
    });
  });

  test("leaves no project without a znode: the best of the bad gets a task at a time", async () => {
    const x = bench({ version: { attempts: 1 } });
    x.start();
    let lying = true;
    let most = 0;
    const open = new Set<string>();
    const z = await znodeOn(x.links, 2, (self) => ({
      payload: async (p) => {
        if (lying) return self.prove(p, self.proof(p.taskId, { proof: text("bad") }));
        open.add(p.taskId);
        most = Math.max(most, open.size);
        await sleep(20);
        open.delete(p.taskId);
        await self.prove(p);
      },
    }));
    await x.ends(await x.task(), "failed");
    lying = false;
    const ids = await Promise.all(Array.from({ length: 6 }, () => x.task()));
    for (const id of ids) await x.ends(id, "outputted");
    expect([leases(z), most]).toEqual([7, 1]);
  });

  test("knows after a restart who is on record", async () => {
    const x = bench({ version: { attempts: 1 } });
    const first = x.start();
    await znodeOn(x.links, 2, lies);
    await x.ends(await x.task(), "failed");
    await until(() => x.memory.evidence.faults.length === 1);
    await first.stop();
    const again = x.start();
    await until(() => again.conduct(account(2).address).barred !== undefined);
  });

  test("bars who floods with what is no message, and nobody else", async () => {
    const x = bench();
    const dispatch = x.start();
    const [flooder, other] = [await znodeOn(x.links, 2), await znodeOn(x.links, 3)];
    const sink = flooder.link?.connection.frames.sink;
    for (let i = 0; i < 80 && !sink?.closed; i++) {
      await sink?.send(new Uint8Array(100).fill(i)).catch(() => undefined);
    }
    await until(() => dispatch.conduct(account(2).address).barred !== undefined);
    expect(dispatch.conduct(other.account.address)).toEqual({ score: 0, barred: undefined });
  });

  test("does not let a znode be framed by frames that name its leases", async () => {
    const x = bench();
    const dispatch = x.start();
    const honest = await znodeOn(x.links, 2, (self) => ({
      payload: async (p) => {
        for (const epoch of [p.epoch, p.epoch + 1n]) {
          const { taskId } = p;
          const said = { taskId, epoch, reason: "no", retryable: false };
          await framer.send("accept", { taskId, epoch, verifier: account(2).address });
          await framer.send("receipt", {
            ...{ taskId, epoch },
            receipt: self.proof(taskId, { proof: text("bad") }),
          });
          await framer.send("failure", said);
          await framer.send("refuse", said);
        }
        await sleep(50);
        await self.prove(p);
      },
    }));
    const framer = await znodeOn(x.links, 3, () => ({ lease: () => undefined }));
    for (let i = 0; i < 4; i++) await x.ends(await x.task(), "outputted");
    expect(honest.got("payload").length).toBe(4);
    expect(dispatch.conduct(account(2).address).score).toBe(0);
  });

  test("good work is worth less than the silence it makes up for", () => {
    expect(goodWork).toBeLessThan(costs[silence]);
  });
});

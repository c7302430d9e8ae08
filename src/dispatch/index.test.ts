import { describe, expect, test } from "bun:test";
import { keccak256, zeroAddress, zeroHash } from "viem";
import { ProgramError } from "../../runtimes/runtime.ts";
import { LinkSet } from "../network/local.ts";
import {
  Bench,
  type BenchOptions,
  direct,
  projectVersion,
  sleep,
  testProgram,
  text,
  until,
  useBenches,
} from "./testing/bench.ts";
import { account, network, ScriptedZnode, znodeOn } from "./testing/znode.ts";

const bench = useBenches();

describe("a good znode", () => {
  test("proves and outputs; each step is recorded, by whom", async () => {
    const b = bench();
    b.start();
    const z = await znodeOn(b.links, 2);
    const id = await b.task(["a", "b"]);
    expect(await b.ends(id, "outputted")).toEqual(["dispatched", "proved", "outputted"]);
    const { log, receipt, outputs, record, wakeAt } = b.memory.row(id);
    expect(log.map((l) => l.by)).toEqual(Array(3).fill(z.account.address));
    expect(log[1]?.result).toBe("0x676f6f64");
    expect(log[2]?.result).toBe("0xaa");
    expect(receipt?.prover).toBe(z.account.address);
    expect(outputs.map((o) => [o.attempt, o.state])).toEqual([[1, "granted"], [1, "confirmed"]]);
    expect([record.phase, wakeAt]).toEqual(["proved", null]);
    const [payload] = z.got("payload");
    expect(payload?.messages).toEqual([text("a"), text("b")]);
    expect(payload?.clientId).toBe("device");
    expect(z.got("grant").map((g) => [g.taskId, g.epoch, g.output])).toEqual([[id, 2n, 0]]);
  });

  test("gets no more proofs at once than it can make; the rest wait their turn", async () => {
    const b = bench();
    const dispatch = b.start({ options: { lookahead: 4 } });
    let running = 0, most = 0;
    const z = await znodeOn(b.links, 2, (self) => ({
      lease: (lease) => {
        most = Math.max(most, ++running);
        return self.accept(lease);
      },
      payload: async (payload) => {
        await sleep(5);
        running--;
        await self.prove(payload);
      },
    }));
    const ids = await Promise.all(Array.from({ length: 40 }, (_, i) => b.task([`m${i}`])));
    for (const id of ids) await b.ends(id, "outputted");
    expect(most).toBe(2);
    expect(z.got("lease").length).toBe(40);
    await until(() => dispatch.status().held === 0);
  });

  test("shares the work with others by its capacity", async () => {
    const b = bench();
    b.start();
    const [small, large] = [await znodeOn(b.links, 2, undefined, 1), await znodeOn(b.links, 3)];
    const ids = await Promise.all(Array.from({ length: 30 }, (_, i) => b.task([`m${i}`])));
    for (const id of ids) await b.ends(id, "outputted");
    expect(small.got("lease").length).toBeGreaterThan(3);
    expect(large.got("lease").length).toBeGreaterThan(small.got("lease").length);
  });
});

describe("without a znode", () => {
  test("tasks wait, and no attempt is spent", async () => {
    const b = bench();
    const dispatch = b.start();
    const id = await b.task();
    await sleep(300);
    expect(b.memory.states(id)).toEqual([]);
    expect(dispatch.status().waiting).toBe(1);
    expect(dispatch.heldUpBy(id)).toBe("waits for a znode: none that is staked is linked");
    await znodeOn(b.links, 2);
    expect(await b.ends(id, "outputted")).toEqual(["dispatched", "proved", "outputted"]);
    expect(dispatch.heldUpBy(id)).toBeUndefined();
  });

  test("that is registered, of the machine, or allowed by the project, tasks wait", async () => {
    const allowed = account(5);
    const b = bench({
      version: { provers: { allow: [allowed.address, account(2).address], remote: false } },
      deps: { isEligible: (prover) => Promise.resolve(prover !== account(2).address) },
    });
    const dispatch = b.start();
    const stranger = await znodeOn(b.links, 2);
    const other = await new ScriptedZnode(account(5), b.links, undefined, {
      runtimes: ["risc0"],
      capacity: 2,
    }).connect();
    const outsider = await znodeOn(b.links, 3);
    const id = await b.task();
    await sleep(200);
    await stranger.send("accept", {
      taskId: id,
      epoch: 1n,
      verifier: zeroAddress,
    });
    await until(() => b.refused.ineligible === 1);
    for (const z of [stranger, other, outsider]) expect(z.heard).toEqual([]);
    expect(dispatch.heldUpBy(id))
      .toBe("waits for a znode: none that is linked and that the project allows proves halo2");
    await other.send("hello", { runtimes: ["halo2"], capacity: 1 });
    await b.ends(id, "outputted");
  });

  test("many waiting tasks of one project don't keep another's waiting", async () => {
    const b = bench();
    const allow = [account(9).address];
    let tasks = 0;
    b.start({
      options: { lookahead: 4, holdMs: 150 },
      // The first tasks may only be proved by a znode that is not there.
      projects: {
        forTask: () =>
          Promise.resolve(
            projectVersion(
              tasks++ < 12 ? { provers: { allow, remote: false } } : {},
            ),
          ),
      },
    });
    await znodeOn(b.links, 2);
    const stuck = await Promise.all(Array.from({ length: 12 }, () => b.task()));
    await until(() => tasks >= 12);
    const id = await b.task(["free"]);
    await b.ends(id, "outputted");
    expect(stuck.every((s) => !b.memory.states(s).includes("failed"))).toBe(true);
  });
});

describe("what nobody can prove fails at once", () => {
  const cases: [string, BenchOptions, Parameters<Bench["task"]>, RegExp][] = [
    [
      "a program that is none",
      { program: new ProgramError("load", "not a WASM module") },
      [],
      /the program can't be used: not a WASM module/,
    ],
    [
      "a machine that is not offered",
      { program: new ProgramError("unsupported", "zkwasm is not offered") },
      [],
      /zkwasm is not offered/,
    ],
    ["a message that the program refuses", {}, [["bad"], zeroHash], /refused the input: no field/],
    ["a commitment that was never made", {}, [["fine"], zeroHash], /could not commit/],
    ["too many messages", {}, [["1", "2", "3", "4", "5"]], /at most 4 messages, the task has 5/],
    ["a payload too large", {}, [["x".repeat(5_000_000)]], /too large/],
    [
      "a program that fails to load again and again",
      { program: new ProgramError("crash", "its process died") },
      [],
      /the project can't be used: its process died/,
    ],
  ];
  for (const [what, options, task, reason] of cases) {
    test(what, async () => {
      const b = bench(options);
      b.start();
      await znodeOn(b.links, 2);
      const id = await b.task(...task);
      expect((await b.ends(id, "failed")).at(-1)).toBe("failed");
      expect(b.comment(id)).toMatch(reason);
      expect(b.memory.row(id).wakeAt).toBeNull();
    });
  }

  test("a program with a test setup, but on a local chain", async () => {
    const b = bench({ program: testProgram({ unsafeTestSetup: true }) });
    b.start();
    await znodeOn(b.links, 2);
    await b.ends(await b.task(), "outputted");
    const real = await b.task(["m"], undefined, { ...network, chainId: 1n });
    await b.ends(real, "failed");
    expect(b.comment(real)).toContain("test setup");
  });

  test("a project that can't be had is waited for, then given up", async () => {
    const b = bench();
    let asked = 0;
    b.start({
      projects: { forTask: () => Promise.reject(new Error(`no gateway answers (${++asked})`)) },
      options: { projectMs: 300 },
    });
    const id = await b.task();
    await b.ends(id, "failed");
    expect(asked).toBeGreaterThan(2);
    expect(b.comment(id)).toContain("no gateway answers");
  });
});

describe("a restart", () => {
  test("of the enode between any two steps loses nothing and proves nothing twice", async () => {
    const b = bench();
    const z = await znodeOn(b.links, 2, (self) => ({
      payload: async (payload) => {
        await sleep(30);
        await self.prove(payload);
      },
    }));
    const ids = await Promise.all(Array.from({ length: 6 }, (_, i) => b.task([`m${i}`])));
    for (let i = 0; i < 6; i++) {
      const dispatch = b.start({ driver: "one" });
      await sleep(20 + 25 * i);
      await dispatch.stop();
      z.disconnect();
      await z.connect();
    }
    b.start({ driver: "one" });
    for (const id of ids) {
      await b.ends(id, "outputted");
      const states = b.memory.states(id);
      expect(states.filter((s) => s === "proved")).toEqual(["proved"]);
      expect(states).not.toContain("failed");
    }
  });

  test("of the znode with a finished receipt proves nothing twice", async () => {
    const b = bench();
    b.start();
    let payloads = 0;
    const z = await znodeOn(b.links, 2, (self) => ({
      payload: async (payload) => {
        payloads++;
        self.disconnect();
        await self.connect();
        await self.prove(payload);
      },
    }));
    const id = await b.task();
    expect(await b.ends(id, "outputted")).toEqual(["dispatched", "proved", "outputted"]);
    expect(z.account.address).toBe(b.memory.row(id).receipt?.prover as never);
    expect(payloads).toBeLessThan(3);
  });

  test("of the enode sends its own jobs again", async () => {
    const b = bench({ version: { outputs: [direct] } });
    const first = b.start({ driver: "one" });
    await znodeOn(b.links, 2);
    const id = await b.task();
    const job = (await b.jobs.receive()).value;
    await first.stop();
    b.start({ driver: "one" });
    const again = (await b.jobs.receive()).value;
    expect([again?.taskId, again?.epoch]).toEqual([id, job?.epoch]);
    const report = { taskId: id, epoch: job?.epoch ?? 0n, output: 0, comment: "" };
    await b.reports.send({ ...report, state: "confirmed", reference: "0x01" });
    await b.ends(id, "outputted");
  });
});

describe("the database", () => {
  test("that fails for a while, before or after it wrote, costs nothing", async () => {
    const b = bench();
    b.start();
    await znodeOn(b.links, 2);
    // Linear congruence, so that each run fails alike.
    let seed = 7;
    const unlucky = () => ((seed = seed * 48_271 % 0x7fffffff) & 3) === 0;
    b.memory.beforeSave = () => {
      if (unlucky()) throw new Error("connection refused");
    };
    b.memory.afterSave = () => {
      if (unlucky()) throw new Error("connection reset");
    };
    const ids = await Promise.all(Array.from({ length: 5 }, (_, i) => b.task([`m${i}`])));
    for (const id of ids) {
      await b.ends(id, "outputted");
      expect(b.memory.states(id)).toEqual(["dispatched", "proved", "outputted"]);
    }
  }, 300_000);

  test("shared by two enodes: each task is driven once", async () => {
    const b = bench();
    const other = new LinkSet();
    b.start();
    b.start({ links: other });
    await znodeOn(b.links, 2);
    await znodeOn(other, 2);
    const far = await znodeOn(other, 3);
    // Its receipts reach the enode that did not give the lease, which passes them on.
    await znodeOn(b.links, 3, (self) => ({
      payload: (payload) => {
        for (const [id, lease] of self.leases) far.leases.set(id, lease);
        return far.prove(payload);
      },
    }));
    const ids = await Promise.all(Array.from({ length: 20 }, (_, i) => b.task([`m${i}`])));
    for (const id of ids) {
      await b.ends(id, "outputted");
      expect(b.memory.states(id).filter((s) => s === "proved").length).toBe(1);
      expect(b.memory.row(id).outputs.filter((o) => o.state === "confirmed").length).toBe(1);
    }
  });
});

test("however many tasks are queued, only a few are in memory", async () => {
  const b = bench();
  const { record } = b.memory.row(await b.task());
  for (let i = 0; i < 2_000; i++) {
    const taskId = keccak256(`0x${i.toString(16).padStart(8, "0")}`);
    b.memory.add({ ...record, taskId, inputSalt: new Uint8Array(32) }, []);
  }
  const dispatch = b.start();
  await until(() => dispatch.status().waiting === 32);
  await sleep(200);
  expect(dispatch.status().held).toBe(32);
});

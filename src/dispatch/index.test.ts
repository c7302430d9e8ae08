import { afterEach, describe, expect, test } from "bun:test";
import { type Hex, keccak256, zeroAddress, zeroHash } from "viem";
import { ProgramError } from "../../runtimes/runtime.ts";
import { evidenceSigner } from "../protocol/index.ts";
import {
  Bench,
  type BenchOptions,
  direct,
  projectVersion,
  router,
  sleep,
  testProgram,
  text,
  until,
} from "./testing/bench.ts";
import { account, network, operator, ScriptedZnode } from "./testing/znode.ts";

const benches: Bench[] = [];
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.stop();
});
function bench(options: BenchOptions = {}): Bench {
  const made = new Bench(options);
  benches.push(made);
  return made;
}
type Script = ConstructorParameters<typeof ScriptedZnode>[2];
const znode = (b: Bench, n: number, script?: Script, hello?: { capacity: number }) =>
  new ScriptedZnode(account(n), b.links, script, { runtimes: ["halo2"], capacity: 2, ...hello })
    .connect();

describe("a good znode", () => {
  test("proves and outputs; each step is recorded, by whom", async () => {
    const b = bench();
    b.start();
    const z = await znode(b, 2);
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
    const [grant] = z.got("grant");
    const statement = { taskId: id, epoch: 2n, prover: z.account.address, output: 0 };
    const signer = await evidenceSigner(
      network,
      "OutputGrant",
      statement,
      grant?.evidence as Hex,
    );
    expect(signer).toBe(operator.address);
  });

  test("gets no more proofs at once than it can make; the rest wait their turn", async () => {
    const b = bench();
    const dispatch = b.start({ options: { lookahead: 4 } });
    let running = 0, most = 0;
    const z = await znode(b, 2, (self) => ({
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
    const [small, large] = [await znode(b, 2, undefined, { capacity: 1 }), await znode(b, 3)];
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
    await znode(b, 2);
    expect(await b.ends(id, "outputted")).toEqual(["dispatched", "proved", "outputted"]);
  });

  test("that is registered, of the machine, or allowed by the project, tasks wait", async () => {
    const allowed = account(5);
    const b = bench({
      version: { provers: { allow: [allowed.address, account(2).address], remote: false } },
      deps: { isEligible: (prover) => Promise.resolve(prover !== account(2).address) },
    });
    b.start();
    const stranger = await znode(b, 2);
    const other = await new ScriptedZnode(account(5), b.links, undefined, {
      runtimes: ["risc0"],
      capacity: 2,
    }).connect();
    const outsider = await znode(b, 3);
    const id = await b.task();
    await sleep(200);
    await stranger.send("accept", {
      taskId: id,
      epoch: 1n,
      verifier: zeroAddress,
      evidence: `0x${"00".repeat(65)}`,
    });
    await until(() => b.refused.ineligible === 1);
    for (const z of [stranger, other, outsider]) expect(z.heard).toEqual([]);
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
    await znode(b, 2);
    const stuck = await Promise.all(Array.from({ length: 12 }, () => b.task()));
    await until(() => tasks >= 12);
    const id = await b.task(["free"]);
    await b.ends(id, "outputted");
    expect(stuck.every((s) => !b.memory.states(s).includes("failed"))).toBe(true);
  });
});

describe("a znode that", () => {
  test("refuses for now costs nothing", async () => {
    const b = bench();
    b.start();
    let asked = 0;
    const z = await znode(b, 2, (self) => ({
      lease: (lease) => {
        const { taskId, epoch } = lease;
        if (++asked > 2) return self.accept(lease);
        return self.send("refuse", { taskId, epoch, reason: "busy", retryable: true });
      },
    }));
    const id = await b.task();
    await b.ends(id, "outputted");
    expect(asked).toBe(3);
    expect(z.got("payload").length).toBe(1);
    expect(b.memory.row(id).log[0]?.comment).toBe("");
  });

  test("always refuses ends the task with its reason", async () => {
    const b = bench();
    b.start();
    await znode(b, 2, (self) => ({
      lease: ({ taskId, epoch }) =>
        self.send("refuse", { taskId, epoch, reason: "unknown project", retryable: false }),
    }));
    const id = await b.task();
    expect(await b.ends(id, "failed")).toEqual(["failed"]);
    expect(b.comment(id)).toContain("after 3 attempts");
    expect(b.comment(id)).toContain("unknown project");
  });

  test("dies with the lease loses the task to another", async () => {
    const b = bench();
    b.start();
    const dying = await znode(b, 2, (self) => ({ payload: () => self.disconnect() }));
    const id = await b.task();
    await until(() => dying.link === undefined);
    const good = await znode(b, 3);
    expect(await b.ends(id, "outputted")).toEqual([
      "dispatched",
      "dispatched",
      "proved",
      "outputted",
    ]);
    expect(b.memory.row(id).receipt?.prover).toBe(good.account.address);
    expect(b.memory.row(id).log[1]?.comment).toContain("the lease ended without a result");
  });

  test("stalls three times ends the task", async () => {
    const b = bench();
    b.start();
    const z = await znode(b, 2, () => ({ payload: () => undefined }));
    const id = await b.task();
    expect(await b.ends(id, "failed")).toEqual([...Array(3).fill("dispatched"), "failed"]);
    expect(z.got("cancel").length).toBe(3);
    expect(b.comment(id)).toContain("the lease ended without a result");
  });

  test("shows progress keeps its lease", async () => {
    const b = bench();
    b.start();
    await znode(b, 2, (self) => ({
      payload: async (payload) => {
        const { taskId, epoch } = payload;
        for (let done = 0; done < 6; done++) {
          await sleep(200);
          await self.send("progress", { taskId, epoch, phase: "prove", done, total: 6 });
        }
        await self.prove(payload);
      },
    }));
    const id = await b.task();
    expect(await b.ends(id, "outputted")).toEqual(["dispatched", "proved", "outputted"]);
  });

  test("is late still wins while nobody else has", async () => {
    const b = bench({ version: { attempts: 9 } });
    b.start();
    const late = await znode(b, 2, (self) => ({
      payload: async (payload) => {
        await sleep(700);
        await self.prove(payload);
      },
    }));
    const idle = await znode(b, 3, () => ({ payload: () => undefined }));
    const id = await b.task();
    await b.ends(id, "outputted");
    expect(b.memory.row(id).receipt?.prover).toBe(late.account.address);
    await until(() => idle.got("cancel").length > 0);
  });

  test("says it can't be done ends the task at once", async () => {
    const b = bench();
    b.start();
    await znode(b, 2, (self) => ({
      payload: ({ taskId, epoch }) =>
        self.send("failure", { taskId, epoch, reason: "trap: unreachable", retryable: false }),
    }));
    const id = await b.task();
    expect(await b.ends(id, "failed")).toEqual(["dispatched", "failed"]);
    expect(b.comment(id)).toContain("trap: unreachable");
  });

  test("repeats every frame changes nothing", async () => {
    const b = bench();
    b.start();
    const z = await znode(b, 2, (self) => ({
      lease: async (lease) => {
        for (let i = 0; i < 3; i++) await self.accept(lease);
      },
      payload: async (payload) => {
        for (let i = 0; i < 3; i++) await self.prove(payload);
      },
      grant: async (grant) => {
        for (let i = 0; i < 3; i++) await self.report(grant, "confirmed", "0xaa");
      },
    }));
    const id = await b.task();
    await b.ends(id, "outputted");
    await sleep(100);
    expect(b.memory.states(id)).toEqual(["dispatched", "proved", "outputted"]);
    expect(z.got("grant").length).toBe(1);
  });

  const lies: [string, (self: ScriptedZnode, id: Hex) => object, RegExp][] = [
    ["gives garbage as proof", () => ({ proof: text("junk") }), /the pairing check failed/],
    ["gives garbage as public values", () => ({ publicValues: text("?") }), /say nothing/],
    [
      "binds to itself, but another task",
      (self) => ({ binding: keccak256(self.account.address) }),
      /bound to another task or prover/,
    ],
    ["proves about other data", () => ({ commitment: zeroHash }), /about other data/],
    ["names another program", () => ({ programId: zeroHash }), /another program's/],
    ["names another image", () => ({ imageId: zeroHash }), /image is not the program's/],
    ["names another machine", () => ({ vmType: "risc0" }), /another machine's/],
    ["leaves out the binding", () => ({ bindingKind: "none" }), /binding is none/],
  ];
  for (const [what, change, reason] of lies) {
    test(`${what} loses the lease, and an honest one gets it`, async () => {
      const b = bench();
      b.start();
      await znode(b, 2, (self) => ({
        payload: (payload) =>
          self.prove(payload, self.proof(payload.taskId, change(self, payload.taskId))),
      }));
      const id = await b.task();
      await until(() => b.refused.proof === 1);
      const honest = await znode(b, 3);
      await b.ends(id, "outputted");
      expect(b.memory.row(id).receipt?.prover).toBe(honest.account.address);
      expect(b.memory.row(id).log[1]?.comment).toMatch(reason);
    });
  }

  test("passes another's receipt off as its own is found out", async () => {
    const b = bench();
    b.start();
    let stolen: ReturnType<ScriptedZnode["proof"]> | undefined;
    await znode(b, 2, (self) => ({
      payload: ({ taskId }) => void (stolen = self.proof(taskId)),
    }));
    const id = await b.task();
    await until(() => stolen !== undefined);
    await znode(b, 3, (self) => ({ payload: (payload) => self.prove(payload, stolen) }));
    await until(() => (b.refused.proof ?? 0) > 0);
    expect(b.memory.states(id)).not.toContain("proved");
  });

  test("signs with another key is refused, whatever it sends", async () => {
    const b = bench();
    b.start();
    await znode(b, 2, (self) => ({
      lease: (lease) => self.accept(lease, account(8)),
    }));
    const id = await b.task();
    await until(() => (b.refused.evidence ?? 0) > 1);
    expect(b.memory.states(id)).toEqual([]);
    const liar = await znode(b, 3, (self) => ({
      payload: (payload) => self.prove(payload, self.proof(payload.taskId), account(8)),
    }));
    await until(() => liar.got("payload").length > 0);
    await until(() => b.memory.states(id).includes("failed"));
    expect(b.comment(id)).toContain("not signed by its prover");
  });

  test("sends receipts for tasks it has no lease of is ignored", async () => {
    const b = bench();
    const dispatch = b.start();
    const first = await znode(b, 2);
    const id = await b.task();
    await b.ends(id, "outputted");
    const waiting = await znode(b, 3, () => ({ lease: () => undefined }));
    first.disconnect();
    const open = await b.task(["open"]);
    await until(() => waiting.got("lease").length > 0);
    for (const epoch of [0n, 1n, 7n, (1n << 64n) - 1n]) {
      await waiting.prove({ taskId: open, epoch });
    }
    waiting.leases.set(id, waiting.got("lease")[0] as never);
    await waiting.send("cancel", { taskId: open, epoch: 1n });
    await until(() => b.refused.unexpected === 2);
    expect(b.memory.states(open)).toEqual([]);
    expect(b.refused.proof).toBeUndefined();
    await waiting.report({ taskId: keccak256("0x77"), epoch: 1n, output: 0 }, "confirmed");
    await until(() => dispatch.status().held <= 1);
  });
});

describe("redundancy", () => {
  test("asks several; the first receipt wins and the others are told to stop", async () => {
    const b = bench({ version: { redundancy: 3 } });
    b.start();
    const slow: ScriptedZnode[] = [];
    for (const n of [3, 4]) slow.push(await znode(b, n, () => ({ payload: () => undefined })));
    const fast = await znode(b, 2, (self) => ({
      payload: async (payload) => {
        await until(() => slow.every((z) => z.got("payload").length === 1));
        await self.prove(payload);
      },
    }));
    const id = await b.task();
    await b.ends(id, "outputted");
    expect(b.memory.row(id).receipt?.prover).toBe(fast.account.address);
    for (const z of slow) await until(() => z.got("cancel").length === 1);
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
      await znode(b, 2);
      const id = await b.task(...task);
      expect((await b.ends(id, "failed")).at(-1)).toBe("failed");
      expect(b.comment(id)).toMatch(reason);
      expect(b.memory.row(id).wakeAt).toBeNull();
    });
  }

  test("a program with a test setup, but on a local chain", async () => {
    const b = bench({ program: testProgram({ unsafeTestSetup: true }) });
    b.start();
    await znode(b, 2);
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

describe("unverifiable results", () => {
  test("are kept as such, shown as text, and go to stdout but not to a vault", async () => {
    const vault = { type: "textile" as const, vaultId: "v" };
    const b = bench({
      version: { outputs: [{ type: "stdout" }, vault] },
      program: testProgram({ bindingKind: "none", verifiable: false }, {
        verify: () => Promise.resolve({ verdict: "unverifiable" }),
        statement: () => undefined,
      }),
    });
    b.start();
    await znode(b, 2, (self) => ({
      payload: (payload) =>
        self.prove(payload, {
          ...self.proof(payload.taskId),
          bindingKind: "none",
          publicValues: new Uint8Array(),
          proof: text('{"proof":"…"}'),
        }),
    }));
    const id = await b.task(["m"], zeroHash);
    await b.ends(id, "failed");
    await until(() => b.memory.row(id).outputs.some((o) => o.state === "confirmed"));
    const { log, outputs } = b.memory.row(id);
    expect(log.map((l) => l.state)).toEqual(["dispatched", "proved", "failed"]);
    expect(log[1]).toMatchObject({ result: '{"proof":"…"}' });
    expect(log[1]?.comment).toContain("unverifiable");
    expect(outputs.filter((o) => o.index === 0).at(-1)?.state).toBe("confirmed");
    expect(outputs.filter((o) => o.index === 1).map((o) => o.state)).toEqual(["dead"]);
  });
});

describe("outputs", () => {
  test("go to another znode when their holder dies, with the first's receipt", async () => {
    const b = bench();
    b.start();
    const dying = await znode(b, 2, (self) => ({ grant: () => self.disconnect() }));
    const id = await b.task();
    await b.ends(id, "proved");
    const heir = await znode(b, 3);
    await b.ends(id, "outputted");
    const [grant] = heir.got("grant");
    expect(grant?.receiptProver).toBe(dying.account.address);
    expect(grant?.receipt.proof).toEqual(text("good"));
    expect(grant?.epoch).toBe(3n);
    expect(b.memory.row(id).outputs.map((o) => [o.attempt, o.state])).toEqual([
      [1, "granted"],
      [2, "granted"],
      [2, "confirmed"],
    ]);
  });

  test("that a late holder confirms count, and end the new holder's grant", async () => {
    const b = bench();
    b.start();
    const first = await znode(b, 2, (self) => ({ grant: (g) => self.report(g, "sent", "0x01") }));
    const id = await b.task();
    await until(() => b.memory.row(id).outputs.at(-1)?.state === "sent");
    const second = await znode(b, 3, () => ({ grant: () => undefined }));
    await until(() => second.got("grant").length === 1);
    const [grant] = first.got("grant");
    if (!grant) throw new Error("no grant");
    await first.report(grant, "dead");
    await first.report(grant, "confirmed", "0x01");
    await b.ends(id, "outputted");
    expect(b.memory.row(id).log.at(-1)?.result).toBe("0x01");
    await until(() => second.got("cancel").length === 1);
  });

  test("return to sent when the chain reorganises, and are confirmed again", async () => {
    const b = bench();
    const dispatch = b.start();
    const z = await znode(b, 2);
    const id = await b.task();
    await b.ends(id, "outputted");
    await until(() => dispatch.status().held === 0);
    const [grant] = z.got("grant");
    if (!grant) throw new Error("no grant");
    await z.report(grant, "sent", "0xaa");
    await b.ends(id, "proved");
    await z.report(grant, "confirmed", "0xab");
    await b.ends(id, "outputted");
    expect(b.memory.row(id).outputs.map((o) => o.state)).toEqual([
      "granted",
      "confirmed",
      "sent",
      "confirmed",
    ]);
  });

  test("that end dead say why, and don't hold up the others", async () => {
    const b = bench({ version: { outputs: [{ type: "stdout" }, router] } });
    b.start();
    await znode(b, 2, (self) => ({
      grant: (grant) => self.report(grant, grant.output === 1 ? "dead" : "confirmed"),
    }));
    const id = await b.task();
    await until(() => b.memory.row(id).outputs.length === 4);
    expect(b.memory.states(id)).toEqual(["dispatched", "proved", "failed"]);
    expect(b.comment(id)).toMatch(/^output 1 \(ethereumContract\): .*as scripted$/);
    expect(b.memory.row(id).record.phase).toBe("proved");
  });

  test("that only the operator's key may do go to the enode's own channel", async () => {
    const b = bench({ version: { outputs: [direct, { type: "stdout" }] } });
    b.start();
    const z = await znode(b, 2);
    const id = await b.task(["first", "second"]);
    const job = (await b.jobs.receive()).value;
    expect(job?.config).toEqual(direct);
    expect(job?.firstMessage).toEqual(text("first"));
    expect(job?.prover).toBe(z.account.address);
    const report = { taskId: id, epoch: job?.epoch ?? 0n, output: 0, comment: "" };
    await b.reports.send({ ...report, state: "sent", reference: "0x01" });
    await b.reports.send({ ...report, state: "confirmed", reference: "0x01" });
    await b.ends(id, "outputted");
    expect(z.got("grant").map((g) => g.output)).toEqual([1]);
    expect(b.memory.row(id).log.at(-1)?.result).toBe("0x01, 0xaa");
  });

  test("of a znode that says it did the enode's are not believed", async () => {
    const b = bench({ version: { outputs: [direct] } });
    b.start();
    const z = await znode(b, 2);
    const id = await b.task();
    await b.ends(id, "proved");
    for (const epoch of [1n, 2n, 3n]) {
      await z.report({ taskId: id, epoch, output: 0 }, "confirmed", "0xff");
    }
    await sleep(100);
    expect(b.memory.states(id)).toEqual(["dispatched", "proved"]);
  });

  test("on the router are believed when the router has them", async () => {
    const accepted = new Set<Hex>();
    const b = bench({
      version: { outputs: [router] },
      deps: { isAccepted: (id) => Promise.resolve(accepted.has(id)) },
    });
    b.start();
    const z = await znode(b, 2);
    const id = await b.task();
    await until(() => z.got("grant").length === 1);
    await sleep(200);
    expect(b.memory.states(id)).toEqual(["dispatched", "proved"]);
    accepted.add(id);
    await b.ends(id, "outputted");
  });
});

describe("a restart", () => {
  test("of the enode between any two steps loses nothing and proves nothing twice", async () => {
    const b = bench();
    const z = await znode(b, 2, (self) => ({
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
    const z = await znode(b, 2, (self) => ({
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
    await znode(b, 2);
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
    await znode(b, 2);
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
  }, 20_000);

  test("shared by two enodes: each task is driven once", async () => {
    const b = bench();
    b.start();
    b.start();
    await znode(b, 2);
    await znode(b, 3);
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

import { describe, expect, test } from "bun:test";
import { type Hex, keccak256, zeroHash } from "viem";
import { sleep, text, until, useBenches } from "./testing/bench.ts";
import { ScriptedZnode, znodeOn } from "./testing/znode.ts";

const bench = useBenches();

describe("a znode that", () => {
  test("refuses for now costs nothing", async () => {
    const b = bench();
    b.start();
    let asked = 0;
    const z = await znodeOn(b.links, 2, (self) => ({
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

  const refusing = (b: ReturnType<typeof bench>, number: number) => {
    let times = 0;
    const ready = znodeOn(b.links, number, (self) => ({
      lease: ({ taskId, epoch }) => {
        times++;
        return self.send("refuse", { taskId, epoch, reason: "unknown project", retryable: false });
      },
    }));
    return { ready, times: () => times };
  };

  test("always refuses is named once, and costs nothing while there is another", async () => {
    const b = bench();
    b.start();
    const z = refusing(b, 2);
    await z.ready;
    const id = await b.task();
    await until(() => z.times() > 4);
    expect(b.memory.states(id)).toEqual(["packed"]);
    const refuser = (await z.ready).account.address;
    expect(b.comment(id)).toBe(
      `waits for another znode, refused by ${refuser}: unknown project`,
    );
    const good = await znodeOn(b.links, 3);
    await b.ends(id, "outputted");
    expect(b.memory.row(id).receipt?.prover).toBe(good.account.address);
    expect(b.memory.row(id).log[1]).toMatchObject({ state: "dispatched", comment: "" });
  });

  test("refuses like two others ends the task with the reason", async () => {
    const b = bench();
    b.start();
    for (const number of [2, 3, 4]) await refusing(b, number).ready;
    const id = await b.task();
    expect(await b.ends(id, "failed")).toEqual(["packed", "packed", "packed", "failed"]);
    expect(b.comment(id)).toContain("refused by 3 znodes");
    expect(b.comment(id)).toContain("unknown project");
  });

  test("dies with the lease loses the task to another", async () => {
    const b = bench();
    b.start();
    const dying = await znodeOn(b.links, 2, (self) => ({ payload: () => self.disconnect() }));
    const id = await b.task();
    await until(() => dying.link === undefined);
    const good = await znodeOn(b.links, 3);
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
    const z = await znodeOn(b.links, 2, () => ({ payload: () => undefined }));
    const id = await b.task();
    expect(await b.ends(id, "failed")).toEqual([...Array(3).fill("dispatched"), "failed"]);
    await until(() => z.got("cancel").length === 3);
    expect(b.comment(id)).toContain("the lease ended without a result");
  });

  test("shows progress keeps its lease", async () => {
    const b = bench();
    b.start();
    await znodeOn(b.links, 2, (self) => ({
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
    const late = await znodeOn(b.links, 2, (self) => ({
      payload: async (payload) => {
        await sleep(700);
        await self.prove(payload);
      },
    }));
    const idle = await znodeOn(b.links, 3, () => ({ payload: () => undefined }));
    const id = await b.task();
    await b.ends(id, "outputted");
    expect(b.memory.row(id).receipt?.prover).toBe(late.account.address);
    await until(() => idle.got("cancel").length > 0);
  });

  test("says it can't be done ends the task at once", async () => {
    const b = bench();
    b.start();
    await znodeOn(b.links, 2, (self) => ({
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
    const z = await znodeOn(b.links, 2, (self) => ({
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
      await znodeOn(b.links, 2, (self) => ({
        payload: (payload) =>
          self.prove(payload, self.proof(payload.taskId, change(self, payload.taskId))),
      }));
      const id = await b.task();
      await until(() => b.refused.proof === 1);
      const honest = await znodeOn(b.links, 3);
      await b.ends(id, "outputted");
      expect(b.memory.row(id).receipt?.prover).toBe(honest.account.address);
      expect(b.memory.row(id).log[1]?.comment).toMatch(reason);
    });
  }

  test("passes another's receipt off as its own is found out", async () => {
    const b = bench();
    b.start();
    let stolen: ReturnType<ScriptedZnode["proof"]> | undefined;
    await znodeOn(b.links, 2, (self) => ({
      payload: ({ taskId }) => void (stolen = self.proof(taskId)),
    }));
    const id = await b.task();
    await until(() => stolen !== undefined);
    await znodeOn(b.links, 3, (self) => ({ payload: (payload) => self.prove(payload, stolen) }));
    await until(() => (b.refused.proof ?? 0) > 0);
    expect(b.memory.states(id)).not.toContain("proved");
  });

  test("sends receipts for tasks it has no lease of is ignored", async () => {
    const b = bench();
    const dispatch = b.start();
    const first = await znodeOn(b.links, 2);
    const id = await b.task();
    await b.ends(id, "outputted");
    const waiting = await znodeOn(b.links, 3, () => ({ lease: () => undefined }));
    first.disconnect();
    const open = await b.task(["open"]);
    await until(() => waiting.got("lease").length > 0);
    for (const epoch of [0n, 1n, 7n, (1n << 64n) - 1n]) {
      await waiting.prove({ taskId: open, epoch });
    }
    waiting.leases.set(id, waiting.got("lease")[0] as never);
    await waiting.send("cancel", { taskId: open, epoch: 1n, ended: false });
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
    for (const n of [3, 4]) {
      slow.push(await znodeOn(b.links, n, () => ({ payload: () => undefined })));
    }
    const fast = await znodeOn(b.links, 2, (self) => ({
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

import { describe, expect, test } from "bun:test";
import type { Address } from "viem";
import { zeroAddress } from "viem";
import { checkFault } from "../protocol/index.ts";
import { sleep, text, until, useBenches } from "./testing/bench.ts";
import { account, network, type ScriptedZnode, znodeOn } from "./testing/znode.ts";

const bench = useBenches();
type Bench = ReturnType<typeof bench>;

const faults = (b: Bench) => b.memory.evidence.faults;
/** Long enough for what would be found. */
const settle = () => sleep(150);
const bad = (z: ScriptedZnode, id: `0x${string}`) => z.proof(id, { proof: text("bad") });
/** Other public values that fit the task as well, as of a program that also gives a result. */
const others = (z: ScriptedZnode, id: `0x${string}`) =>
  z.proof(id, { publicValues: new Uint8Array([...z.proof(id).publicValues, 1]) });

describe("a receipt that is invalid", () => {
  const lying = (b: Bench, verifier?: Address) =>
    znodeOn(b.links, 2, (self) => ({
      lease: ({ taskId, epoch }) =>
        verifier
          ? self.send("accept", { taskId, epoch, verifier })
          : self.accept({ taskId, epoch } as never),
      payload: (p) => self.prove(p, bad(self, p.taskId)),
    }));

  test("is a fault with what the znode signed, once a lease, and only its bytes are shown", async () => {
    const b = bench();
    b.start();
    const z = await lying(b);
    const id = await b.task();
    await b.ends(id, "failed");
    await settle();
    expect(faults(b).length).toBe(3);
    for (const fault of faults(b)) {
      checkFault(fault);
      if (fault.kind !== "invalid-proof") throw new Error("another kind");
      expect(fault.claim.statement).toMatchObject({ taskId: id, prover: z.account.address });
      expect(Buffer.from(fault.proof.slice(2), "hex").toString()).toBe("bad");
    }
  });

  test("is none when the znode named no verifier", async () => {
    const b = bench();
    b.start();
    await lying(b, zeroAddress);
    await b.ends(await b.task(), "failed");
    await settle();
    expect(faults(b)).toEqual([]);
  });

  test("is none when this enode can't read the program", async () => {
    const { testProgram } = await import("./testing/bench.ts");
    const { ProgramError } = await import("../../runtimes/runtime.ts");
    const verify = () => Promise.reject(new ProgramError("load", "it does not load here"));
    const b = bench({ program: testProgram({}, { verify }) });
    b.start();
    await lying(b);
    const id = await b.task();
    await b.ends(id, "failed");
    expect(b.comment(id)).toContain("not verified");
    await settle();
    expect(faults(b)).toEqual([]);
  });

  test("of a raw STARK, or as large as one, is none that a chain could check", async () => {
    const b = bench();
    b.start();
    await znodeOn(b.links, 2, (self) => ({
      payload: (p) => self.prove(p, self.proof(p.taskId, { proof: new Uint8Array(100_000) })),
    }));
    await b.ends(await b.task(), "failed");
    await settle();
    expect(faults(b)).toEqual([]);
  });
});

describe("two receipts of one lease", () => {
  test("with other public values are a fault, whatever became of the first", async () => {
    const b = bench();
    b.start();
    await znodeOn(b.links, 2, (self) => ({
      payload: async (p) => {
        await self.prove(p);
        await self.prove(p, others(self, p.taskId));
        await self.prove(p, self.proof(p.taskId, { publicValues: new Uint8Array(3) }));
      },
    }));
    const id = await b.task();
    await b.ends(id, "outputted");
    await until(() => faults(b).length > 0);
    await settle();
    expect(faults(b).map((f) => f.kind)).toEqual(["equivocation"]);
    for (const fault of faults(b)) checkFault(fault);
  });

  test("are a fault also when the second comes late, by another link, after a restart", async () => {
    const b = bench();
    const first = b.start();
    const z = await znodeOn(b.links, 2);
    const id = await b.task();
    await b.ends(id, "outputted");
    const epoch = z.got("payload")[0]?.epoch as bigint;
    z.disconnect();
    await first.stop();
    b.start();
    await z.connect();
    await z.prove({ taskId: id, epoch });
    await settle();
    expect(faults(b)).toEqual([]);
    await z.prove({ taskId: id, epoch }, others(z, id));
    await until(() => faults(b).length > 0);
    for (const fault of faults(b)) checkFault(fault);
  });

  test("at two enodes of one database are a fault", async () => {
    const b = bench();
    b.start();
    const z = await znodeOn(b.links, 2);
    const id = await b.task();
    await b.ends(id, "outputted");
    const { LinkSet } = await import("../network/local.ts");
    const links = new LinkSet();
    b.start({ links });
    const same = await znodeOn(links, 2);
    const epoch = z.got("payload")[0]?.epoch as bigint;
    await same.prove({ taskId: id, epoch }, others(z, id));
    await until(() => faults(b).length > 0);
    expect(faults(b)[0]?.kind).toBe("equivocation");
  });

  test("with other bytes of the proof alone are none", async () => {
    const program = (await import("./testing/bench.ts")).testProgram({}, {
      verify: () => Promise.resolve({ verdict: "valid" }),
    });
    const b = bench({ program });
    b.start();
    await znodeOn(b.links, 2, (self) => ({
      payload: async (p) => {
        for (const proof of ["one", "two", "three"]) {
          await self.prove(p, self.proof(p.taskId, { proof: text(proof) }));
        }
      },
    }));
    await b.ends(await b.task(), "outputted");
    await settle();
    expect(faults(b)).toEqual([]);
  });

  test("of two leases, or of one that was never taken, are none", async () => {
    const b = bench();
    b.start();
    let times = 0;
    await znodeOn(b.links, 2, (self) => ({
      lease: async (lease) => {
        // Before it accepts: nobody asked for it.
        await self.prove(lease, others(self, lease.taskId));
        await self.accept(lease);
      },
      payload: (p) =>
        ++times === 1
          ? self.send("failure", { ...p, reason: "again", retryable: true })
          : self.prove(p),
    }));
    await b.ends(await b.task(), "outputted");
    await settle();
    expect(faults(b)).toEqual([]);
  });
});

describe("the verifier that a znode names, where the chain has a route,", () => {
  const onRoute = { verifierOf: () => Promise.resolve(network.router) };
  const naming = (b: Bench, n: number, ...verifiers: Address[]) =>
    znodeOn(b.links, n, (self) => ({
      lease: async ({ taskId, epoch }) => {
        for (const verifier of verifiers) await self.send("accept", { taskId, epoch, verifier });
      },
      payload: (p) => self.prove(p, bad(self, p.taskId)),
    }));

  test.each([zeroAddress, account(9).address])(
    "can't be %s: it gets no payload, and another proves",
    async (verifier) => {
      const b = bench({ deps: onRoute });
      b.start();
      const liar = await naming(b, 2, verifier);
      const id = await b.task();
      await until(() => (b.refused.acceptance ?? 0) > 0);
      await znodeOn(b.links, 3);
      await b.ends(id, "outputted");
      expect(liar.got("payload")).toEqual([]);
    },
  );

  test("is the one that it named first", async () => {
    const b = bench({ deps: onRoute });
    b.start();
    await naming(b, 2, network.router, zeroAddress);
    const id = await b.task();
    await b.ends(id, "failed");
    await until(() => faults(b).length === 3);
    for (const fault of faults(b)) {
      if (fault.kind !== "invalid-proof") throw new Error("another kind");
      expect(fault.acceptance.statement.verifier).toBe(network.router);
    }
  });

  test.each([
    ["can't say", () => Promise.reject(new Error("away"))],
    ["does not answer", () => new Promise<Address>(() => {})],
  ])("is taken as it is while the chain %s", async (_what, verifierOf) => {
    const b = bench({ deps: { verifierOf } });
    b.start();
    await znodeOn(b.links, 2);
    await b.ends(await b.task(), "outputted");
  });
});

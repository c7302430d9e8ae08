/** The znode's stage, driven over a real link by a scripted enode. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zeroAddress, zeroHash } from "viem";
import { type Program, ProgramError, type Receipt } from "../../runtimes/runtime.ts";
import { programId, testProgram, text, until } from "../dispatch/testing/bench.ts";
import { account } from "../dispatch/testing/znode.ts";
import type { OutputJob } from "../output/types.ts";
import type { WireBody } from "../protocol/index.ts";
import { data, leaseOf, payloadOf, prove, prover, World } from "./testing/world.ts";

let world: World, directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "w3bstream-prove-"));
  world = new World(directory);
});
afterEach(async () => {
  await world.stop();
  await rm(directory, { recursive: true });
});

describe("a lease", () => {
  test("is accepted under signature, proved, and the receipt stood by", async () => {
    await world.start();
    expect(await world.first("hello")).toEqual({ runtimes: ["halo2"], capacity: 1 });
    const lease = await leaseOf();
    await world.link.send("lease", lease);
    const { taskId, epoch } = lease;
    expect(await world.first("accept")).toEqual({ taskId, epoch, verifier: zeroAddress });
    await world.link.send("payload", payloadOf(lease));
    expect(await world.first("receipt")).toMatchObject({ taskId, epoch, receipt: { programId } });
    expect(new Set(world.heard.map(({ from }) => from))).toEqual(new Set([prover.address]));
  });

  const refusals: [string, () => Promise<WireBody<"lease">>, boolean][] = [
    ["another chain", () => leaseOf({ chainId: 1n }), false],
    ["another router", () => leaseOf({ router: zeroAddress }), false],
    ["another task's id", async () => leaseOf({}, { taskId: `0x${"33".repeat(32)}` }), false],
  ];
  test.each(refusals)("for %s is refused for good", async (_what, make, retryable) => {
    await world.start();
    await world.link.send("lease", await make());
    expect(await world.first("refuse")).toMatchObject({ retryable });
    expect(world.got("accept")).toEqual([]);
  });

  test("of an enode that may not operate the project is refused", async () => {
    world.operates = false;
    await world.start();
    await world.link.send("lease", await leaseOf());
    expect((await world.first("refuse")).reason).toContain("operator");
  });

  test("of a task whose seed block can't be there yet is refused for now", async () => {
    world.height = 100n;
    await world.start();
    // Another block may be there that this node does not know of.
    await world.link.send("lease", await leaseOf({ nonce: 106n << 192n }));
    expect(await world.first("refuse")).toMatchObject({ retryable: true });
    await world.link.send("lease", await leaseOf({ nonce: 105n << 192n }));
    await world.first("accept");
  });

  test("is taken whatever its height while this node knows of none", async () => {
    world.height = 0n;
    await world.start();
    await world.link.send("lease", await leaseOf({ nonce: 105n << 192n }));
    await world.first("accept");
  });

  test("for a program that this znode can't prove is refused for now, with the reason", async () => {
    world.unable = "a native library is missing";
    await world.start();
    await world.link.send("lease", await leaseOf());
    expect(await world.first("refuse")).toMatchObject({ reason: world.unable, retryable: true });
    world.unable = undefined;
    await world.link.send("lease", await leaseOf());
    await world.first("accept");
  });

  test("beyond the capacity is refused for now", async () => {
    await world.start();
    await world.link.send("lease", await leaseOf());
    await world.first("accept");
    await world.link.send("lease", await leaseOf());
    expect(await world.first("refuse")).toMatchObject({ reason: "busy", retryable: true });
  });

  test("of a program that shares room is refused for now where that is full, others are not", async () => {
    world.capacity = 4;
    world.room = { what: "proofs for chains", size: 2 };
    await world.start();
    const leases = await Promise.all([1, 2, 3].map(() => leaseOf({}, { leaseMs: 300 })));
    for (const lease of leases) await world.link.send("lease", lease);
    expect(await world.first("refuse")).toMatchObject({
      reason: "busy with proofs for chains",
      retryable: true,
    });
    expect(world.got("accept")).toHaveLength(2);
    // Of a version that this znode does not have yet, nothing is known.
    await world.link.send("lease", await leaseOf({ version: "0.2" }));
    await until(() => world.got("accept").length === 3);
    await until(() => world.refused("lease").then((n) => n === 1));
    // The room is free again once the leases have ended.
    await Bun.sleep(600);
    await world.link.send("lease", await leaseOf());
    await until(() => world.got("accept").length === 4);
  });

  test("that comes together with others is taken as far as there is room", async () => {
    world.capacity = 2;
    world.unpaid = () => Bun.sleep(50).then(() => undefined);
    await world.start();
    const leases = await Promise.all(Array.from({ length: 8 }, () => leaseOf()));
    await Promise.all(leases.map((lease) => world.link.send("lease", lease)));
    await until(() => world.got("refuse").length === 6);
    expect(world.got("accept")).toHaveLength(2);
  });

  test("whose payload never comes ends, and frees its place", async () => {
    await world.start();
    await world.link.send("lease", await leaseOf({}, { leaseMs: 200 }));
    await world.first("accept");
    await Bun.sleep(400);
    await world.link.send("lease", await leaseOf());
    for (let i = 0; i < 100 && world.got("accept").length < 2; i++) await Bun.sleep(10);
    expect(world.got("accept").length).toBe(2);
  });
});

describe("a payload", () => {
  test("without a lease, of another epoch, or sent twice, proves nothing more", async () => {
    await world.start();
    const lease = await leaseOf();
    await world.link.send("payload", payloadOf(lease));
    await world.link.send("lease", lease);
    await world.first("accept");
    await world.link.send("payload", { ...payloadOf(lease), epoch: 2n });
    await world.link.send("payload", payloadOf(lease));
    await world.link.send("payload", payloadOf(lease));
    await world.first("receipt");
    expect(world.proofs).toBe(1);
  });

  test("that is not what the task commits to is a failure for good", async () => {
    await world.start();
    const lease = await leaseOf();
    await world.link.send("lease", lease);
    await world.first("accept");
    await world.link.send("payload", payloadOf(lease, [text("other")]));
    const failure = await world.first("failure");
    expect(failure).toMatchObject({ retryable: false });
    expect(failure.reason).toContain("commits to");
  });

  test.each([["input", false], ["crash", true]] as const)(
    "on which the program fails with %s says whether to try again",
    async (kind, retryable) => {
      world.program = testProgram({}, {
        prove: () => Promise.reject(new ProgramError(kind, "why")),
      });
      await world.start();
      const lease = await leaseOf();
      await world.link.send("lease", lease);
      await world.first("accept");
      await world.link.send("payload", payloadOf(lease));
      expect(await world.first("failure")).toMatchObject({ reason: `${kind}: why`, retryable });
    },
  );
});

describe("a proof under way", () => {
  /** Proves when told to; tells when it was stopped. */
  function slow() {
    const go = Promise.withResolvers<void>(), stopped = Promise.withResolvers<unknown>();
    const program = testProgram({}, {
      prove: async (input, context, signal) => {
        signal.addEventListener("abort", () => stopped.resolve(signal.reason));
        await Promise.race([go.promise, stopped.promise]);
        signal.throwIfAborted();
        return await prove(input, context, signal);
      },
    });
    return { program, go: () => go.resolve(), stopped: stopped.promise };
  }

  async function begin(lease: WireBody<"lease">) {
    await world.link.send("lease", lease);
    await world.first("accept");
    await world.link.send("payload", payloadOf(lease));
  }

  test("is stopped by a cancel of its epoch", async () => {
    const { program, stopped } = slow();
    world.program = program;
    await world.start();
    const lease = await leaseOf();
    await begin(lease);
    await world.link.send("cancel", { taskId: lease.taskId, epoch: 2n, ended: false });
    await world.link.send("cancel", { taskId: lease.taskId, epoch: 1n, ended: false });
    expect(String(await stopped)).toContain("cancelled");
  });

  test("is stopped by its time limit", async () => {
    const { program, stopped } = slow();
    world.program = program;
    await world.start();
    await begin(await leaseOf({}, { timeoutMs: 100 }));
    expect(String(await stopped)).toContain("longer than the project allows");
    expect(await world.first("failure")).toMatchObject({ retryable: true });
  });

  test("renews its lease while it goes on", async () => {
    const { program, go } = slow();
    world.program = program;
    await world.start();
    await begin(await leaseOf({}, { leaseMs: 300 }));
    await Bun.sleep(900);
    expect(world.got("progress").length).toBeGreaterThan(3);
    go();
    await world.first("receipt");
  });

  test("goes on over a new link of the same enode, and is made once", async () => {
    const { program, go } = slow();
    world.program = program;
    await world.start();
    const lease = await leaseOf();
    await begin(lease);
    await Bun.sleep(50);
    world.heard.length = 0;
    world.connect();
    await begin(lease);
    go();
    await world.first("receipt");
    expect(world.proofs).toBe(1);
  });

  test("is kept, and given again without proving when the task is leased again", async () => {
    await world.start();
    const lease = await leaseOf();
    await begin(lease);
    const { receipt } = await world.first("receipt");
    world.heard.length = 0;
    await begin({ ...lease, epoch: 2n });
    const again = await world.first("receipt");
    expect(again).toMatchObject({ epoch: 2n, receipt });
    expect(world.proofs).toBe(1);
  });

  /** Proves, and comes back as another process with the same files. */
  async function proveAndRestart(): Promise<WireBody<"lease">> {
    await world.start();
    const lease = await leaseOf();
    await begin(lease);
    await world.first("receipt");
    await world.stop();
    world = new World(directory);
    return lease;
  }

  test("is kept for the next process", async () => {
    const lease = await proveAndRestart();
    await world.start();
    await begin({ ...lease, epoch: 2n });
    expect((await world.first("receipt")).epoch).toBe(2n);
    expect(world.proofs).toBe(0);
  });

  test("is made again where the program has become another, or refuses it", async () => {
    const lease = await proveAndRestart();
    for (const change of [testProgram({ imageId: zeroHash }), testProgram({}, { verify })]) {
      world = new World(directory);
      world.program = { ...change, prove };
      await world.start();
      await begin({ ...lease, epoch: 2n });
      await world.first("receipt");
      expect(world.proofs).toBe(1);
      await world.stop();
    }
  });
  const verify = () => Promise.reject(new ProgramError("crash", "why"));

  test("that outlived its lease is kept and not offered", async () => {
    const { program, go } = slow();
    // A process that was paused hears of the abort after the proof.
    const prove: Program["prove"] = (input, context) =>
      program.prove(input, context, new AbortController().signal);
    world.program = { ...program, prove };
    await world.start();
    const lease = await leaseOf({}, { timeoutMs: 100 });
    await begin(lease);
    await Bun.sleep(200);
    go();
    await Bun.sleep(100);
    expect(world.got("receipt")).toEqual([]);
    await begin({ ...lease, epoch: 2n, timeoutMs: 5_000 });
    await world.first("receipt");
    expect(world.proofs).toBe(1);
  });

  test("is forgotten when its enode says that the task's proof is over", async () => {
    await world.start();
    const lease = await leaseOf();
    await begin(lease);
    await world.first("receipt");
    const { taskId } = lease;
    await world.link.send("cancel", { taskId, epoch: 1n, ended: false });
    await Bun.sleep(100);
    expect((await readdir(directory)).length).toBe(1);
    await world.link.send("cancel", { taskId, epoch: 1n, ended: true });
    await until(async () => (await readdir(directory)).length === 0);
  });
});

describe("an output grant", () => {
  async function grantOf(
    receipt?: Partial<Receipt>,
    receiptProver = prover.address,
  ) {
    const { task, taskId, signature, serial } = await leaseOf();
    const context = { taskId, prover: receiptProver } as never;
    const made = await prove({ messages: data, salt: new Uint8Array(32) }, context, never);
    return {
      taskId,
      epoch: 3n,
      output: 0,
      grantMs: 60_000,
      task,
      signature,
      serial,
      receiptProver,
      receipt: { ...made, ...receipt },
    };
  }
  const never = new AbortController().signal;

  test("becomes a job, and what becomes of it is reported to who granted it", async () => {
    await world.start();
    const grant = await grantOf();
    await world.link.send("grant", grant);
    const { value: job } = await world.jobs.receive(AbortSignal.timeout(2_000));
    expect(await readdir(directory)).toEqual([]);
    expect(job).toMatchObject({ taskId: grant.taskId, epoch: 3n, prover: prover.address });
    const report = { taskId: grant.taskId, epoch: 3n, output: 0, reference: "0x1", comment: "" };
    await world.reports.send({ ...report, state: "confirmed" });
    expect(await world.first("report")).toMatchObject({ ...report, state: "confirmed" });
  });

  test("holds until it ends, or is cancelled by who gave it", async () => {
    await world.start();
    const receive = async () => {
      const { value } = await world.jobs.receive(AbortSignal.timeout(2_000));
      return (value as OutputJob).live as () => boolean;
    };
    const grant = await grantOf();
    await world.link.send("grant", { ...grant, grantMs: 400 });
    const live = await receive();
    expect(live()).toBe(true);
    await until(() => !live());
    // Given again after a new link, it begins anew, for the job under way too.
    await world.link.send("grant", grant);
    const again = await receive();
    expect([live(), again()]).toEqual([true, true]);
    const { taskId } = grant;
    await world.link.send("cancel", { taskId, epoch: 2n, ended: false });
    await Bun.sleep(100);
    expect(live()).toBe(true);
    await world.link.send("cancel", { taskId, epoch: 3n, ended: false });
    await until(() => !live() && !again());
  });

  test("holds no longer than its link", async () => {
    await world.start();
    await world.link.send("grant", await grantOf());
    const { value } = await world.jobs.receive(AbortSignal.timeout(2_000));
    const live = (value as OutputJob).live as () => boolean;
    expect(live()).toBe(true);
    world.link.close();
    await until(() => !live());
  });

  test("of another znode's proof that does not hold is reported as dead", async () => {
    await world.start();
    const bad = await grantOf({ proof: text("bad") }, account(8).address);
    await world.link.send("grant", bad);
    expect(await world.first("report")).toMatchObject({ state: "dead" });
    expect(world.jobs.size).toBe(0);
  });

  test("of an output that the project does not have is reported as dead", async () => {
    await world.start();
    const grant = await grantOf();
    await world.link.send("grant", { ...grant, output: 5 });
    expect((await world.first("report")).comment).toContain("no output 5");
  });
});

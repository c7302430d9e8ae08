/** The znode's stage, driven over a real link by a scripted enode. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { concat, type Hex, hexToBytes, keccak256, toHex, zeroAddress } from "viem";
import { type Program, ProgramError, type Receipt } from "../../runtimes/runtime.ts";
import { Channel } from "../channel.ts";
import { programId, projectVersion, silent, testProgram, text } from "../dispatch/testing/bench.ts";
import { account, imageId, network, operator } from "../dispatch/testing/znode.ts";
import { createMetrics } from "../metrics.ts";
import { linkPair, LinkSet } from "../network/local.ts";
import type { Link } from "../network/link.ts";
import type { OutputJob, OutputReport } from "../output/types.ts";
import {
  bindingOf,
  claimOf,
  evidenceSigner,
  signEvidence,
  signTask,
  type Task,
  taskIdOf,
  type WireBody,
  type WireKind,
  type WireMessage,
} from "../protocol/index.ts";
import { startProver } from "./index.ts";

const prover = account(7);
const data = [text("1"), text("2")];
const commitment = keccak256(concat(data.map((m) => toHex(m))));
let nonce = 0n;

/** A proof that holds for what the program was given. */
const prove: Program["prove"] = async (input, context) => ({
  vmType: "halo2",
  programId,
  imageId,
  bindingKind: "data",
  publicValues: hexToBytes(concat([
    keccak256(concat(input.messages.map((m) => toHex(m)))),
    bindingOf(context.taskId, context.prover),
  ])),
  proof: text("good"),
});

class World {
  readonly links = new LinkSet();
  readonly jobs = new Channel<OutputJob>(4);
  readonly reports = new Channel<OutputReport>(4);
  readonly heard: WireMessage[] = [];
  program: Program = testProgram({}, { prove });
  operates = true;
  proofs = 0;
  link!: Link;
  #stop: (() => Promise<void>) | undefined;

  start(): void {
    this.connect();
    this.#stop = startProver({
      links: this.links,
      projects: {
        forTask: () => Promise.resolve(projectVersion()),
        canOperate: () => Promise.resolve(this.operates),
      } as never,
      runtimes: {
        offered: ["halo2"],
        load: () => {
          this.proofs++;
          return Promise.resolve(this.program);
        },
      } as never,
      identity: { network, signer: prover },
      capacity: 1,
      mayAssign: () => Promise.resolve(this.operates),
      verifierOf: () => Promise.resolve(zeroAddress),
      outputs: { jobs: this.jobs, reports: this.reports },
      log: silent,
      metrics: createMetrics(),
    });
  }

  /** A new link of the same enode, which reads what the znode sends. */
  connect(): void {
    const pair = linkPair({ network, signer: operator }, { network, signer: prover });
    this.link = pair.a;
    void (async () => {
      for await (const message of pair.a.messages()) this.heard.push(message);
    })();
    this.links.add(pair.b);
  }

  got<K extends WireKind>(kind: K): WireBody<K>[] {
    return this.heard.filter((m) => m.kind === kind).map((m) => m.body as WireBody<K>);
  }

  async first<K extends WireKind>(kind: K): Promise<WireBody<K>> {
    for (let i = 0; i < 200; i++) {
      const [body] = this.got(kind);
      if (body) return body;
      await Bun.sleep(10);
    }
    throw new Error(`no ${kind}; heard ${this.heard.map((m) => m.kind)}`);
  }

  async stop(): Promise<void> {
    this.reports.close();
    await this.#stop?.();
  }
}

async function leaseOf(
  change: Partial<Task> = {},
  lease: Partial<WireBody<"lease">> = {},
): Promise<WireBody<"lease">> {
  const task: Task = {
    ...network,
    projectId: 1n,
    version: "0.1",
    programId,
    messagesRoot: `0x${"22".repeat(32)}`,
    inputCommitment: commitment,
    nonce: ++nonce,
    ...change,
  };
  return {
    taskId: taskIdOf(task),
    epoch: 1n,
    task,
    signature: await signTask(task, operator),
    serial: 1n,
    leaseMs: 2_000,
    timeoutMs: 5_000,
    ...lease,
  };
}

const payloadOf = ({ taskId, epoch }: WireBody<"lease">, messages = data) => ({
  taskId,
  epoch,
  messages,
  inputSalt: new Uint8Array(32),
  clientId: "",
});

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.stop());

describe("a lease", () => {
  test("is accepted under signature, proved, and the receipt stood by", async () => {
    world.start();
    expect(await world.first("hello")).toEqual({ runtimes: ["halo2"], capacity: 1 });
    const lease = await leaseOf();
    await world.link.send("lease", lease);
    const { taskId, epoch, evidence, verifier } = await world.first("accept");
    const acceptance = { taskId, epoch, prover: prover.address, verifier };
    expect(await evidenceSigner(network, "Acceptance", acceptance, evidence)).toBe(prover.address);
    await world.link.send("payload", payloadOf(lease));
    const answer = await world.first("receipt");
    const claim = claimOf(lease.task, 1n, prover.address, answer.receipt);
    expect(await evidenceSigner(network, "ReceiptClaim", claim, answer.evidence))
      .toBe(prover.address);
  });

  const refusals: [string, () => Promise<WireBody<"lease">>, boolean][] = [
    ["another chain", () => leaseOf({ chainId: 1n }), false],
    ["another router", () => leaseOf({ router: zeroAddress }), false],
    ["another task's id", async () => leaseOf({}, { taskId: `0x${"33".repeat(32)}` }), false],
  ];
  test.each(refusals)("for %s is refused for good", async (_what, make, retryable) => {
    world.start();
    await world.link.send("lease", await make());
    expect(await world.first("refuse")).toMatchObject({ retryable });
    expect(world.got("accept")).toEqual([]);
  });

  test("of an enode that may not operate the project is refused", async () => {
    world.operates = false;
    world.start();
    await world.link.send("lease", await leaseOf());
    expect((await world.first("refuse")).reason).toContain("operator");
  });

  test("beyond the capacity is refused for now", async () => {
    world.start();
    await world.link.send("lease", await leaseOf());
    await world.first("accept");
    await world.link.send("lease", await leaseOf());
    expect(await world.first("refuse")).toMatchObject({ reason: "busy", retryable: true });
  });

  test("whose payload never comes ends, and frees its place", async () => {
    world.start();
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
    world.start();
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
    world.start();
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
      world.start();
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
    world.start();
    const lease = await leaseOf();
    await begin(lease);
    await world.link.send("cancel", { taskId: lease.taskId, epoch: 2n });
    await world.link.send("cancel", { taskId: lease.taskId, epoch: 1n });
    expect(String(await stopped)).toContain("cancelled");
  });

  test("is stopped by its time limit", async () => {
    const { program, stopped } = slow();
    world.program = program;
    world.start();
    await begin(await leaseOf({}, { timeoutMs: 100 }));
    expect(String(await stopped)).toContain("longer than the project allows");
    expect(await world.first("failure")).toMatchObject({ retryable: true });
  });

  test("renews its lease while it goes on", async () => {
    const { program, go } = slow();
    world.program = program;
    world.start();
    await begin(await leaseOf({}, { leaseMs: 300 }));
    await Bun.sleep(900);
    expect(world.got("progress").length).toBeGreaterThan(3);
    go();
    await world.first("receipt");
  });

  test("goes on over a new link of the same enode, and is made once", async () => {
    const { program, go } = slow();
    world.program = program;
    world.start();
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
    world.start();
    const lease = await leaseOf();
    await begin(lease);
    await world.first("receipt");
    world.heard.length = 0;
    await begin({ ...lease, epoch: 2n });
    expect((await world.first("receipt")).epoch).toBe(2n);
    expect(world.proofs).toBe(1);
  });
});

describe("an output grant", () => {
  async function grantOf(
    by = operator,
    receipt?: Partial<Receipt>,
    receiptProver = prover.address,
  ) {
    const { task, taskId, signature, serial } = await leaseOf();
    const statement = { taskId, epoch: 3n, prover: prover.address, output: 0 };
    const context = { taskId, prover: receiptProver } as never;
    const made = await prove({ messages: data, salt: new Uint8Array(32) }, context, never);
    return {
      taskId,
      epoch: 3n,
      output: 0,
      task,
      signature,
      serial,
      receiptProver,
      receipt: { ...made, ...receipt },
      evidence: await signEvidence(network, "OutputGrant", statement, by),
    };
  }
  const never = new AbortController().signal;

  test("becomes a job, and what becomes of it is reported to who granted it", async () => {
    world.start();
    const grant = await grantOf();
    await world.link.send("grant", grant);
    const { value: job } = await world.jobs.receive(AbortSignal.timeout(2_000));
    expect(job).toMatchObject({ taskId: grant.taskId, epoch: 3n, prover: prover.address });
    const report = { taskId: grant.taskId, epoch: 3n, output: 0, reference: "0x1", comment: "" };
    await world.reports.send({ ...report, state: "confirmed" });
    expect(await world.first("report")).toMatchObject({ ...report, state: "confirmed" });
  });

  test("that another key than the enode's signed is ignored", async () => {
    world.start();
    await world.link.send("grant", await grantOf(account(9)));
    await Bun.sleep(200);
    expect(world.jobs.size).toBe(0);
    expect(world.got("report")).toEqual([]);
  });

  test("of another znode's proof that does not hold is reported as dead", async () => {
    world.start();
    const bad = await grantOf(operator, { proof: text("bad") }, account(8).address);
    await world.link.send("grant", bad);
    expect(await world.first("report")).toMatchObject({ state: "dead" });
    expect(world.jobs.size).toBe(0);
  });

  test("of an output that the project does not have is reported as dead", async () => {
    world.start();
    const grant = await grantOf();
    const statement = { taskId: grant.taskId, epoch: 3n, prover: prover.address, output: 5 };
    const evidence: Hex = await signEvidence(network, "OutputGrant", statement, operator);
    await world.link.send("grant", { ...grant, output: 5, evidence });
    expect((await world.first("report")).comment).toContain("no output 5");
  });
});

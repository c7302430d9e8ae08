import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAbi } from "viem";
import { Channel } from "../channel.ts";
import type { Da } from "../da/da.ts";
import { openDa } from "../da/index.ts";
import type { EthereumOutput } from "../project/types.ts";
import { type OutputDeps, runOutputs } from "./index.ts";
import { startReceiver } from "./testing/far_end.ts";
import { jobOf } from "./testing/jobs.ts";
import { memoryJournal } from "./testing/journal.ts";
import { down, startProxy } from "./testing/proxy.ts";
import { freshAccount, hasty, quiet, startWorld, until, type World } from "./testing/world.ts";
import type { OutputJob, OutputReport } from "./types.ts";

setDefaultTimeout(300_000);

let world: World;
let da: Da;
const directory = mkdtempSync(join(tmpdir(), "w3bstream-output-"));

beforeAll(async () => {
  [world, da] = await Promise.all([startWorld(), openDa({ directory, log: quiet })]);
});
afterAll(async () => {
  await da?.close();
  await world?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** A running output stage whose reports are kept. */
function stage(deps: Omit<OutputDeps, "log">) {
  const jobs = new Channel<OutputJob>(1000);
  const channel = new Channel<OutputReport>(1000);
  const reports: OutputReport[] = [];
  const stop = new AbortController();
  const running = runOutputs(jobs, channel, { ...deps, log: quiet }, stop.signal);
  const reading = (async () => {
    for await (const report of channel) reports.push(report);
  })();
  return {
    jobs,
    reports,
    statesOf: (job: OutputJob) =>
      reports.filter((r) => r.taskId === job.taskId).map(({ state }) => state),
    /** No more jobs; waits for the rest. */
    async finish() {
      jobs.close();
      await running;
      channel.close();
      await reading;
    },
    /** As a node that stops. */
    async abort() {
      stop.abort(new Error("the node is stopping"));
      await running;
      channel.close();
      await reading;
    },
  };
}

async function ethereum(options: {
  journal?: Da["journal"];
  account?: Awaited<ReturnType<typeof freshAccount>>;
  client?: World["client"];
} = {}): Promise<NonNullable<OutputDeps["ethereum"]>> {
  const operator = options.account ?? await freshAccount(world);
  return {
    journal: options.journal ?? da.journal,
    chains: [{ chainId: 31337n, client: options.client ?? world.client, endpoint: world.url }],
    routers: new Map(),
    keys: { operator, gas: undefined },
    policy: {
      canOperate: () => Promise.resolve(true),
      isOwn: () => Promise.resolve(true),
      allow: [],
      protected: [],
    },
    settings: () => hasty,
  };
}

const take = (): EthereumOutput => ({
  type: "ethereumContract",
  mode: "direct",
  chainEndpoint: "",
  contractAddress: world.target,
  contractMethod: "take",
  contractAbi: parseAbi(["function take(uint256 id)"]),
});

describe("the output stage", () => {
  test("prints proofs as hex, and reports them once", async () => {
    const lines: string[] = [];
    const write = async (line: string) => void lines.push(line);
    const run = stage({ ethereum: undefined, write });
    const job = await jobOf({ type: "stdout" });
    await run.jobs.send(job);
    await run.finish();
    expect(lines).toEqual([`stdout projectID=1 taskID=${job.taskId} proof=abcd\n`]);
    expect(run.reports).toEqual([{
      taskId: job.taskId,
      epoch: 3n,
      output: 0,
      state: "confirmed",
      reference: "",
      comment: "",
    }]);
  });

  test("nothing is printed under a grant that has ended", async () => {
    const lines: string[] = [];
    const run = stage({ ethereum: undefined, write: async (line) => void lines.push(line) });
    await run.jobs.send({ ...await jobOf({ type: "stdout" }), live: () => false });
    await run.finish();
    expect(lines).toEqual([]);
    expect(run.reports.map(({ state, comment }) => [state, comment]))
      .toEqual([["retry", "the grant ended before it was used"]]);
  });

  test("a far end that hangs holds up no output of another kind", async () => {
    const secret = new Uint8Array(32);
    const receiver = startReceiver(secret);
    const held = Promise.withResolvers<undefined>();
    receiver.fault = () => held.promise;
    const written = Promise.withResolvers<void>();
    const run = stage({
      ethereum: undefined,
      webhook: { secrets: new Map([[1n, [secret]]]), privateHosts: [receiver.host] },
      concurrency: 2,
      write: async () => written.resolve(),
    });
    const { url } = receiver;
    for (let i = 0; i < 4; i++) {
      await run.jobs.send(
        await jobOf({ type: "webhook", url, light: false, publicInputs: false }),
      );
    }
    await run.jobs.send(await jobOf({ type: "stdout" }));
    await written.promise;
    expect(receiver.requests.length).toBeLessThanOrEqual(2);
    held.resolve(undefined);
    await run.finish();
    expect(run.reports.map(({ state }) => state)).toEqual(Array(5).fill("confirmed"));
    await receiver.stop();
  });

  test("a chain that hangs holds up no other chain", async () => {
    const held = Promise.withResolvers<undefined>();
    const proxy = startProxy(world.url);
    proxy.fault = () => held.promise;
    const deps = await ethereum({ journal: memoryJournal() });
    const endpoint = "https://five.example/key";
    const chains = [...deps.chains, { chainId: 5n, client: proxy.client, endpoint }];
    const run = stage({ ethereum: { ...deps, chains }, concurrency: 2 });
    const to = (more: object, id: number) =>
      jobOf({ ...take(), ...more } as EthereumOutput, { message: { id } });
    for (const named of [{ chainId: 5n }, { chainEndpoint: endpoint }]) {
      for (let i = 0; i < 3; i++) await run.jobs.send(await to(named, 8000 + i));
    }
    const job = await to({ chainId: 31337n }, 8100);
    await run.jobs.send(job);
    await until(() => run.statesOf(job).includes("confirmed"), "the other chain has it");
    expect(run.reports.every(({ taskId }) => taskId === job.taskId)).toBe(true);
    held.resolve(undefined);
    await run.abort();
    await proxy.stop();
  });

  test("what this node can't output dies with a word on what to do", async () => {
    const run = stage({ ethereum: undefined });
    await run.jobs.send(
      await jobOf({
        type: "solanaProgram",
        chainEndpoint: "",
        programId: "",
        stateAccount: "",
        light: false,
      }),
    );
    await run.jobs.send(await jobOf({ type: "textile", vaultId: "v.v", publicInputs: false }));
    await run.jobs.send(await jobOf(take()));
    await run.finish();
    expect(run.reports.map(({ state }) => state)).toEqual(["dead", "dead", "dead"]);
    expect(run.reports.map(({ comment }) => comment)).toEqual(
      [
        "this node has no solanaProgram output; use another output in the project's file",
        "this node has no textile output; use another output in the project's file",
        "this node has no ethereumContract output; it has no chain: set CHAIN_ENDPOINT",
      ],
    );
  });

  test("a writer that fails is a retry, and does not end the stage", async () => {
    let turn = 0;
    const write = () => turn++ === 0 ? Promise.reject(new Error("disk full")) : Promise.resolve();
    const run = stage({ ethereum: undefined, write });
    await run.jobs.send(await jobOf({ type: "stdout" }));
    await run.jobs.send(await jobOf({ type: "stdout" }));
    await run.finish();
    expect(run.reports.map(({ state, comment }) => [state, comment])).toEqual([
      ["retry", "disk full"],
      ["confirmed", ""],
    ]);
  });

  test("many jobs of one key: each sent, then confirmed, and one bad one in between dead", async () => {
    const run = stage({ ethereum: await ethereum() });
    const jobs = await Promise.all(
      Array.from(
        { length: 30 },
        (_, i) => jobOf(take(), { message: i === 7 ? { other: 1 } : { id: 1000 + i } }),
      ),
    );
    for (const job of jobs) await run.jobs.send(job);
    await run.finish();
    for (const [i, job] of jobs.entries()) {
      expect(run.statesOf(job)).toEqual(i === 7 ? ["dead"] : ["sent", "confirmed"]);
      expect(await world.seen(BigInt(1000 + i))).toBe(i === 7 ? 0n : 1n);
    }
    const bad = run.reports.find(({ state }) => state === "dead");
    expect(bad?.comment).toBe("miss param id for contract abi");
  });

  test("stopped between sent and confirmed, and started again: each lands once", async () => {
    const account = await freshAccount(world);
    const jobs = await Promise.all(
      Array.from({ length: 12 }, (_, i) => jobOf(take(), { message: { id: 2000 + i } })),
    );
    await world.control.setAutomine(false);
    try {
      const first = stage({ ethereum: await ethereum({ account }) });
      for (const job of jobs) await first.jobs.send(job);
      await until(() => first.reports.length >= 6, "half are sent");
      await first.abort();
      expect(first.reports.every(({ state }) => state === "sent")).toBe(true);

      const second = stage({ ethereum: await ethereum({ account }) });
      for (const job of jobs) await second.jobs.send(job);
      await until(() => jobs.every((job) => second.statesOf(job).length > 0), "all are sent");
      await world.control.mine({ blocks: 1 });
      await second.finish();
      for (const job of jobs) expect(second.statesOf(job)).toEqual(["sent", "confirmed"]);
    } finally {
      await world.control.setAutomine(true);
    }
    for (let i = 0; i < 12; i++) expect(await world.seen(BigInt(2000 + i))).toBe(1n);
    const nonce = await world.client.getTransactionCount({ address: account.address });
    expect(nonce).toBe(12);
  });

  test("two stages of one node with one key share its nonces, and count its gas once", async () => {
    const account = await freshAccount(world);
    const journal = memoryJournal();
    const before = await world.client.getBalance({ address: account.address });
    const make = (from: number) =>
      Promise.all(
        Array.from({ length: 10 }, (_, i) => jobOf(take(), { message: { id: from + i } })),
      );
    const lost = await make(5000);
    await world.control.setAutomine(false);
    const dying = stage({ ethereum: await ethereum({ account, journal }) });
    for (const job of lost) await dying.jobs.send(job);
    await until(() => dying.reports.length === 10, "all are sent");
    await dying.abort();
    await world.control.setAutomine(true);
    await world.control.mine({ blocks: 1 });

    const enode = stage({ ethereum: await ethereum({ account, journal }) });
    const znode = stage({ ethereum: await ethereum({ account, journal }) });
    const [ofEnode, ofZnode] = [await make(5010), await make(5020)];
    for (const job of [...lost, ...ofEnode]) await enode.jobs.send(job);
    for (const job of ofZnode) await znode.jobs.send(job);
    await Promise.all([enode.finish(), znode.finish()]);
    for (let id = 5000n; id < 5030n; id++) expect(await world.seen(id)).toBe(1n);
    expect(await world.client.getTransactionCount({ address: account.address })).toBe(30);
    const after = await world.client.getBalance({ address: account.address });
    expect(await journal.spent(1n, new Date().toISOString().slice(0, 10))).toBe(before - after);
  });

  test("goes on through an RPC outage, and leaks no URL", async () => {
    const proxy = startProxy(world.url);
    try {
      const run = stage({
        ethereum: await ethereum({ client: proxy.client, journal: memoryJournal() }),
      });
      proxy.fault = down;
      const job = await jobOf(take(), { message: { id: 3000 } });
      await run.jobs.send(job);
      await new Promise((resolve) => setTimeout(resolve, 300));
      proxy.fault = undefined;
      await run.finish();
      expect(run.statesOf(job)).toEqual(["sent", "confirmed"]);
      expect(JSON.stringify(run.reports, (_, v) => typeof v === "bigint" ? `${v}` : v))
        .not.toContain("secret-access-key");
    } finally {
      await proxy.stop();
    }
  });

  test("a database that fails is a retry, and nothing is sent without it", async () => {
    const account = await freshAccount(world);
    const journal = {
      ...memoryJournal(),
      reserve: () => Promise.reject(new Error("no connection to the database")),
    };
    const run = stage({ ethereum: await ethereum({ account, journal }) });
    await run.jobs.send(await jobOf(take(), { message: { id: 4000 } }));
    await run.finish();
    expect(run.reports.map(({ state }) => state)).toEqual(["retry"]);
    expect(await world.client.getTransactionCount({ address: account.address })).toBe(0);
  });
});

/**
 * Outputs per second to one contract on anvil with one key, beside a bare send loop of viem's in the
 * same run, a chain of its own for each.
 *
 * An output is a job of the output stage: a call to the contract that a project's file names, with
 * arguments of a message, simulated, written to the journal, signed, sent, and found in a block.
 * The bare loop is viem's `sendTransaction`, one after the other (or some at once), whose nonces it
 * counts itself: viem asks for gas and fees, signs and sends; then each receipt is read. The raw loop
 * is given gas and fees too, so that it only signs and sends. Neither writes or looks after anything.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import {
  createPublicClient,
  createWalletClient,
  encodeFunctionData,
  type Hex,
  http,
  type LocalAccount,
  type PublicClient,
} from "viem";
import { anvilAccount, anvilKey } from "../../src/chain/anvil.ts";
import { Channel } from "../../src/channel.ts";
import { openDa } from "../../src/da/index.ts";
import type { Journal } from "../../src/da/da.ts";
import { openLocal } from "../../src/da/local.ts";
import { createLog } from "../../src/log.ts";
import { runOutputs } from "../../src/output/index.ts";
import { testContracts } from "../../src/output/testing/contracts.ts";
import { jobOf } from "../../src/output/testing/jobs.ts";
import { startWorld, type World } from "../../src/output/testing/world.ts";
import type { OutputJob, OutputReport } from "../../src/output/types.ts";
import { runtimeName } from "../../src/platform.ts";
import { accountOf } from "../../src/secp256k1.ts";
import { startPostgres } from "../../tests/postgres.ts";
import { ownCpuMs } from "./cpu.ts";
import { flagsOf, whole, wrong } from "./options.ts";

const help = `Usage: bun scripts/bench/output.ts [options]

Outputs/s to one contract on anvil with one key, beside send loops of viem's: bare, where viem asks
for gas and fees, and raw, where they are given.

  --journal <kind>   sqlite, as a znode's; pglite or postgres, as an enode's (default sqlite)
  --outputs <n>      outputs of each run (default 2000)
  --at-once <n>      outputs under way at once (default 256, as a node has)
  --bare <n>         calls under way at once in the loops (default 1: each after the one before)
  --pairs <n>        runs of each, in turn (default 5)
  --json             print one JSON object
  --help             this text`;

const flags = flagsOf(help, {
  journal: "sqlite",
  outputs: "2000",
  "at-once": "256",
  bare: "1",
  pairs: "5",
});
const outputs = whole("outputs", flags.outputs, 1_000_000);
const atOnce = whole("at-once", flags["at-once"], 4_096);
const bareAtOnce = whole("bare", flags.bare, 4_096);
const pairs = whole("pairs", flags.pairs, 100);

interface Run {
  readonly perSecond: number;
  /** CPU time of this process an output, ms; anvil's is not in it. */
  readonly cpuMs: number;
}

/** Requests by method, and what anvil said against nonces. */
interface Traffic {
  readonly requests: Map<string, number>;
  nonceErrors: number;
}

const account: LocalAccount = anvilAccount(1);
/** As a node signs. */
const signer = accountOf(anvilKey(1));
const { Target } = testContracts();
const abi = Target.abi;

/** viem's transport, as nodes use it, with its traffic counted. */
function counted(url: string, traffic: Traffic) {
  return http(url, {
    timeout: 10_000,
    retryCount: 2,
    async onFetchRequest(_, { body }) {
      const { method } = JSON.parse(String(body)) as { method: string };
      traffic.requests.set(method, (traffic.requests.get(method) ?? 0) + 1);
    },
    async onFetchResponse(response) {
      const { error } = await response.clone().json() as { error?: { message?: string } };
      if (/nonce/i.test(error?.message ?? "")) traffic.nonceErrors++;
    },
  });
}

/** @param filled whether viem asks for gas and fees */
async function bare(world: World, filled: boolean): Promise<Run> {
  const transport = http(world.url, { timeout: 10_000, retryCount: 2 });
  const client = createPublicClient({ transport, cacheTime: 0, pollingInterval: 20 });
  const wallet = createWalletClient({ account, transport });
  const data = (id: number) =>
    encodeFunctionData({ abi, functionName: "take", args: [BigInt(id)] });
  const gas = await client.estimateGas({ account, to: world.target, data: data(outputs) });
  const { maxFeePerGas, maxPriorityFeePerGas } = await client.estimateFeesPerGas();
  const hashes: Hex[] = [];
  let next = 0;
  const worker = async () => {
    for (let nonce = next++; nonce < outputs; nonce = next++) {
      if (filled) {
        const call = { to: world.target, data: data(nonce), chain: null };
        hashes.push(await wallet.sendTransaction({ ...call, nonce }));
        continue;
      }
      const serializedTransaction = await wallet.signTransaction(
        {
          ...{ chain: null, chainId: 31337, type: "eip1559", nonce, gas },
          ...{ maxFeePerGas: 2n * maxFeePerGas, maxPriorityFeePerGas },
          ...{ to: world.target, data: data(nonce), value: 0n },
        } as Parameters<typeof wallet.signTransaction>[0],
      );
      hashes.push(await wallet.sendRawTransaction({ serializedTransaction }));
    }
  };
  const reader = async () => {
    for (let hash = hashes.pop(); hash; hash = hashes.pop()) {
      const { status } = await client.waitForTransactionReceipt({ hash, timeout: 30_000 });
      if (status !== "success") throw new Error("a transaction of the bare loop reverted");
    }
  };
  const all = (work: () => Promise<void>) => Promise.all(Array.from({ length: bareAtOnce }, work));
  return await timed(async () => {
    await all(worker);
    // anvil may leave what came before its turn in the pool.
    await world.control.mine({ blocks: 1 });
    await all(reader);
  });
}

async function stage(world: World, journal: Journal, traffic: Traffic): Promise<Run> {
  const client = createPublicClient({
    transport: counted(world.url, traffic),
    cacheTime: 0,
  }) as PublicClient;
  const jobs = new Channel<OutputJob>(atOnce);
  const reports = new Channel<OutputReport>(1024);
  const running = runOutputs(jobs, reports, {
    ethereum: {
      journal,
      chains: [{ chainId: 31337n, client, endpoint: world.url }],
      routers: new Map(),
      keys: { operator: signer, gas: undefined },
      policy: {
        canOperate: () => Promise.resolve(true),
        isOwn: () => Promise.resolve(true),
        allow: [],
        protected: [],
      },
      settings: () => ({ confirmations: 1, maxFeePerDay: 10n ** 24n }),
    },
    log: createLog("silent"),
    concurrency: atOnce,
  }, new AbortController().signal);
  const config = {
    ...{ type: "ethereumContract" as const, mode: "direct" as const, chainEndpoint: "" },
    ...{ contractAddress: world.target, contractMethod: "take", contractAbi: abi },
  };
  const made = await Promise.all(
    Array.from({ length: outputs }, (_, id) => jobOf(config, { message: { id } })),
  );
  const ends: OutputReport[] = [];
  const run = await timed(async () => {
    const reading = (async () => {
      for await (const report of reports) if (report.state !== "sent") ends.push(report);
    })();
    for (const job of made) await jobs.send(job);
    jobs.close();
    await running;
    reports.close();
    await reading;
  });
  const bad = ends.find(({ state }) => state !== "confirmed");
  if (bad) throw new Error(`an output ended ${bad.state}: ${bad.comment}`);
  return run;
}

async function timed(work: () => Promise<unknown>): Promise<Run> {
  const [began, cpu] = [performance.now(), ownCpuMs()];
  await work();
  const seconds = (performance.now() - began) / 1000;
  return { perSecond: outputs / seconds, cpuMs: (ownCpuMs() - cpu) / outputs };
}

/** Runs on a chain of its own, and sees that each call was made once under the first nonces. */
async function onChain(work: (world: World) => Promise<Run>): Promise<Run> {
  const world = await startWorld();
  try {
    const run = await work(world);
    const nonce = await world.client.getTransactionCount({ address: account.address });
    if (await world.count() !== BigInt(outputs) || nonce !== outputs) {
      throw new Error(`${outputs} outputs took ${nonce} nonces and ${await world.count()} calls`);
    }
    return run;
  } finally {
    await world.stop();
  }
}

async function openJournal(): Promise<{ journal: Journal; close(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), "w3bstream-bench-"));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  if (flags.journal === "sqlite") {
    const local = openLocal(join(directory, "znode.sqlite"));
    return { journal: local.journal, close: async () => (await local.close(), remove()) };
  }
  if (flags.journal !== "pglite" && flags.journal !== "postgres") {
    return wrong("--journal must be sqlite, pglite or postgres");
  }
  const server = flags.journal === "postgres" ? await startPostgres() : undefined;
  const dsn = await server?.freshDatabase();
  const log = createLog("silent");
  const da = await openDa({ ...(dsn ? { dsn } : {}), directory, log });
  return {
    journal: da.journal,
    async close() {
      await da.close();
      await server?.stop();
      remove();
    },
  };
}

const median = (list: readonly number[]) => {
  const sorted = [...list].sort((a, b) => a - b);
  const [low, high] = [sorted[(list.length - 1) >> 1], sorted[list.length >> 1]] as [
    number,
    number,
  ];
  return (low + high) / 2;
};
interface Result {
  readonly stage: Run;
  readonly bare: Run;
  readonly raw: Run;
  /** To the bare loop, and to the raw one. */
  readonly ratio: number;
  readonly rawRatio: number;
}
const results: Result[] = [];
const traffic: Traffic = { requests: new Map(), nonceErrors: 0 };
for (let pair = 0; pair < pairs; pair++) {
  const { journal, close } = await openJournal();
  try {
    // In turn first and second, so that neither always has the quieter machine.
    const works = [
      (world: World) => bare(world, true),
      (world: World) => stage(world, journal, traffic),
      (world: World) => bare(world, false),
    ];
    if (pair % 2 === 1) works.reverse();
    const runs: Run[] = [];
    for (const work of works) runs.push(await onChain(work));
    if (pair % 2 === 1) runs.reverse();
    const [loop, own, raw] = runs as [Run, Run, Run];
    const [ratio, rawRatio] = [own.perSecond / loop.perSecond, own.perSecond / raw.perSecond];
    const result = { stage: own, bare: loop, raw, ratio, rawRatio };
    results.push(result);
    if (flags.json) continue;
    const told = Object.entries({ stage: own, bare: loop, raw }).map(([name, run]) =>
      `${name} ${run.perSecond.toFixed(0).padStart(4)}/s, CPU ${run.cpuMs.toFixed(2)} ms each`
    );
    const ratios = `ratio ${ratio.toFixed(2)}, to raw ${rawRatio.toFixed(2)}`;
    console.log([...told, ratios].join("  "));
  } finally {
    await close();
  }
}
const perOutput = Object.fromEntries(
  [...traffic.requests].sort((a, b) => b[1] - a[1])
    .map(([method, n]) => [method, Number((n / outputs / pairs).toFixed(2))]),
);
const summary = {
  ...{ runtime: runtimeName, journal: flags.journal, outputs, atOnce, load: loadavg() },
  ratio: median(results.map(({ ratio }) => ratio)),
  rawRatio: median(results.map(({ rawRatio }) => rawRatio)),
  nonceErrors: traffic.nonceErrors,
  requestsPerOutput: perOutput,
  results,
};
if (flags.json) console.log(JSON.stringify(summary));
else {
  console.log(
    `median ratio ${summary.ratio.toFixed(2)}, to raw ${summary.rawRatio.toFixed(2)}, ` +
      `nonce errors ${summary.nonceErrors}`,
  );
  console.log(`requests an output: ${JSON.stringify(perOutput)}`);
}
process.exit(0);

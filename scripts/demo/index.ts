/** The main job on real input: from a weather station's readings to a contract that believes them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import type { Address, Hex } from "viem";
import { weatherStationAbi } from "../../src/chain/abi/weatherStation.ts";
import { startAnvil } from "../../src/chain/anvil.ts";
import { type ChainClient, connectChain } from "../../src/chain/clients.ts";
import type { Deployment } from "../../src/chain/deploy.ts";
import { errorText } from "../../src/log.ts";
import { encodeProject } from "../../src/project/encode.ts";
import { openIpfs } from "../../src/project/ipfs.ts";
import { readDraft } from "../../src/ws/draft.ts";
import { messageStates, postReadings, type State } from "./gateway.ts";
import {
  localParties,
  nodeEnvironment,
  type PublishedProject,
  registerWeather,
  setUpNetwork,
} from "./network.ts";
import { weatherReadings } from "./readings.ts";
import { tryToCheat } from "./refusals.ts";
import { freePort } from "../free_port.ts";

const usage = `usage: npm run demo [-- --messages <n>] [-- --verbose]

  --messages <n>  readings to post, 16 a task (default 64)
  --verbose       show the node's log
`;

const root = join(import.meta.dirname, "../..");
const began = performance.now();
const say = (line: string) =>
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s  ${line}`);

interface Options {
  readonly messages: number;
  readonly verbose: boolean;
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      messages: { type: "string", default: "64" },
      verbose: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const messages = Number(values.messages);
  if (!Number.isSafeInteger(messages) || messages < 1 || messages > 4096) {
    throw new Error("--messages must be from 1 to 4096");
  }
  return { messages, verbose: values.verbose };
}

/** What is to be undone at the end, last first. */
const cleanups: (() => unknown)[] = [];

async function main({ messages, verbose }: Options): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "w3bstream-demo-"));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));

  say("starting a local chain (anvil)");
  const anvil = await startAnvil();
  cleanups.push(() => anvil.stop());
  const chain = await connectChain(anvil.url);
  const parties = localParties();

  say("deploying the contracts, staking and registering znodes");
  const deployment = await setUpNetwork(chain, parties);
  say(`  router ${deployment.router}, znode ${parties.prover.address}`);

  say("publishing the weather project to IPFS, registering it on the chain");
  const draft = await readDraft(join(import.meta.dirname, "project.json"));
  const encoded = await encodeProject(draft);
  const ipfs = openIpfs({ directory: join(directory, "ipfs") });
  await ipfs.put(encoded.blocks);
  await ipfs.close();
  const project = await registerWeather(chain, deployment, parties, encoded);
  say(`  project ${project.projectId}, ipfs://${encoded.root.cid}`);

  say("starting the node (--role=all)");
  const url = await startNode(anvil.url, directory, deployment, verbose);

  const readings = await weatherReadings(messages);
  say(`posting ${readings.length} readings of the Seattle weather station to ${url}`);
  const target = { url, projectId: project.projectId, version: "1.0" };
  const ids = await postReadings(target, readings, (count) => {
    if (count % 32 === 0 || count === readings.length) say(`  ${count} readings acknowledged`);
  });

  say("packing, proving, verifying, submitting");
  const tasks = await watchTasks(url, ids);

  await showTable(chain, project, tasks);
  await showRefusals(chain, deployment, tasks, parties.rival.address);
  say("done");
}

async function startNode(
  chainUrl: string,
  directory: string,
  deployment: Deployment,
  verbose: boolean,
): Promise<string> {
  const port = await freePort();
  const child = spawn(process.execPath, ["src/node.ts", "--role=all"], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      HTTP_SERVICE_ENDPOINT: `127.0.0.1:${port}`,
      DATA_DIRECTORY: directory,
      ...nodeEnvironment(chainUrl, deployment),
      LOG_LEVEL: verbose ? "debug" : "info",
    },
    stdio: ["ignore", verbose ? "inherit" : "ignore", verbose ? "inherit" : "pipe"],
  });
  let log = "";
  child.stderr?.on("data", (chunk) => log = (log + chunk).slice(-20_000));
  let stopping = false;
  const exited = once(child, "exit");
  child.once("exit", (code) => {
    if (!stopping) fail(new Error(`the node ended with code ${code}:\n${log}`));
  });
  cleanups.push(async () => {
    stopping = true;
    if (child.exitCode === null) child.kill("SIGTERM");
    await exited;
  });
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 300; i++) {
    if (await fetch(`${url}/live`).then((r) => r.ok, () => false)) return url;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the node did not come up:\n${log}`);
}

/** A task, as its messages' states tell of it. */
interface Outcome {
  readonly messages: number;
  readonly proofSeconds: number;
  readonly transaction: Hex;
}

/** Follows the messages until each has ended; answers the tasks they became. */
async function watchTasks(url: string, ids: readonly string[]): Promise<Outcome[]> {
  const open = new Set(ids);
  const ended = new Map<string, State[]>();
  let shown = "";
  for (const deadline = Date.now() + 300_000; open.size > 0;) {
    if (Date.now() > deadline) throw new Error(`${open.size} messages are not done after 300 s`);
    const counts: Record<string, number> = {};
    for (const id of ids) {
      const states = ended.get(id) ?? await messageStates(url, id);
      const last = states.at(-1);
      if (last?.state === "failed") throw new Error(`a task failed: ${last.comment}`);
      if (last?.state === "outputted" && open.delete(id)) ended.set(id, states);
      counts[last?.state ?? "unknown"] = (counts[last?.state ?? "unknown"] ?? 0) + 1;
    }
    const line = Object.entries(counts).map(([state, n]) => `${n} ${state}`).join(", ");
    if (line !== shown) say(`  messages: ${shown = line}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const tasks = new Map<string, Outcome>();
  for (const states of ended.values()) {
    const at = (name: string) => states.findLast((entry) => entry.state === name);
    const transaction = at("outputted")?.result as Hex;
    const messages = (tasks.get(transaction)?.messages ?? 0) + 1;
    const ms = Date.parse(at("proved")?.time ?? "") - Date.parse(at("dispatched")?.time ?? "");
    tasks.set(transaction, { messages, proofSeconds: ms / 1000, transaction });
  }
  return [...tasks.values()];
}

async function showTable(
  chain: ChainClient,
  { station }: PublishedProject,
  tasks: readonly Outcome[],
): Promise<void> {
  const address = station;
  const rows = [[
    "task",
    "messages",
    "proof",
    "transaction",
    "gas",
    "mean",
    "min",
    "max",
    "count",
    "commitment",
  ]];
  const degrees = (tenths: number) => `${(tenths / 10).toFixed(1)}°C`;
  const short = (hex: string) => `${hex.slice(0, 10)}…`;
  for (const { messages, proofSeconds, transaction } of tasks) {
    const receipt = await chain.reader.getTransactionReceipt({ hash: transaction });
    const [event] = await chain.reader.getContractEvents({
      address,
      abi: weatherStationAbi,
      eventName: "Summarised",
      blockHash: receipt.blockHash,
    });
    const taskId = event?.args.taskId;
    if (!taskId) throw new Error(`${transaction} told the dApp nothing`);
    const stored = await chain.reader.readContract({
      address,
      abi: weatherStationAbi,
      functionName: "summary",
      args: [taskId],
    });
    if (stored.count !== messages) {
      throw new Error(`the contract counts ${stored.count} readings, ${messages} were packed`);
    }
    rows.push([
      short(taskId),
      `${messages}`,
      `${proofSeconds.toFixed(1)} s`,
      short(transaction),
      `${receipt.gasUsed}`,
      degrees(stored.mean),
      degrees(stored.min),
      degrees(stored.max),
      `${stored.count}`,
      short(stored.inputCommitment),
    ]);
  }
  say(`on the chain, in the dApp at ${address}:`);
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  for (const row of rows) {
    console.log(`         ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}`);
  }
}

async function showRefusals(
  chain: ChainClient,
  { router }: Deployment,
  tasks: readonly Outcome[],
  rival: Address,
): Promise<void> {
  const [first] = tasks;
  if (!first) throw new Error("no task was made");
  say("what the router refuses:");
  const refusals = await tryToCheat(chain, router, first.transaction, rival);
  for (const { what, error } of refusals) {
    if (error === undefined) throw new Error(`the router accepted: ${what}`);
    console.log(`         ${what.padEnd(16)} ${error}`);
  }
}

let finishing: Promise<void> | undefined;
function finish(code: number): Promise<void> {
  return finishing ??= (async () => {
    for (const undo of cleanups.reverse()) {
      try {
        await undo();
      } catch (error) {
        console.error(`while cleaning up: ${errorText(error)}`);
      }
    }
    process.exit(code);
  })();
}

function fail(error: unknown): void {
  console.error(`\nthe demo failed: ${error instanceof Error ? error.message : error}`);
  void finish(1);
}

process.on("SIGINT", () => void finish(130));
process.on("SIGTERM", () => void finish(143));
try {
  const options = readOptions();
  if (options) await main(options);
  else console.log(usage);
  await finish(0);
} catch (error) {
  fail(error);
}

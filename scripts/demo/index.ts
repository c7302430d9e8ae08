/** The main job on real input: from a weather station's readings to a contract that believes them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import type { Address, Hex } from "viem";
import { routerAbi } from "../../src/chain/abi/router.ts";
import { weatherStationAbi } from "../../src/chain/abi/weatherStation.ts";
import { startAnvil } from "../../src/chain/anvil.ts";
import { type ChainClient, connectChain } from "../../src/chain/clients.ts";
import type { Deployment } from "../../src/chain/deploy.ts";
import type { State } from "../../src/client.ts";
import type { Role } from "../../src/config.ts";
import { errorText } from "../../src/log.ts";
import { encodeProject } from "../../src/project/encode.ts";
import { openIpfs } from "../../src/project/ipfs.ts";
import { readDraft } from "../../src/ws/draft.ts";
import { postgresBinaries, startPostgres } from "../../tests/postgres.ts";
import { messageStates, postReadings } from "./gateway.ts";
import {
  localParties,
  nodeEnvironment,
  type PublishedProject,
  registerWeather,
  setUpNetwork,
  znodeKeys,
} from "./network.ts";
import { startNode } from "./nodes.ts";
import { weatherReadings } from "./readings.ts";
import { tryToCheat } from "./refusals.ts";

const usage = `usage: npm run demo [-- --messages <n>] [-- --role all] [-- --verbose]

  --messages <n>  readings to post, 16 a task (default 64)
  --role all      enode and znode in one process, instead of an enode and two znodes
  --verbose       show the nodes' logs
`;

const began = performance.now();
const say = (line: string) =>
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s  ${line}`);

interface Options {
  readonly messages: number;
  readonly role: "all" | undefined;
  readonly verbose: boolean;
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      messages: { type: "string", default: "64" },
      role: { type: "string" },
      verbose: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const messages = Number(values.messages);
  if (!Number.isSafeInteger(messages) || messages < 1 || messages > 4096) {
    throw new Error("--messages must be from 1 to 4096");
  }
  const { role } = values;
  if (role !== undefined && role !== "all") throw new Error("--role must be all, or left out");
  return { messages, role, verbose: values.verbose };
}

/** What is to be undone at the end, last first. */
const cleanups: (() => unknown)[] = [];

async function main({ messages, role, verbose }: Options): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "w3bstream-demo-"));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));

  say("starting a local chain (anvil)");
  const anvil = await startAnvil();
  cleanups.push(() => anvil.stop());
  const chain = await connectChain(anvil.url);
  const parties = localParties();

  say("deploying the contracts, staking and registering znodes");
  const deployment = await setUpNetwork(chain, parties);
  say(`  router ${deployment.router}, znodes ${parties.prover.address} ${parties.second.address}`);

  say("publishing the weather project to IPFS, registering it on the chain");
  const draft = await readDraft(join(import.meta.dirname, "project.json"));
  const encoded = await encodeProject(draft);
  const ipfs = openIpfs({ directory: join(directory, "enode", "ipfs") });
  await ipfs.put(encoded.blocks);
  await ipfs.close();
  const project = await registerWeather(chain, deployment, parties, encoded);
  say(`  project ${project.projectId}, ipfs://${encoded.root.cid}`);

  const url = await startNodes(nodeEnvironment(anvil.url, deployment), {
    role,
    directory,
    verbose,
  });

  const readings = await weatherReadings(messages);
  say(`posting ${readings.length} readings of the Seattle weather station to ${url}`);
  const target = { url, projectId: project.projectId, version: "1.0" };
  const ids = await postReadings(target, readings, (count) => {
    if (count % 32 === 0 || count === readings.length) say(`  ${count} readings acknowledged`);
  });

  say("packing, proving, verifying, submitting");
  const tasks = await watchTasks(url, ids);

  await showTable(chain, deployment, project, tasks);
  await showRefusals(chain, deployment, tasks, parties.rival.address);
  say("done");
}

/** Starts the nodes that the role asks for; answers where messages are posted. */
async function startNodes(network: Record<string, string>, options: {
  readonly role: Options["role"];
  readonly directory: string;
  readonly verbose: boolean;
}): Promise<string> {
  const node = (name: string, role: Role, env: Record<string, string>) =>
    startNode(
      { ...options, name, role, env, onDeath: fail },
      (started) => cleanups.push(() => started.stop()),
    );
  if (options.role === "all") {
    say("starting one node (--role=all, embedded database)");
    return (await node("enode", "all", network)).url;
  }
  const { PROVER_PRIVATE_KEY: _, ...shared } = network;
  const database = postgresBinaries().length > 0 ? await startPostgres() : undefined;
  cleanups.push(() => database?.stop());
  say(`starting an enode, on ${database ? `PostgreSQL ${database.version}` : "embedded database"}`);
  const enode = await node("enode", "enode", {
    ...shared,
    P2P_LISTEN: "/ip4/127.0.0.1/tcp/0",
    ...(database ? { DATABASE_DSN: database.dsn } : {}),
  });
  say("starting two znodes, which know the enode's address and nothing else of it");
  const BOOTNODE_MULTIADDR = (await enode.multiaddrs()).join(",");
  await Promise.all(
    znodeKeys().map((OPERATOR_PRIVATE_KEY, index) =>
      node(`znode${index + 1}`, "znode", {
        ...shared,
        OPERATOR_PRIVATE_KEY,
        BOOTNODE_MULTIADDR,
        WORKERS: "1",
      })
    ),
  );
  return enode.url;
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
  { router }: Deployment,
  { station }: PublishedProject,
  tasks: readonly Outcome[],
): Promise<void> {
  const address = station;
  const rows = [[
    "task",
    "messages",
    "prover",
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
    const [accepted] = await chain.reader.getContractEvents({
      address: router,
      abi: routerAbi,
      eventName: "Accepted",
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
      short(accepted?.args.prover ?? ""),
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
  const refusals = await tryToCheat(chain, router, first.transaction, rival, {
    "tampered mean": 31,
  });
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

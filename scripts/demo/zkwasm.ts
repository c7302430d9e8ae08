/** Readings of a weather station, checked and summed by a WebAssembly program whose runs are proven. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { EnodeClient, type State } from "../../src/client.ts";
import { encodeOriginal } from "../../src/project/encode.ts";
import { messageStates } from "./gateway.ts";
import { type DemoNode, startNode } from "./nodes.ts";
import { type Reading, weatherReadings } from "./readings.ts";
import { demoOnChain } from "./zkwasm_chain.ts";

const usage = `usage: npm run demo:zkwasm [-- --verbose] [-- --chain [--bound]]

Starts a node without a chain, posts 8 readings, 4 a task, and shows what was proven of them by
proofs that hide them.
  --chain    a contract on a local chain checks the proof and keeps what it says: some minutes,
             and 3 GB of memory; the first time more of them, for a native library (needs cargo)
             and keys
  --bound    with --chain: of a program that commits to its data, so that the contract knows whose
             numbers they are; its runs are longer, and take four times as long
  --verbose  show the nodes' logs
`;

const perTask = 4;
const guest = join(import.meta.dirname, "../../wasm/dist/guests/meter.wasm");
const began = performance.now();
const say = (line: string) =>
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s  ${line}`);

function post(url: string, { value }: Reading): Promise<string> {
  const data = JSON.stringify({ private_input: [Math.round(value * 10)] });
  return new EnodeClient(url).send({ projectId: 1, version: "1.0", data });
}

/** A message's life, once it has ended. */
async function life(url: string, id: string): Promise<State[]> {
  for (const deadline = Date.now() + 300_000; Date.now() < deadline;) {
    const states = await messageStates(url, id);
    const last = states.at(-1);
    if (last?.state === "failed") throw new Error(`a task failed: ${last.comment}`);
    if (last?.state === "outputted") return states;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  throw new Error("a message is not done after 300 s");
}

function showTask(states: readonly State[]): void {
  const at = (name: string) => states.find((entry) => entry.state === name);
  const ms = Date.parse(at("proved")?.time ?? "") - Date.parse(at("dispatched")?.time ?? "");
  const outputs: bigint[] = JSON.parse(at("proved")?.result ?? "").outputs.map(BigInt);
  const [normal = 0n, sum = 0n, flags = 0n] = outputs.slice(4);
  const commitment = outputs.slice(0, 4).map((v) => v.toString(16).padStart(16, "0")).join("");
  const mean = Number(BigInt.asIntN(64, sum)) / Number(normal) / 10;
  say(
    `  commitment 0x${commitment.slice(0, 16)}…: ${normal} normal readings, ` +
      `mean ${mean.toFixed(2)}°C, flags ${flags.toString(2)}; proved in ${
        (ms / 1000).toFixed(1)
      } s`,
  );
}

async function main(directory: string, verbose: boolean, started: (node: DemoNode) => void) {
  const projects = join(directory, "projects");
  await mkdir(projects);
  const version = {
    version: "1.0",
    vmType: "zkwasm",
    code: new Uint8Array(await readFile(guest)),
    packing: { count: perTask, window: 5 },
    output: { type: "stdout" },
  };
  await writeFile(join(projects, "1"), await encodeOriginal({ versions: [version] }));
  say("starting a node (--role=all, no chain, embedded database)");
  const { promise: died, reject } = Promise.withResolvers<never>();
  const options = { name: "node", role: "all", directory, verbose, onDeath: reject } as const;
  const env = { PROJECT_FILE_DIRECTORY: projects };
  const { url } = await startNode({ ...options, env }, started);

  const readings = await weatherReadings(2 * perTask);
  say(`posting ${readings.length} readings of the Seattle weather station to ${url}`);
  const ids: string[] = [];
  for (const reading of readings) ids.push(await post(url, reading));
  say("packing, proving, verifying");
  const lives = await Promise.race([died, Promise.all(ids.map((id) => life(url, id)))]);
  say("what is proven of the private readings:");
  const results = new Map(
    lives.map((states) => [states.find((entry) => entry.state === "proved")?.result, states]),
  );
  for (const states of results.values()) showTask(states);
  say("done");
}

const { values } = parseArgs({
  options: {
    chain: { type: "boolean", default: false },
    bound: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(usage);
} else {
  const directory = await mkdtemp(join(tmpdir(), "w3bstream-demo-"));
  const cleanups: (() => Promise<unknown>)[] = [
    () => rm(directory, { recursive: true, force: true }),
  ];
  const started = (undo: () => Promise<unknown>) => void cleanups.push(undo);
  const stop = async () => {
    for (let undo = cleanups.pop(); undo; undo = cleanups.pop()) await undo();
  };
  process.on("SIGINT", () => void stop().then(() => process.exit(130)));
  try {
    const { chain, bound, verbose } = values;
    if (bound && !chain) throw new Error("--bound is for --chain");
    if (chain) await demoOnChain({ directory, verbose, bound, say, started });
    else await main(directory, verbose, (node) => started(() => node.stop()));
  } catch (error) {
    console.error(`\nthe demo failed: ${(error as Error).message}`);
    process.exitCode = 1;
  } finally {
    await stop();
  }
}

/** From readings of a weather station to a contract, by a WebAssembly program's proof. */
import { join } from "node:path";
import { type Hex, size } from "viem";
import { buildLibrary } from "../../runtimes/crate_build.ts";
import type { ClassName } from "../../runtimes/zkwasm/profile.ts";
import { crate, keysFolder } from "../../runtimes/zkwasm/wrap/installed.ts";
import { startAnvil } from "../../src/chain/anvil.ts";
import { type ChainClient, connectChain } from "../../src/chain/clients.ts";
import { EnodeClient, type State } from "../../src/client.ts";
import { encodeProject } from "../../src/project/encode.ts";
import { openIpfs } from "../../src/project/ipfs.ts";
import { taskIdOf } from "../../src/protocol/task.ts";
import { messageStates } from "./gateway.ts";
import { localParties, nodeEnvironment, setUpNetwork, znodeKeys } from "./network.ts";
import { startNode } from "./nodes.ts";
import { weatherReadings } from "./readings.ts";
import { submissionOf, tryToCheat } from "./refusals.ts";
import { provenRun, registerRuns, type RunsProject, wrapProject } from "./zkwasm_network.ts";

interface Program {
  readonly guest: string;
  readonly className: ClassName;
  readonly what: string;
  /** Readings of a task, and the messages that they are, in tenths of a degree. */
  readonly readings: number;
  readonly messages: (tenths: readonly number[]) => object[];
  /** What the dApp has of it. */
  readonly told: (
    run: { readonly inputs: readonly bigint[]; readonly outputs: readonly bigint[] },
  ) => [name: string, value: string];
}

const degrees = (tenths: number) => `${(tenths / 10).toFixed(1)}°C`;

const tag: Program = {
  guest: "sum",
  className: "small",
  what: "two private numbers have a public sum",
  readings: 2,
  messages: (tenths) => [
    { public_input: [tenths.reduce((a, b) => a + b)], private_input: tenths },
  ],
  told: ({ inputs }) => ["sum", inputs.map((sum) => degrees(Number(sum))).join()],
};

/** SHA-256 of its input takes a run more steps than the lower class has. */
const data: Program = {
  guest: "meter_rust",
  className: "medium",
  what: "how many private readings are normal, and their sum; it commits to its input",
  readings: 4,
  messages: (tenths) => tenths.map((reading) => ({ private_input: [reading] })),
  told: ({ outputs: [normal = 0n, sum = 0n] }) => [
    "readings",
    `${normal} are normal, their mean is ${degrees(Number(sum) / Number(normal))}`,
  ],
};

/** What a znode does at each phase of a proof. */
const phases: Readonly<Record<string, string>> = {
  execute: "runs the program",
  stark: "proves the run by a STARK of some hundred kilobytes",
  keys: "reads setup and keys of the class; makes them, in minutes, the first time on this machine",
  wrap: "proves in a Halo2 circuit that the STARK verifies",
  verify: "verifies what it proved",
};

export interface Options {
  readonly directory: string;
  readonly verbose: boolean;
  /** Whether the program commits to its data. */
  readonly bound: boolean;
  readonly say: (line: string) => void;
  /** Given what ends each thing that was started. */
  readonly started: (stop: () => Promise<unknown>) => void;
}

export async function demoOnChain(options: Options): Promise<void> {
  const { directory, verbose, say, started } = options;
  const run = options.bound ? data : tag;
  say(`what wraps proofs: ${crate.what}`);
  const { path } = await buildLibrary(crate, { say: (line) => say(`  ${line}`) });
  say(`  ${path}; keys are kept in ${keysFolder()}`);

  say("starting a local chain (anvil), deploying the contracts, staking znodes");
  const anvil = await startAnvil();
  started(() => anvil.stop());
  const chain = await connectChain(anvil.url);
  const parties = localParties();
  const deployment = await setUpNetwork(chain, parties);

  say(`publishing a program (${run.what}), registering the project`);
  const messages = run.messages(await tenthsOf(run.readings));
  const draft = await wrapProject(run.guest, run.className, messages.length);
  const encoded = await encodeProject(draft);
  const ipfs = openIpfs({ directory: join(directory, "enode", "ipfs") });
  await ipfs.put(encoded.blocks).finally(() => ipfs.close());
  const project = await registerRuns(chain, deployment, parties, encoded, undefined, {
    onDeployed: (name, at) => say(`  ${name} ${at}`),
  });
  const { program } = project;
  say(`  image id ${program.imageId}, class ${run.className}: 2^${program.class} rows a table`);
  say(
    options.bound
      ? "  proofs are bound to task, prover and data"
      : "  proofs are bound to task and prover; this program does not commit to its data",
  );

  say("starting an enode and a znode");
  const { promise: died, reject: onDeath } = Promise.withResolvers<never>();
  died.catch(() => {});
  const { PROVER_PRIVATE_KEY: _, ...network } = nodeEnvironment(anvil.url, deployment);
  const common = { directory, verbose, onDeath };
  const enode = await startNode({
    ...common,
    name: "enode",
    role: "enode",
    env: { ...network, P2P_LISTEN: "/ip4/127.0.0.1/tcp/0" },
  }, (node) => started(() => node.stop()));
  const watch = new Phases(say);
  started(() => Promise.resolve(watch.stop()));
  await startNode({
    ...common,
    name: "znode",
    role: "znode",
    onLine: (line) => watch.hear(line),
    env: {
      ...network,
      OPERATOR_PRIVATE_KEY: znodeKeys()[0] as Hex,
      BOOTNODE_MULTIADDR: (await enode.multiaddrs()).join(","),
      WORKERS: "1",
    },
  }, (node) => started(() => node.stop()));

  say(`posting ${run.readings} readings of the Seattle weather station to ${enode.url}`);
  let id = "";
  for (const message of messages) {
    id = await new EnodeClient(enode.url).send({
      projectId: project.projectId,
      version: "1.0",
      data: JSON.stringify(message),
    });
  }
  const transaction = await Promise.race([died, ended(enode.url, id, say)]);
  watch.stop();
  await show(chain, project, transaction, run, say);

  say("what the router refuses:");
  const { router } = deployment;
  const refusals = await tryToCheat(chain, router, transaction, parties.rival.address, {
    "tampered status": 1,
    "tampered image": 2,
    "tampered binding": 34,
    "tampered value": -1,
  });
  for (const { what, error } of refusals) {
    if (error === undefined) throw new Error(`the router accepted: ${what}`);
    console.log(`         ${what.padEnd(16)} ${error}`);
  }
  say("done");
}

async function tenthsOf(count: number): Promise<number[]> {
  const readings = await weatherReadings(count);
  return readings.map(({ value }) => Math.round(value * 10));
}

/** Follows a message to its end; answers the transaction that submitted its task. */
async function ended(url: string, id: string, say: Options["say"]): Promise<Hex> {
  const told: State[] = [];
  for (const deadline = Date.now() + 7_200_000; Date.now() < deadline;) {
    for (const entry of (await messageStates(url, id)).slice(told.length)) {
      told.push(entry);
      say(`  message: ${entry.state}`);
      if (entry.state === "failed") throw new Error(`the task failed: ${entry.comment}`);
      if (entry.state === "outputted") return entry.result as Hex;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error("the message is not done after two hours");
}

/** Shows what a znode is at, by the lines of its log. */
class Phases {
  #phase: { readonly name: string; readonly began: number } | undefined;
  readonly #timer = setInterval(() => this.#remind(), 20_000);

  constructor(private readonly say: Options["say"]) {}

  hear(line: string): void {
    let entry: { msg?: string; phase?: string; level?: number };
    try {
      entry = JSON.parse(line);
    } catch {
      return;
    }
    if ((entry.level ?? 0) >= 40) this.say(`  znode: ${entry.msg}`);
    if (entry.msg !== "proving" || !entry.phase) return;
    this.#end();
    this.say(`  znode: ${phases[entry.phase] ?? entry.phase}`);
    this.#phase = { name: entry.phase, began: performance.now() };
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#end();
  }

  #end(): void {
    if (this.#phase) this.say(`    ${this.#phase.name} took ${this.#seconds(1)} s`);
    this.#phase = undefined;
  }

  #remind(): void {
    if (this.#phase) this.say(`    ${this.#phase.name}, for ${this.#seconds(0)} s now`);
  }

  #seconds(digits: number): string {
    return ((performance.now() - (this.#phase?.began ?? 0)) / 1000).toFixed(digits);
  }
}

async function show(
  chain: ChainClient,
  project: RunsProject,
  transaction: Hex,
  { told }: Program,
  say: Options["say"],
): Promise<void> {
  const { gasUsed, to } = await chain.reader.getTransactionReceipt({ hash: transaction });
  const { input } = await chain.reader.getTransaction({ hash: transaction });
  const [task, , , , proof] = await submissionOf(chain, transaction);
  const taskId = taskIdOf({ ...task, chainId: chain.id, router: to as Hex });
  const run = await provenRun(chain, project, taskId);
  say(`on the chain, in the dApp at ${project.runs}:`);
  const rows = [
    ["task", taskId],
    ["prover", run.prover],
    told(run),
    ["proof", `${size(proof)} bytes; calldata ${size(input)} bytes; ${gasUsed} gas`],
  ];
  for (const [name = "", value] of rows) console.log(`         ${name.padEnd(8)} ${value}`);
}

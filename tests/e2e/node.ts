import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "../../scripts/free_port.ts";
import { EnodeClient, type State } from "../../src/client.ts";
import { layPglite } from "../pglite.ts";
import { slow } from "../slow.ts";

const root = join(import.meta.dirname, "../..");
const bin = (name: string) => join(root, "node_modules", ".bin", name);

export type Runtime = "bun" | "deno";

/** Which runtime the nodes under test run on; the tests themselves run on Bun. */
export const nodeRuntime: Runtime = process.env.NODE_RUNTIME === "deno" ? "deno" : "bun";

/** What znodes run on that are under test beside an enode: the other runtime, unless it is named. */
export const znodeRuntime: Runtime = (process.env.ZNODE_RUNTIME as Runtime | undefined) ??
  (nodeRuntime === "bun" ? "deno" : "bun");

/**
 * For what does not hang on the nodes' runtime, and is tested elsewhere on the other: whether it is
 * tested now. `SLOW=1` has it tested on both.
 */
export const testedOn = (runtime: Runtime): boolean => nodeRuntime === runtime || slow;

/** The command that `bun run node` or `deno task node` runs, without the task runner around it. */
function nodeCommand(runtime: Runtime): string[] {
  if (runtime === "bun") return [bin("bun"), "src/node.ts"];
  const config = JSON.parse(readFileSync(join(root, "deno.json"), "utf8"));
  const [, ...args] = (config.tasks.node as string).split(/\s+/);
  return [bin("deno"), ...args];
}

export interface NodeProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** All that the node logged so far. */
  log(): string;
  /** SIGTERM, and waits; answers the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, and waits. */
  kill(): Promise<void>;
}

/** What is waited for comes sooner by far; a machine that is busy with other things delays it. */
const patienceMs = 300_000;

/** Nodes that run, for what is said when something does not come. */
const running = new Set<NodeProcess>();

/** The last lines that each running node logged. */
const lastLines = () =>
  [...running].map((node) => `--- ${node.url}\n${node.log().split("\n").slice(-40).join("\n")}`);

export interface NodeOptions {
  readonly role?: string;
  readonly port?: number;
  readonly runtime?: Runtime;
  /** Makes its database itself, which takes seconds; else a new one is laid for it. */
  readonly makesDatabase?: boolean;
  /** The machine that it runs on, where that is another. */
  readonly on?: { readonly enter: readonly string[]; forward(port: number): Promise<void> };
}

/** Starts a node as a user would, and waits until it answers `/live`. */
export async function startNode(
  env: Record<string, string>,
  options: NodeOptions = {},
): Promise<NodeProcess> {
  const embeds = ["all", "enode"].includes(options.role ?? "all") && !env.DATABASE_DSN;
  if (embeds && env.DATA_DIRECTORY && !options.makesDatabase) await layPglite(env.DATA_DIRECTORY);
  const port = options.port ?? await freePort();
  await options.on?.forward(port);
  const enter = options.on?.enter ?? [];
  const [file = "", ...args] = [...enter, ...nodeCommand(options.runtime ?? nodeRuntime)];
  const child = spawn(file, [...args, `--role=${options.role ?? "all"}`], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      // Where the native prover was built.
      XDG_CACHE_HOME: process.env.XDG_CACHE_HOME,
      BUILD_NATIVE: "off",
      LOG_LEVEL: "debug",
      HTTP_SERVICE_ENDPOINT: `127.0.0.1:${port}`,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stdout.on("data", (chunk) => log += chunk);
  child.stderr.on("data", (chunk) => log += chunk);
  const exited = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  const stop = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await exited;
    }
  };
  const node: NodeProcess = {
    url,
    child,
    log: () => log,
    stop: async () => (await stop("SIGTERM"), child.exitCode),
    kill: () => stop("SIGKILL"),
  };
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline;) {
    if (child.exitCode !== null) throw new Error(`the node exited:\n${log}`);
    if (await fetch(`${url}/live`).then((r) => r.ok, () => false)) {
      running.add(node);
      child.once("exit", () => running.delete(node));
      return node;
    }
    await sleep(100);
  }
  await node.kill();
  throw new Error(`the node did not come up:\n${log}`);
}

/** Nodes of one test's keys, which serve the project files of its folder `projects`. */
export function nodesIn(directory: (name: string) => string) {
  const nodes: NodeProcess[] = [];
  return {
    /** @param name of its folder for data */
    async start(
      role: string,
      key: string,
      env: Record<string, string>,
      name = role,
    ): Promise<NodeProcess> {
      const node = await startNode({
        DATA_DIRECTORY: directory(name),
        PROJECT_FILE_DIRECTORY: directory("projects"),
        OPERATOR_PRIVATE_KEY: key,
        ...env,
      }, { role });
      nodes.push(node);
      return node;
    },
    kill: () => Promise.all(nodes.map((node) => node.kill())),
  };
}

export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Polls until `probe` gives something. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined>,
  timeoutMs = patienceMs,
): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(200)) {
    const value = await probe();
    if (value !== undefined) return value;
  }
  throw new Error([`timed out waiting until ${what}`, ...lastLines()].join("\n"));
}

/** Posts one message; answers its id. */
export const post = (
  url: string,
  projectId: number,
  data: string,
  version = "0.1",
): Promise<string> => new EnodeClient(url).send({ projectId, version, data });

export const states = async (url: string, messageId: string): Promise<State[]> =>
  (await new EnodeClient(url).message(messageId)).states ?? [];

/** Waits until a message's life has reached `state`. */
export function reaches(
  url: string,
  messageId: string,
  state: string,
  timeoutMs = patienceMs,
): Promise<State> {
  return until(
    `${messageId} is ${state}`,
    async () => (await states(url, messageId)).find((entry) => entry.state === state),
    timeoutMs,
  );
}

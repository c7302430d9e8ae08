/** The demo's nodes: each a process of its own, as an operator would run it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Role } from "../../src/config.ts";
import { freePort } from "../free_port.ts";

const root = join(import.meta.dirname, "../..");

export interface NodeOptions {
  /** Of the data directory, and in messages. */
  readonly name: string;
  readonly role: Role;
  /** Holds the nodes' data directories. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly verbose: boolean;
  /** Told each line of the log, of all levels. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Told when the node ends by itself. */
  readonly onDeath: (error: Error) => void;
}

export interface DemoNode {
  readonly url: string;
  /** Where other nodes find it; empty when it doesn't listen for them. */
  multiaddrs(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Starts a node and waits until it answers. `started` has it before that, for who must stop it. */
export async function startNode(
  options: NodeOptions,
  started: (node: DemoNode) => void,
): Promise<DemoNode> {
  const { name, role, verbose, onLine } = options;
  const data = join(options.directory, name);
  await mkdir(data, { recursive: true });
  const port = await freePort();
  const child = spawn(process.execPath, ["src/node.ts", `--role=${role}`], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      // Where native provers are built, and their keys kept.
      XDG_CACHE_HOME: process.env.XDG_CACHE_HOME,
      HTTP_SERVICE_ENDPOINT: `127.0.0.1:${port}`,
      DATA_DIRECTORY: data,
      ...options.env,
      LOG_LEVEL: verbose || onLine ? "debug" : "info",
    },
    stdio: ["ignore", verbose ? "inherit" : "ignore", verbose && !onLine ? "inherit" : "pipe"],
  });
  let log = "", stopping = false;
  child.stderr?.on("data", (chunk) => {
    log = (log + chunk).slice(-20_000);
    if (verbose) process.stderr.write(chunk);
  });
  if (onLine && child.stderr) createInterface({ input: child.stderr }).on("line", onLine);
  const exited = once(child, "exit");
  child.once("exit", (code) => {
    if (!stopping) options.onDeath(new Error(`${name} ended with code ${code}:\n${log}`));
  });
  const url = `http://127.0.0.1:${port}`;
  const node: DemoNode = {
    url,
    async multiaddrs() {
      const peer = JSON.parse(await readFile(join(data, "peer.json"), "utf8"));
      return peer.multiaddrs;
    },
    async stop() {
      stopping = true;
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await exited;
    },
  };
  started(node);
  // A machine with much else to do takes its time.
  for (const deadline = Date.now() + 180_000; Date.now() < deadline;) {
    if (await fetch(`${url}/live`).then((r) => r.ok, () => false)) return node;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${name} did not come up:\n${log}`);
}

/** Programs of this repository that `ws dev` runs beside itself, by the same runtime. */
import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import denoJson from "../../../deno.json" with { type: "json" };
import { runtimeName } from "../../platform.ts";
import { UserError } from "../cli.ts";

export const root = join(import.meta.dirname, "../../..");

// The executable's name comes by the environment, out of sight of Deno's node:child_process, which
// would add permissions.
const enter = 'file=$W3BSTREAM_FILE; unset W3BSTREAM_FILE; exec "$file" "$@"';

/** Starts this runtime's executable with these arguments. */
export function spawnRuntime(
  args: readonly string[],
  options: SpawnOptions & { readonly env?: Record<string, string | undefined> },
): ChildProcess {
  const env = { ...options.env, W3BSTREAM_FILE: process.execPath };
  return spawn("/bin/sh", ["-c", enter, "sh", ...args], { ...options, env });
}

/** The port, where nobody listens on it, else one that is free. */
export async function freePort(wanted: number): Promise<number> {
  const server = createServer();
  const listens = (port: number) => once(server.listen(port, "127.0.0.1"), "listening");
  await listens(wanted).catch(() => listens(0));
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

export interface DevNode {
  readonly url: string;
  /** Rejects when the node ends by itself. */
  readonly died: Promise<never>;
  /** SIGTERM, and waits. Safe to call twice. */
  stop(): Promise<void>;
}

export interface DevNodeOptions {
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  /** Shows its log on standard error. */
  readonly verbose: boolean;
  /** Stops waiting for it. */
  readonly signal: AbortSignal;
}

/** Settings of a node that are the machine's, and not the network's. */
const passed = [
  ...["PATH", "HOME", "XDG_CACHE_HOME", "TMPDIR"],
  ...["WORKERS", "PROVER_MEMORY_MB", "NATIVE_LIBRARIES", "BUILD_NATIVE"],
];

/**
 * Starts a node of role all. `started` has it before it answers, for who must stop it.
 * @throws {UserError} with the end of its log, if it ends instead
 */
export async function startDevNode(
  { port, env, verbose, signal }: DevNodeOptions,
  started: (node: DevNode) => void,
): Promise<DevNode> {
  const [, ...deno] = denoJson.tasks.node.split(" ");
  const args = runtimeName === "deno" ? deno : ["src/node.ts"];
  const child = spawnRuntime([...args, "--role=all"], {
    cwd: root,
    env: {
      ...Object.fromEntries(passed.map((name) => [name, process.env[name]])),
      ...env,
      HTTP_SERVICE_ENDPOINT: `127.0.0.1:${port}`,
      LOG_LEVEL: verbose ? "debug" : "info",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "", stopping = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Uint8Array) => {
      const text = new TextDecoder().decode(chunk);
      log = (log + text).slice(-4_000);
      if (verbose) process.stderr.write(text);
    });
  }
  const exited = once(child, "exit");
  const { promise: died, reject } = Promise.withResolvers<never>();
  died.catch(() => {});
  child.once("exit", (code) => {
    if (!stopping) reject(new UserError(`the node ended with code ${code}:\n${log.trim()}`));
  });
  const url = `http://127.0.0.1:${port}`;
  const node: DevNode = {
    url,
    died,
    async stop() {
      stopping = true;
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await exited;
    },
  };
  started(node);
  await Promise.race([died, answers(url, signal)]);
  return node;
}

async function answers(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    if (await fetch(`${url}/live`, { signal }).then((r) => r.ok, () => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

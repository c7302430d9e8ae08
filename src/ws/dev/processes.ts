/** Programs of this repository that `ws dev` runs beside itself, by the same runtime. */
import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import denoJson from "../../../deno.json" with { type: "json" };
import { abortable } from "../../abort.ts";
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

export interface DevNode {
  readonly url: string;
  /** Rejects when the node ends by itself. */
  readonly died: Promise<never>;
}

/** SIGTERM, and waits. Safe to call twice. */
type Stop = () => Promise<void>;

export interface DevNodeOptions {
  /** Left out: 9000, or a free one where that is taken. */
  readonly port: number | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Shows its log on standard error. */
  readonly verbose: boolean;
  /** Stops waiting for it. */
  readonly signal: AbortSignal;
}

/** Settings of a node that are the machine's, and not the network's. */
const passed = [
  ...["PATH", "HOME", "XDG_CACHE_HOME", "TMPDIR"],
  ...["WORKERS", "PROVER_MEMORY_MB", "NATIVE_LIBRARIES", "BUILD_NATIVE", "WRAP_SETUP"],
];

/** What a node says. */
const portTaken = /address already in use/;

/**
 * Starts a node of role all. `started` has what stops it, before it listens.
 * @throws {UserError} with the end of its log, if it ends instead
 */
export async function startDevNode(
  options: DevNodeOptions,
  started: (stop: Stop) => void,
): Promise<DevNode> {
  if (options.port !== undefined) return await startOn(options.port, options, started);
  try {
    return await startOn(9000, options, started);
  } catch (error) {
    if (!(error instanceof UserError) || !portTaken.test(error.message)) throw error;
    return await startOn(0, options, started);
  }
}

async function startOn(
  port: number,
  { env, verbose, signal }: DevNodeOptions,
  started: (stop: Stop) => void,
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
  // By what it says itself: another process may answer at the port.
  const { promise: listens, resolve: heard } = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Uint8Array) => {
      const text = new TextDecoder().decode(chunk);
      log = (log + text).slice(-4_000);
      const [, url] = /"url":"([^"]+)","msg":"the HTTP API listens"/.exec(log) ?? [];
      if (url) heard(url);
      if (verbose) process.stderr.write(text);
    });
  }
  const exited = once(child, "exit");
  const { promise: died, reject } = Promise.withResolvers<never>();
  died.catch(() => {});
  child.once("exit", (code) => {
    if (!stopping) reject(new UserError(`the node ended with code ${code}:\n${log.trim()}`));
  });
  const stop = async () => {
    stopping = true;
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await exited;
  };
  started(stop);
  const url = await abortable(Promise.race([died, listens]), signal);
  return { url, died };
}

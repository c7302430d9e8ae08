/** The command line in a process of its own. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { nodeRuntime } from "./node.ts";

const root = join(import.meta.dirname, "../..");

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The command of `bun run ws` or `deno task ws`, without the task runner around it. */
function command(): [file: string, ...args: string[]] {
  const tasks = JSON.parse(readFileSync(join(root, "deno.json"), "utf8")).tasks;
  const [, ...deno] = (tasks.ws as string).split(/\s+/);
  const prefix = nodeRuntime === "bun" ? ["src/ws/index.ts"] : deno;
  return [join(root, "node_modules/.bin", nodeRuntime), ...prefix];
}

const optionsWith = (env: Record<string, string>) => ({
  cwd: root,
  env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
});

/** Runs a command to its end. */
export function ws(args: string[], env: Record<string, string> = {}): Promise<Result> {
  const [file, ...prefix] = command();
  return new Promise((resolve) => {
    execFile(
      file,
      [...prefix, ...args],
      optionsWith(env),
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

/** Starts a command that is typed at. */
export function startWs(args: string[], env: Record<string, string> = {}) {
  const [file, ...prefix] = command();
  const child = spawn(file, [...prefix, ...args], { ...optionsWith(env), stdio: "pipe" });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => said += chunk);
  const exited = once(child, "exit");
  return {
    /** All that it has said. */
    said: () => said,
    type: (line: string) => void child.stdin.write(`${line}\n`),
    /** Interrupts it, as Ctrl-C does, or by another signal; answers the exit code. */
    async interrupt(signal: NodeJS.Signals = "SIGINT"): Promise<number | null> {
      if (child.exitCode === null) child.kill(signal);
      await exited;
      return child.exitCode;
    },
  };
}

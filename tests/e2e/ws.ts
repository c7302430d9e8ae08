/** The command line in a process of its own. */
import { execFile } from "node:child_process";
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

/** Runs `bun run ws …` or `deno task ws …`, without the task runner around it. */
export function ws(args: string[], env: Record<string, string> = {}): Promise<Result> {
  const tasks = JSON.parse(readFileSync(join(root, "deno.json"), "utf8")).tasks;
  const [, ...deno] = (tasks.ws as string).split(/\s+/);
  const prefix = nodeRuntime === "bun" ? ["src/ws/index.ts"] : deno;
  const file = join(root, "node_modules/.bin", nodeRuntime);
  const options = { cwd: root, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env } };
  return new Promise((resolve) => {
    execFile(
      file,
      [...prefix, ...args],
      options,
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

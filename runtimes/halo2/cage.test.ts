import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { allChecks } from "../testing/checks.ts";

setDefaultTimeout(120_000);
const checks = allChecks();

describe("on Bun", () => {
  for (const { name, run } of checks) test(name, run);
});

describe("on Deno", () => {
  const results = new Map<string, { ok: boolean; error?: string }>();
  let child: ChildProcess;

  // With the permissions that a node has, not with all of them.
  beforeAll(async () => {
    const root = new URL("../../", import.meta.url);
    child = spawn(
      fileURLToPath(new URL("node_modules/.bin/deno", root)),
      [
        "run",
        "--no-prompt",
        "--allow-read",
        "--allow-run",
        "--allow-env",
        "runtimes/testing/run.ts",
      ],
      { cwd: root, stdio: ["ignore", "pipe", "inherit"] },
    );
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => output += text);
    await new Promise((resolve) => child.once("close", resolve));
    for (const line of output.trim().split("\n")) {
      const { name, ...result } = JSON.parse(line);
      results.set(name, result);
    }
  });
  afterAll(() => void child.kill("SIGKILL"));

  for (const { name } of checks) {
    test(name, () => expect(results.get(name)).toEqual({ ok: true }));
  }
});

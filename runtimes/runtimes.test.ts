import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { installedLibrary } from "./risc0/installed.ts";
import { everyCheck } from "./testing/all.ts";
import { slow } from "../tests/slow.ts";
import { installedLibrary as installedWrapper } from "./zkwasm/wrap/installed.ts";

setDefaultTimeout(900_000);

const directory = mkdtempSync(join(tmpdir(), "w3bstream-runtimes-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** The native program for tests; undefined where there is no C compiler. */
function compileNative(): string | undefined {
  const library = join(directory, "native.so");
  const source = fileURLToPath(new URL("./testing/native.c", import.meta.url));
  try {
    execFileSync("cc", ["-D_GNU_SOURCE", "-shared", "-fPIC", "-o", library, source]);
    return library;
  } catch {
    return undefined;
  }
}

const compiled = {
  library: compileNative(),
  prover: process.env.ZKWASM_NATIVE,
  wrap: slow ? installedWrapper() : undefined,
  risc0: installedLibrary(),
};
const checks = everyCheck(compiled);
if (!compiled.library) test.skip("native programs: no C compiler on this machine", () => {});
if (!compiled.prover) test.skip("native prover: ZKWASM_NATIVE does not say where it is", () => {});
if (slow && !compiled.wrap) {
  test.skip("proofs for chains: not built, bun run build:native wrap builds it", () => {});
}
if (!compiled.risc0) test.skip("risc0 prover: not built, bun run build:native builds it", () => {});

describe("on Bun", () => {
  for (const { name, run } of checks) test(name, run);
});

describe("on Deno", () => {
  const results = new Map<string, { ok: boolean; error?: string }>();
  let child: ChildProcess;

  // With the permissions that a node has, not with all of them.
  beforeAll(async () => {
    const root = new URL("../", import.meta.url);
    const permissions = ["--allow-read", "--allow-run", "--allow-env", "--allow-sys"];
    child = spawn(
      fileURLToPath(new URL("node_modules/.bin/deno", root)),
      ["run", "--no-prompt", ...permissions, "runtimes/testing/run.ts", JSON.stringify(compiled)],
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

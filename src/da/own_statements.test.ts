import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { type Address, keccak256, zeroAddress, zeroHash } from "viem";
import { type OwnLease, OwnStatements } from "./own_statements.ts";

const path = (relative: string) => new URL(relative, import.meta.url).pathname;
const runtimes = {
  bun: [process.execPath],
  deno: [path("../../node_modules/.bin/deno"), "run", "-A", "--quiet"],
};
const lease = (epoch: bigint, height = 1n): OwnLease => ({ taskId: zeroHash, epoch, height });
const hash = (n: bigint) => keccak256(`0x${n.toString(16).padStart(4, "0")}`);
const verifier = (n: number): Address => `0x${n.toString(16).padStart(40, "0")}`;
let folder: string, file: string;
const opened: OwnStatements[] = [];

function open(most?: number): OwnStatements {
  const statements = new OwnStatements(file, most);
  opened.push(statements);
  return statements;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "w3bstream-signed-"));
  file = join(folder, "made", "signed.sqlite");
});
afterEach(async () => {
  for (const statements of opened.splice(0)) await statements.close();
  rmSync(folder, { recursive: true });
});

test("the first verifier of a lease is named, and the first public values stood by", async () => {
  const statements = open();
  const [one, other] = [lease(1n), lease(2n)];
  expect(await statements.claim(one, hash(1n))).toBe(false);
  expect(await statements.accept(one, verifier(1))).toBe(verifier(1));
  expect(await statements.accept(one, verifier(2))).toBe(verifier(1));
  expect(statements.named(one)).toBe(verifier(1));
  expect(statements.named(other)).toBeUndefined();
  expect(await statements.claim(one, hash(1n))).toBe(true);
  expect(await statements.claim(one, hash(2n))).toBe(false);
  expect(await statements.claim(one, hash(1n))).toBe(true);
  expect(await statements.claim(other, hash(1n))).toBe(false);
  const far = lease(2n ** 64n - 1n);
  expect(await statements.accept(far, verifier(3))).toBe(verifier(3));
  expect(await statements.claim(far, hash(3n))).toBe(true);
});

test("of what is asked for at once, one wins", async () => {
  const statements = open();
  const named = await Promise.all([1, 2, 3].map((n) => statements.accept(lease(1n), verifier(n))));
  expect(named).toEqual([verifier(1), verifier(1), verifier(1)]);
  const claims = await Promise.all([1n, 2n, 1n].map((n) => statements.claim(lease(1n), hash(n))));
  expect(claims).toEqual([true, false, true]);
});

describe.each(["bun", "deno"] as const)("kill -9 of a process on %s", (runtime) => {
  test("loses nothing that it may have signed", async () => {
    const [command = "", ...args] = runtimes[runtime];
    const signed: bigint[] = [];
    for (const first of ["1", "100001"]) {
      const child = spawn(command, [...args, path("./testing/signer.ts"), file, first], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const lines = createInterface({ input: child.stdout });
      let count = 0;
      lines.on("line", (line) => {
        signed.push(BigInt(line));
        if (++count === 50) child.kill("SIGKILL");
      });
      await Promise.all([once(child, "exit"), once(lines, "close")]);
    }
    const statements = open();
    expect(signed.length).toBeGreaterThanOrEqual(100);
    for (const epoch of signed) {
      expect(statements.named(lease(epoch))).toBe(zeroAddress);
      expect(await statements.claim(lease(epoch), hash(0n))).toBe(false);
      expect(await statements.claim(lease(epoch), hash(epoch))).toBe(true);
    }
  }, 300_000);
});

test("what there is no room for is never signed about again, by the next process neither", async () => {
  const most = 32;
  let statements = open(most);
  const low = lease(1n, 10n);
  await statements.accept(low, verifier(1));
  await statements.claim(low, hash(1n));
  for (let i = 0; i < most; i++) {
    const named = await statements.accept(lease(BigInt(100 + i), BigInt(20 + i)), verifier(2));
    expect(named).toBe(verifier(2));
  }
  const check = async () => {
    expect(statements.forgot(low)).toBe(true);
    expect(statements.named(low)).toBeUndefined();
    expect(await statements.accept(low, verifier(3))).toBeUndefined();
    expect(await statements.claim(low, hash(2n))).toBe(false);
    // A task without a height may be of any age.
    expect(await statements.accept(lease(1n, 0n), verifier(3))).toBeUndefined();
    expect(statements.forgot(lease(1n, 20n + BigInt(most)))).toBe(false);
  };
  await check();
  await statements.close();
  opened.pop();
  statements = open(most);
  await check();
});

test("what can not be written is not signed, and what comes later is", async () => {
  const statements = open();
  await statements.accept(lease(1n), verifier(1));
  const { DatabaseSync } = await import("node:sqlite");
  // Another process has the file: nothing can be written.
  const other = new DatabaseSync(file);
  other.exec("pragma busy_timeout = 0; begin immediate");
  const refused = statements.claim(lease(1n), hash(1n));
  await expect(refused).rejects.toThrow();
  other.exec("rollback");
  other.close();
  expect(await statements.claim(lease(1n), hash(2n))).toBe(true);
}, 60_000);

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { getAddress } from "viem";
import { openLocal } from "./local.ts";
import { MigrationError } from "./migrate.ts";

const path = (relative: string) => new URL(relative, import.meta.url).pathname;
const runtimes = {
  bun: [process.execPath],
  deno: [path("../../node_modules/.bin/deno"), "run", "-A", "--quiet"],
};
const sender = getAddress(`0x${"aa".repeat(20)}`);
let folder: string, file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "w3bstream-local-"));
  file = join(folder, "made", "local.sqlite");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.each(["bun", "deno"] as const)("kill -9 of a process on %s", (runtime) => {
  test("loses no nonce that it was given, and keeps the next one from none", async () => {
    const [command = "", ...args] = runtimes[runtime];
    const given: string[] = [];
    for (const round of ["a", "b"]) {
      const child = spawn(command, [...args, path("./testing/reserver.ts"), file, round, sender], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const lines = createInterface({ input: child.stdout });
      lines.on("line", (line) => {
        given.push(line);
        if (given.at(-1)?.startsWith(`${round}50 `)) child.kill("SIGKILL");
      });
      await Promise.all([once(child, "exit"), once(lines, "close")]);
    }
    const local = openLocal(file);
    const open = await local.journal.open(1n, sender);
    const nonces = new Map(open.map(({ key, nonce }) => [key, nonce]));
    for (const line of given) {
      const [key = "", nonce] = line.split(" ");
      expect(nonces.get(key)).toBe(Number(nonce));
    }
    expect(given.length).toBeGreaterThan(100);
    expect(open.map(({ nonce }) => nonce)).toEqual(open.map((_, i) => i));
    await local.close();
  }, 300_000);
});

test("a file of a newer program is refused, and left as it is", async () => {
  await openLocal(file).close();
  const raw = new DatabaseSync(file);
  raw.exec("pragma user_version = 1000");
  expect(() => openLocal(file)).toThrow(MigrationError);
  expect(raw.prepare("pragma user_version").get()).toMatchObject({ user_version: 1000 });
  raw.close();
});

test("what is written at the same time shares a transaction, of which one that fails is undone alone", async () => {
  const local = openLocal(file);
  const entry = (key: string) => ({ key, chainId: 1n, sender, request: "{}" });
  const { journal } = local;
  const works = [
    journal.reserve(entry("a"), 4),
    journal.reserve(entry("bad"), -1),
    journal.update("missing", { state: "sent" }),
    journal.reserve(entry("b"), 4),
    journal.reserve(entry("a"), 9),
    journal.update("b", { state: "sent", addHash: "0x01" }),
  ];
  const ends = await Promise.allSettled(works);
  expect(ends.map(({ status }) => status === "fulfilled"))
    .toEqual([true, false, false, true, true, true]);
  const open = await journal.open(1n, sender);
  expect(open.map(({ key, nonce, hashes }) => [key, nonce, hashes]))
    .toEqual([["a", 4, []], ["b", 5, ["0x01"]]]);
  const last = journal.reserve(entry("c"), 0);
  await local.close();
  expect((await last).nonce).toBe(0);
});

test("what fails within a transaction leaves nothing, and the next one works", async () => {
  const local = openLocal(file);
  const entry = { key: "a", chainId: 1n, sender, request: "{}" };
  await expect(local.journal.reserve(entry, -1)).rejects.toThrow();
  expect(await local.journal.get("a")).toBeUndefined();
  expect((await local.journal.reserve(entry, 4)).nonce).toBe(4);
  await local.close();
});

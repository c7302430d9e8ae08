import { afterAll, beforeAll, describe, expect, spyOn, test } from "bun:test";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import postgres from "postgres";
import { startPostgres, type TestPostgres } from "../../tests/postgres.ts";
import { openDurable } from "./durable.ts";
import { openDa } from "./index.ts";
import { DirectoryInUseError, lockDirectory } from "./lock.ts";
import { pgliteFolder, silent } from "./testing/databases.ts";
import { idOf, message, rejection } from "./testing/make.ts";

const path = (relative: string) => new URL(relative, import.meta.url).pathname;
const runtimes = {
  bun: [process.execPath],
  deno: [path("../../node_modules/.bin/deno"), "run", "-A", "--quiet"],
};
type RuntimeName = keyof typeof runtimes;

const children = new Set<ChildProcess>();
const folders: string[] = [];
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
}, 300_000);

function start(runtime: RuntimeName, script: string, args: string[], wrapper: string[] = []) {
  const [file = "", ...rest] = [...wrapper, ...runtimes[runtime], path(script), ...args];
  const child = spawn(file, rest, { stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const lines: string[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    for (const { count, resolve } of waiting) if (lines.length >= count) resolve();
  });
  return {
    lines,
    atLeast: (count: number) =>
      Promise.race([
        new Promise<void>((resolve) => waiting.push({ count, resolve })),
        exited.then(() => Promise.reject(new Error(`the child ended after ${lines.length} lines`))),
      ]),
    async kill() {
      child.kill("SIGKILL");
      await exited;
      // The pipe may still hold lines that were written before.
      await new Promise((resolve) => setTimeout(resolve, 50));
      children.delete(child);
    },
  };
}

/** Every acknowledged message is there, with its data, in at most one task. */
async function checkAll(ids: string[], config: { directory: string; dsn?: string }) {
  const da = await openDa({ ...config, log: silent });
  try {
    expect(ids.length).toBeGreaterThan(100);
    let packed = 0;
    for (const id of ids) {
      const status = await da.messages.status(id);
      if (!status) throw new Error(`${id} was acknowledged and is lost`);
      if (status.task) packed++;
    }
    expect(packed).toBeGreaterThan(0);
    const seen = new Set<string>();
    for (let serial = 1n;; serial++) {
      const task = await da.tasks.status(1n, serial);
      // A number is skipped where a transaction was cut off.
      if (!task && serial > BigInt(ids.length)) break;
      for (const { id } of task ? await da.tasks.messages(task.taskId) : []) {
        expect(seen.has(id)).toBe(false);
        seen.add(id);
      }
    }
    idOf(await da.messages.append(message()));
  } finally {
    await da.close();
  }
}

/** Resolves once a message is in a task. */
async function packs(dsn: string): Promise<void> {
  const sql = postgres(dsn, { max: 1, onnotice: () => {} });
  const some = () => sql`select from w3bstream.messages where task_serial is not null limit 1`;
  while ((await some()).length === 0) await Bun.sleep(20);
  await sql.end();
}

describe("kill -9 loses nothing acknowledged", () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres();
  }, 300_000);
  afterAll(() => server.stop());

  test.each(["bun", "deno"] as const)("pglite on %s, twice", async (runtime) => {
    const directory = await pgliteFolder();
    folders.push(directory);
    const acknowledged: string[] = [];
    for (let round = 0; round < 2; round++) {
      const child = start(runtime, "./testing/appender.ts", [directory]);
      await child.atLeast(400);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
      await child.kill();
      acknowledged.push(...child.lines.filter((line) => line !== "open"));
    }
    await checkAll(acknowledged, { directory });
  }, 300_000);

  test.each(["bun", "deno"] as const)(
    "postgres killed together with the node on %s",
    async (runtime) => {
      const dsn = await server.freshDatabase();
      const child = start(runtime, "./testing/appender.ts", ["", dsn]);
      await child.atLeast(400);
      await packs(dsn);
      await Promise.all([child.kill(), server.crash()]);
      await server.start();
      await checkAll(child.lines.filter((line) => line !== "open"), { directory: "", dsn });
    },
    300_000,
  );
});

describe("the embedded database", () => {
  test("syncs to the disk for every commit", async () => {
    const directory = await pgliteFolder();
    folders.push(directory);
    const database = await openDurable(join(directory, "database"), () => {});
    await database.exec("create table t (a int)");
    const sync = spyOn(fs, "fsyncSync");
    try {
      for (let i = 0; i < 20; i++) await database.exec("insert into t values (1)");
      expect(sync.mock.calls.length).toBeGreaterThanOrEqual(20);
      const before = sync.mock.calls.length;
      for (let i = 0; i < 20; i++) await database.exec("select * from t");
      expect(sync.mock.calls.length).toBe(before);
    } finally {
      sync.mockRestore();
    }
    await database.close();
  }, 300_000);

  test("is made whole or not at all", async () => {
    const directory = fs.mkdtempSync(join(tmpdir(), "w3bstream-new-"));
    folders.push(directory);
    // What a crash while it was being made leaves behind.
    fs.mkdirSync(join(directory, "database.new"));
    fs.writeFileSync(join(directory, "database.new", "PG_VERSION"), "17\n");
    const da = await openDa({ directory, log: silent });
    idOf(await da.messages.append(message()));
    await da.close();
    expect(fs.existsSync(join(directory, "database.new"))).toBe(false);
  }, 300_000);

  const unshare = ["unshare", "--mount", "sh", "-c"];
  const canMount = process.platform === "linux" &&
    spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;
  test.skipIf(!canMount).each(["bun", "deno"] as const)(
    "on a full disk refuses, keeps what it acknowledged, and goes on when there is room (%s)",
    async (runtime) => {
      const directory = await pgliteFolder();
      folders.push(directory);
      const script =
        `mount -t tmpfs -o size=120m none /mnt && cp -r ${directory}/database /mnt && ` +
        `exec "$@"`;
      const child = start(runtime, "./testing/fill_disk.ts", ["/mnt"], [...unshare, script, "sh"]);
      await child.atLeast(1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const report = JSON.parse(child.lines[0] ?? "");
      expect(report.refused).toBeGreaterThan(0);
      expect(report.acknowledged).toBeGreaterThan(0);
      expect(report.lost).toBe(0);
      expect(report.storedAfterwards).toBe(true);
      await child.kill();
    },
    300_000,
  );
});

describe("the lock on the directory", () => {
  test("a second opener is told who has it and what to do", async () => {
    const directory = fs.mkdtempSync(join(tmpdir(), "w3bstream-lock-"));
    folders.push(directory);
    const unlock = lockDirectory(directory);
    const error = await rejection(openDa({ directory, log: silent }));
    expect(error).toBeInstanceOf(DirectoryInUseError);
    expect(error.message).toContain(`${directory} is in use by process ${process.pid}`);
    expect(error.message).toContain("DATA_DIRECTORY");
    unlock();
    lockDirectory(directory)();
  });

  test.each([["bun", "deno"], ["deno", "bun"]] as const)(
    "held by a process on %s, it keeps %s out until kill -9",
    async (holder) => {
      const directory = await pgliteFolder();
      folders.push(directory);
      const child = start(holder, "./testing/appender.ts", [directory]);
      await child.atLeast(1);
      expect(() => lockDirectory(directory)).toThrow(DirectoryInUseError);
      const [file = "", ...args] = runtimes[holder === "bun" ? "deno" : "bun"];
      const other = spawn(file, [...args, path("./testing/appender.ts"), directory]);
      let errors = "";
      other.stderr.on("data", (text) => errors += text);
      const status = await new Promise((resolve) => other.once("close", resolve));
      expect(status).not.toBe(0);
      expect(errors).toContain("is in use by process");
      await child.kill();
      lockDirectory(directory)();
    },
    300_000,
  );
});

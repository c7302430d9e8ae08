import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import process from "node:process";
import pino from "pino";
import { startPostgres, type TestPostgres } from "../../tests/postgres.ts";
import { openDa } from "./index.ts";
import { migrate, readMigrations } from "./migrate.ts";
import { openPostgres } from "./postgres.ts";
import { kinds, silent, useDatabase } from "./testing/databases.ts";
import { rejection } from "./testing/make.ts";

const path = (relative: string) => new URL(relative, import.meta.url).pathname;

describe.each(kinds)("migrations on %s", (kind) => {
  const subject = useDatabase(kind);
  const first = readMigrations();
  const next = (text: string, version = 9000) => [...first, { version, name: "next", text }];
  const run = (migrations = first) => migrate(subject.database, silent, migrations);

  test("are applied once", async () => {
    expect(await run()).toBe(0);
    const rows = await subject.database.query("select version from w3bstream.migrations");
    expect(rows.length).toBe(first.length);
  });

  test("one that fails leaves nothing, and can be mended", async () => {
    const broken = next("create table w3bstream.half (a int); select 1/0");
    expect((await rejection(run(broken))).message).toContain("division by zero");
    const [row] = await subject.database.query(
      "select to_regclass('w3bstream.half')::text as half",
    );
    expect(row?.half).toBeNull();
    try {
      expect(await run(next("create table w3bstream.half (a int)"))).toBe(1);
      const edited = run(next("create table w3bstream.half (a bigint)"));
      expect((await rejection(edited)).message).toContain("9000 (next) was changed");
      expect((await rejection(run())).message).toContain("which this program does not know");
      const late = [...next("create table w3bstream.half (a int)"), {
        version: 8999,
        name: "late",
        text: "select 1",
      }];
      expect((await rejection(run(late))).message).toContain("comes before 9000");
    } finally {
      await subject.database.query("drop table w3bstream.half");
      await subject.database.query("delete from w3bstream.migrations where version = 9000");
    }
  });

  test("a file with other line endings is the same migration", async () => {
    const crlf = first.map((m) => ({ ...m, text: m.text.replaceAll("\n", "\r\n") }));
    expect(await run(crlf)).toBe(0);
  });
});

describe("PostgreSQL", () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres();
  }, 300_000);
  afterAll(() => server.stop());

  test("is migrated by four processes at once", async () => {
    const dsn = await server.freshDatabase();
    const script = `
      import { openDa } from ${JSON.stringify(path("./index.ts"))};
      import pino from "pino";
      const da = await openDa({ dsn: process.argv.at(-1), directory: "", log: pino({ level: "silent" }) });
      await da.now();
      await da.close();`;
    const codes = await Promise.all(Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, ["-e", script, dsn], { stdio: "inherit" });
      return new Promise((resolve) => child.once("exit", resolve));
    }));
    expect(codes).toEqual([0, 0, 0, 0]);
    const database = await openPostgres({ dsn, log: silent });
    const [row] = await database.query("select count(*) from w3bstream.migrations");
    expect(row?.count).toBe(BigInt(readMigrations().length));
    await database.close();
  }, 300_000);

  test("lives beside Sprout's own tables", async () => {
    const dsn = await server.freshDatabase();
    const database = await openPostgres({ dsn, log: silent });
    await database.query("create table messages (id bigserial, message_id text)");
    await database.query("create table tasks (id bigserial, message_ids jsonb)");
    const da = await openDa({ dsn, directory: "", log: silent });
    expect(await da.packing.pending()).toEqual([]);
    await da.close();
    await database.close();
  });

  test("that can't be reached is an error at once, not a wait", async () => {
    const dsn = "postgres://postgres@127.0.0.1:1/none";
    const error = await rejection(openDa({ dsn, directory: "", log: silent }));
    expect(error.message).toContain("not available");
  });

  test("with fsync=off is refused; with synchronous_commit=off it warns", async () => {
    const careless = await startPostgres({ settings: ["fsync=off"] });
    const dsn = careless.dsn;
    const error = await rejection(openDa({ dsn, directory: "", log: silent }));
    await careless.stop();
    expect(error.message).toContain("fsync=on");

    const database = await openPostgres({ dsn: server.dsn, log: silent });
    await database.query("alter database postgres set synchronous_commit = off");
    const warnings: string[] = [];
    const log = pino({ level: "warn" }, { write: (line) => void warnings.push(line) });
    await (await openDa({ dsn: server.dsn, directory: "", log })).close();
    await database.close();
    expect(warnings.length).toBe(1);
    expect(warnings[0]).toContain("synchronous_commit=off");
  }, 300_000);
});

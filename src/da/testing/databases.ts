import { afterAll, afterEach, beforeAll, beforeEach } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { layPglite } from "../../../tests/pglite.ts";
import { startPostgres, type TestPostgres } from "../../../tests/postgres.ts";
import type { Da } from "../da.ts";
import type { Database } from "../database.ts";
import { storesOn } from "../index.ts";
import { type Local, openLocal } from "../local.ts";
import { migrate } from "../migrate.ts";
import { openPglite } from "../pglite.ts";
import { openPostgres } from "../postgres.ts";

export const kinds = ["postgres", "pglite"] as const;
export type Kind = typeof kinds[number];

/** Where the journal and the chain's view can be. */
export const localKinds = [...kinds, "sqlite"] as const;

export const silent = pino({ level: "silent" });

/** A folder with an empty embedded database. */
export async function pgliteFolder(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "w3bstream-pglite-"));
  await layPglite(folder);
  return folder;
}

export interface Subject {
  readonly database: Database;
  readonly da: Da;
  /** Another node's view of the same database: its own connections on PostgreSQL. */
  other(): Promise<Da>;
  readonly server: TestPostgres | undefined;
}

const tables =
  "messages, tasks, drivers, task_states, receipts, outputs, assignments, journal, gas_spent, " +
  "chain_cursors, projects, statements, faults, task_tally";

/** Journal and chain view of the kind, empty before each test. */
export function useLocal(kind: typeof localKinds[number]): {
  readonly da: Pick<Da, "journal" | "chain">;
  other(): Promise<Pick<Da, "journal" | "chain">>;
} {
  if (kind !== "sqlite") return useDatabase(kind);
  let folder: string;
  let opened: Local[] = [];
  const open = () => {
    const local = openLocal(join(folder, "local.sqlite"));
    opened.push(local);
    return local;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "w3bstream-sqlite-"));
    open();
  });
  afterEach(async () => {
    for (const local of opened) await local.close();
    opened = [];
    rmSync(folder, { recursive: true });
  });
  return {
    get da() {
      return opened[0] as Local;
    },
    other: async () => open(),
  };
}

/** A database of the kind for the tests of one `describe`, emptied before each of them. */
export function useDatabase(kind: Kind): Subject {
  let database: Database;
  let da: Da;
  let server: TestPostgres | undefined;
  let folder: string | undefined;
  const others: Database[] = [];

  beforeAll(async () => {
    if (kind === "postgres") {
      server = await startPostgres();
      database = await openPostgres({ dsn: server.dsn, log: silent });
    } else {
      folder = await pgliteFolder();
      database = await openPglite({ directory: folder, log: silent });
    }
    await migrate(database, silent);
    da = storesOn(database);
  }, 60_000);
  beforeEach(async () => {
    const list = tables.split(", ").map((table) => `w3bstream.${table}`).join(", ");
    await database.query(`truncate ${list} restart identity`);
  });
  afterAll(async () => {
    for (const other of others) await other.close();
    await database.close();
    await server?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }, 30_000);
  return {
    get database() {
      return database;
    },
    get da() {
      return da;
    },
    get server() {
      return server;
    },
    async other() {
      if (!server) return storesOn(database);
      const another = await openPostgres({ dsn: server.dsn, log: silent });
      others.push(another);
      return storesOn(another);
    },
  };
}

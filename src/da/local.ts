import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { ChainView, Journal } from "./da.ts";
import { LocalGroup } from "./local_group.ts";
import { localChainView } from "./local_chain.ts";
import { localJournal } from "./local_journal.ts";
import { MigrationError, readMigrations } from "./migrate.ts";

/** What a node without messages and tasks of its own remembers. */
export interface Local {
  readonly journal: Journal;
  readonly chain: ChainView;
  close(): Promise<void>;
}

/** An SQLite file and its transactions, each synced to the disk. */
export interface LocalDatabase {
  readonly connection: DatabaseSync;
  transaction<T>(work: () => T): T;
  /** The same with what else is asked for at this time: a sync costs milliseconds. */
  grouped<T>(work: () => T): Promise<T>;
}

/** Long enough for another process that ends. */
const busyMs = 5_000;

/**
 * Opens the file, or makes it, and brings its schema up to date.
 *
 * @throws {MigrationError} when a newer program made the file
 */
export function openLocal(path: string): Local {
  mkdirSync(dirname(path), { recursive: true });
  const connection = new DatabaseSync(path);
  try {
    connection.exec(
      `pragma busy_timeout = ${busyMs}; pragma journal_mode = wal; pragma synchronous = full`,
    );
    const transaction = transactionsOn(connection);
    const group = new LocalGroup(connection, transaction);
    const grouped = <T>(work: () => T) => group.add(work);
    const database = { connection, transaction, grouped };
    while (database.transaction(() => applyNext(connection)));
    return {
      journal: localJournal(database),
      chain: localChainView(database),
      async close() {
        group.flush();
        connection.close();
      },
    };
  } catch (error) {
    connection.close();
    throw error;
  }
}

function transactionsOn(connection: DatabaseSync): LocalDatabase["transaction"] {
  return (work) => {
    connection.exec("begin immediate");
    try {
      const result = work();
      connection.exec("commit");
      return result;
    } catch (error) {
      try {
        connection.exec("rollback");
      } catch {
        // SQLite has rolled back by itself, on a full disk for example.
      }
      throw error;
    }
  };
}

function applyNext(connection: DatabaseSync): boolean {
  const row = connection.prepare("pragma user_version").get() as { user_version: number };
  const migrations = readMigrations(new URL("./migrations/local/", import.meta.url));
  if (row.user_version > (migrations.at(-1)?.version ?? 0)) {
    throw new MigrationError(
      `the local database has migration ${row.user_version}, which this program does not know: ` +
        `run the newer program that made it, or use another DATA_DIRECTORY`,
    );
  }
  const next = migrations.find(({ version }) => version > row.user_version);
  if (!next) return false;
  connection.exec(`${next.text}; pragma user_version = ${next.version}`);
  return true;
}

import type { Log } from "../log.ts";
import { chainView } from "./chain.ts";
import type { Da } from "./da.ts";
import type { Database } from "./database.ts";
import { ms } from "./encode.ts";
import { fundingStore } from "./funding.ts";
import { evidenceStore } from "./evidence.ts";
import { reportStore } from "./reports.ts";
import { intents } from "./intents.ts";
import { journal } from "./journal.ts";
import { messageStore, type MessageStoreOptions } from "./messages.ts";
import { migrate } from "./migrate.ts";
import { packStore } from "./packing.ts";
import { openPglite } from "./pglite.ts";
import { openPostgres } from "./postgres.ts";
import { signedTaskStore } from "./signed.ts";
import { taskStore } from "./tasks.ts";
import { viewStore } from "./views.ts";

export { databaseProblem, DatabaseUnavailableError } from "./database.ts";
export { DirectoryInUseError } from "./lock.ts";
export { MigrationError } from "./migrate.ts";
export { UnsuitableServerError } from "./postgres.ts";

export interface DaConfig extends MessageStoreOptions {
  /** PostgreSQL ≥ 14; undefined: PGlite in `directory`. */
  readonly dsn?: string | undefined;
  readonly directory: string;
  readonly log: Log;
}

/**
 * Opens the node's store and brings its schema up to date.
 *
 * @throws {DirectoryInUseError} when another process has the embedded database open
 * @throws {UnsuitableServerError} when PostgreSQL is too old or runs with fsync off
 * @throws {MigrationError} when the schema is not one that this program made
 * @throws {DatabaseUnavailableError} when PostgreSQL can't be reached
 */
export async function openDa(config: DaConfig): Promise<Da> {
  const { dsn, directory, log } = config;
  const database = dsn === undefined
    ? await openPglite({ directory, log })
    : await openPostgres({ dsn, log });
  try {
    await migrate(database, log);
  } catch (error) {
    await database.close();
    throw error;
  }
  return storesOn(database, config);
}

/** The stores over a database whose schema is up to date. */
export function storesOn(database: Database, options: MessageStoreOptions = {}): Da {
  const messages = messageStore(database, options);
  return {
    kind: database.kind,
    messages,
    packing: packStore(database),
    funding: fundingStore(database),
    tasks: taskStore(database),
    signed: signedTaskStore(database),
    journal: journal(database),
    intents: intents(database),
    evidence: evidenceStore(database),
    reports: reportStore(database),
    chain: chainView(database),
    views: viewStore(database),
    async now() {
      const [row] = await database.query<{ now: bigint }>(
        `select ${ms("clock_timestamp()")} as now`,
      );
      return Number(row?.now);
    },
    async close() {
      await messages.drained();
      await database.close();
    },
  };
}

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { Log } from "../log.ts";
import type { Database } from "./database.ts";

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly text: string;
}

/** The database's schema and this program don't fit together. */
export class MigrationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MigrationError";
  }
}

/** The `NNNN_name.sql` files of a folder, in order. */
export function readMigrations(folder = new URL("./migrations/", import.meta.url)): Migration[] {
  return readdirSync(folder).sort().flatMap((file) => {
    const match = /^(\d{4})_(\w+)\.sql$/.exec(file);
    if (!match?.[1] || !match[2]) return [];
    const text = readFileSync(new URL(file, folder), "utf8");
    return [{ version: Number(match[1]), name: match[2], text }];
  });
}

// Line endings are a checkout's choice.
const checksumOf = ({ text }: Migration) =>
  createHash("sha256").update(text.replaceAll("\r\n", "\n")).digest("hex");

/**
 * Brings the schema up to date: each migration in a transaction of its own, under a lock, so that
 * many processes can start at once. Answers how many were applied.
 *
 * @throws {MigrationError} when an applied migration was edited, or the database is newer
 */
export async function migrate(
  database: Database,
  log: Log,
  migrations: readonly Migration[] = readMigrations(),
): Promise<number> {
  let applied = 0;
  while (await applyNext(database, log, migrations)) applied++;
  return applied;
}

function applyNext(
  database: Database,
  log: Log,
  migrations: readonly Migration[],
): Promise<boolean> {
  return database.transaction(async (query, script) => {
    await query("select pg_advisory_xact_lock(hashtextextended('w3bstream:migrations', 0))");
    await script(`
      create schema if not exists w3bstream;
      create table if not exists w3bstream.migrations (
        version integer primary key,
        name text not null,
        checksum text not null,
        applied_at timestamptz not null default now()
      )`);
    const done = await query<{ version: number; name: string; checksum: string }>(
      "select version, name, checksum from w3bstream.migrations order by version",
    );
    for (const { version, name, checksum } of done) {
      const ours = migrations.find((m) => m.version === version);
      if (!ours) {
        throw new MigrationError(
          `the database has migration ${version} (${name}), which this program does not know: ` +
            `run the newer program that made it, or use another database`,
        );
      }
      if (checksumOf(ours) !== checksum) {
        throw new MigrationError(
          `migration ${version} (${name}) was changed after it was applied: restore the file, ` +
            `and make the change in a new migration`,
        );
      }
    }
    const next = migrations.find((m) => !done.some(({ version }) => version === m.version));
    if (!next) return false;
    const last = done.at(-1)?.version ?? 0;
    if (next.version <= last) {
      throw new MigrationError(
        `migration ${next.version} (${next.name}) comes before ${last}, which is applied already: ` +
          `give it the next number`,
      );
    }
    await script(next.text);
    await query("insert into w3bstream.migrations (version, name, checksum) values ($1, $2, $3)", [
      next.version,
      next.name,
      checksumOf(next),
    ]);
    log.debug({ migration: `${next.version} ${next.name}` }, "migrated");
    return true;
  });
}

/** Empty embedded databases for tests: making one takes seconds, copying one does not. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pino from "pino";
import packageJson from "../package.json" with { type: "json" };
import { openPglite } from "../src/da/pglite.ts";

// Kept between runs, by PGlite's version.
const cache = fileURLToPath(new URL("../.cache/", import.meta.url));
const template = join(cache, `pglite-${packageJson.dependencies["@electric-sql/pglite"]}`);

/** Puts an empty database where a node with this data directory has its own, if it has none. */
export async function layPglite(directory: string): Promise<void> {
  const database = join(directory, "database");
  if (existsSync(database)) return;
  if (!existsSync(template)) await makeTemplate();
  mkdirSync(directory, { recursive: true });
  cpSync(template, database, { recursive: true });
}

async function makeTemplate(): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(join(cache, "pglite-draft-"));
  await (await openPglite({ directory: draft, log: pino({ level: "silent" }) })).close();
  try {
    renameSync(join(draft, "database"), template);
  } catch (error) {
    // Another run may have been first.
    if (!existsSync(template)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** A copy of halo2-axiom that modules are built with. */
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a manifest is given, so that the copy beside it, in this folder, is used. */
export const patchOf = (folder: string) =>
  `\n[patch.crates-io]\nhalo2-axiom = { path = "${folder}" }\n`;

/**
 * Copies it without `bn256-table`: a table of small field elements that makes up 2 MB of a module,
 * and a feature that can't be turned off otherwise.
 */
export function copyWithoutTable(source: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(source, to, { recursive: true, preserveTimestamps: true });
  const path = join(to, "Cargo.toml");
  const before = readFileSync(path, "utf8");
  const after = before.replace(/^\s*"bn256-table",\n/m, "");
  if (after === before) throw new Error("halo2-axiom no longer asks for bn256-table");
  writeFileSync(path, after);
}

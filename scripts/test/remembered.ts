/** Checks that need not be made twice, as nothing that they read has changed. */
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { cacheFolder } from "../build/target_cache.ts";

/** Folders that hold what is made, not what it is made of. */
const made = new Set(["target", "node_modules"]);

function* filesOf(path: string): Generator<string> {
  if (!statSync(path).isDirectory()) return yield path;
  for (const name of readdirSync(path).sort()) {
    if (!made.has(name)) yield* filesOf(join(path, name));
  }
}

/** What npm installs by a name, as `root`'s lock file has it. */
function packageOf(root: string, name: string): string {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const found = packages[`node_modules/${name}`];
  if (!found) throw new Error(`${name} is not in package-lock.json`);
  return JSON.stringify(found);
}

/**
 * Where it is noted that a command succeeded.
 * @param inputs files and folders that its outcome hangs on, below `root`; or `npm:` and a package
 */
export function noteOf(command: readonly string[], root: string, inputs: readonly string[]) {
  const hash = createHash("sha256").update(`1 ${process.platform} ${process.arch}`);
  for (const word of command) hash.update(`\0${word}`);
  for (const input of inputs) {
    if (input.startsWith("npm:")) {
      hash.update(`\0${input} ${packageOf(root, input.slice("npm:".length))}`);
      continue;
    }
    for (const path of filesOf(join(root, input))) {
      const bytes = readFileSync(path);
      hash.update(`\0${path.slice(root.length)} ${bytes.length}\0`).update(bytes);
    }
  }
  return cacheFolder("passed", hash.digest("hex").slice(0, 32));
}

/** @param artefact what the command made, which is laid where it was; undefined: nothing of use */
export function recall(note: string, artefact?: string): boolean {
  if (!existsSync(note)) return false;
  if (artefact) {
    mkdirSync(dirname(artefact), { recursive: true });
    copyFileSync(note, artefact);
  }
  return true;
}

export function remember(note: string, artefact?: string): void {
  mkdirSync(dirname(note), { recursive: true });
  const unfinished = `${note}.${process.pid}`;
  if (artefact) copyFileSync(artefact, unfinished);
  else writeFileSync(unfinished, "");
  renameSync(unfinished, note);
}

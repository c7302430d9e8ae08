/**
 * What cargo compiled of registry crates, kept between clones: a fresh clone's `target` starts with
 * it. Nothing of our own crates is kept, so these are always built from the source at hand.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** Where what can be made again is kept: a folder of the user's, for all clones. */
export function cacheFolder(...names: string[]): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(base, "w3bstream", ...names);
}

/** A cache that nobody used for so long is deleted. */
const unusedMs = 21 * 24 * 3600 * 1000;

/** Everything that all compiled dependencies hang on; cargo itself tells the rest apart. */
function keyOf(workspace: string): string {
  const hash = createHash("sha256").update(`1 ${process.platform} ${process.arch}`);
  for (const name of ["Cargo.lock", "Cargo.toml", "rust-toolchain.toml"]) {
    const path = join(workspace, name);
    hash.update(existsSync(path) ? readFileSync(path) : "").update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}

/** Names of the registry's crates that the lock file has. */
function registryCrates(workspace: string): Set<string> {
  const blocks = readFileSync(join(workspace, "Cargo.lock"), "utf8").split("[[package]]");
  const names = blocks.filter((block) => /^source = "registry\+/m.test(block))
    .map((block) => /^name = "(.+)"$/m.exec(block)?.[1]);
  return new Set(names.filter((name) => name !== undefined));
}

/** Folders of a target directory that hold `.fingerprint`, `deps` and `build`. */
function profiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  if (entries.some(({ name }) => name === ".fingerprint")) return [folder];
  return entries.filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => profiles(join(folder, name)));
}

/** Units that a profile's folder has whole, `<crate>-<hash>` each, of the crates given. */
function units(profile: string, crates: Set<string>): string[] {
  const folder = join(profile, ".fingerprint");
  return readdirSync(folder).filter((unit) =>
    crates.has(unit.slice(0, unit.lastIndexOf("-"))) &&
    // Cargo writes it when a unit is done.
    readdirSync(join(folder, unit)).some((name) => name.endsWith(".json"))
  );
}

/** The same of all profiles, with the profile's folder before each. */
function allUnits(target: string, crates: Set<string>): string[] {
  return profiles(target).flatMap((profile) =>
    units(profile, crates).map((unit) => join(profile.slice(target.length), unit))
  );
}

/** Takes all out of a target directory that is not a registry crate's. */
function prune(target: string, crates: Set<string>): void {
  for (const profile of profiles(target)) {
    const parts = [".fingerprint", "deps", "build"];
    const hashes = new Set(units(profile, crates).map((unit) => unit.split("-").at(-1)));
    for (const name of readdirSync(profile)) {
      if (!parts.includes(name)) rmSync(join(profile, name), { recursive: true });
    }
    for (const part of parts.filter((name) => existsSync(join(profile, name)))) {
      for (const name of readdirSync(join(profile, part))) {
        const hash = /-([0-9a-f]{16})(\.|$)/.exec(name)?.[1];
        if (!hashes.has(hash)) rmSync(join(profile, part, name), { recursive: true });
      }
    }
  }
}

/** Deletes what was not used for weeks, and what a run that was killed left behind. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const age = Date.now() - statSync(path).mtimeMs;
    if (age > unusedMs || (name.includes(".") && age > 24 * 3600 * 1000)) {
      rmSync(path, { recursive: true, force: true });
    }
  }
}

// cp keeps times to the nanosecond, by which cargo tells what is current.
const copy = (from: string, to: string) => execFileSync("cp", ["-Rp", from, to]);

/** Gives a workspace that was never built what is kept for it. */
export function restoreTarget(workspace: string): void {
  const [target, kept] = [join(workspace, "target"), cacheFolder("cargo", keyOf(workspace))];
  if (existsSync(target) || !existsSync(kept)) return;
  copy(kept, target);
  utimesSync(kept, new Date(), new Date());
}

/** Keeps what a workspace has compiled, if that is more than what is kept. */
export function keepTarget(workspace: string): void {
  const [target, folder] = [join(workspace, "target"), cacheFolder("cargo")];
  const kept = join(folder, keyOf(workspace));
  const crates = registryCrates(workspace);
  const compiled = new Set(allUnits(target, crates));
  const had = allUnits(kept, crates);
  if (compiled.size <= had.length || !had.every((unit) => compiled.has(unit))) return;
  mkdirSync(folder, { recursive: true });
  sweep(folder);
  const draft = `${kept}.${process.pid}`;
  copy(target, draft);
  prune(draft, crates);
  if (existsSync(kept)) renameSync(kept, `${draft}.old`);
  // Another run may have been first.
  if (existsSync(kept)) rmSync(draft, { recursive: true });
  else renameSync(draft, kept);
  rmSync(`${draft}.old`, { recursive: true, force: true });
}

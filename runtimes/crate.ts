/** Native libraries that this machine builds for itself, in a cache that clones share. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type Hex, isHash } from "viem";
import type { NativeSource } from "./native.ts";

export type Env = Readonly<Record<string, string | undefined>>;

/** A crate of ours that is built into a native library. */
export interface Crate {
  readonly name: string;
  /** What its library is for, as in "the risc0 prover". */
  readonly what: string;
  /** Its folder, with a lock file and a toolchain file. */
  readonly folder: string;
  /** Crates whose sources a build may not take from another clone. */
  readonly packages: readonly string[];
  /** What cargo calls its library. */
  readonly library: string;
  /** Files and folders in its folder that the library hangs on, beside those two. */
  readonly inputs: readonly string[];
  readonly features: readonly string[];
  /** Set while it is built. */
  readonly env: Readonly<Record<string, string>>;
  /** A C++ compiler is needed. */
  readonly cxx: boolean;
  /** What building takes, for whoever waits. */
  readonly cost: string;
}

/** Where builds of a crate are put. */
export interface Cache {
  /** Of this lock file, toolchain and system: cargo's own folder is in it. */
  readonly directory: string;
  /** The library of these sources, and the file that holds its hash. */
  readonly library: string;
  readonly hash: string;
}

/** The folder of this user's caches of ours. */
export function cacheRoot(env: Env = process.env): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "w3bstream");
}

function filesOf(folder: string, path: string): string[] {
  if (!statSync(join(folder, path)).isDirectory()) return [path];
  return readdirSync(join(folder, path)).sort().flatMap((name) =>
    filesOf(folder, join(path, name))
  );
}

function digest(folder: string, paths: readonly string[], ...more: string[]): string {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(readFileSync(join(folder, path))).update("\0");
  for (const text of more) hash.update(text).update("\0");
  return hash.digest("hex").slice(0, 16);
}

/** The cache's place for what is checked out here. */
export function cacheOf({ name, folder, inputs }: Crate, env: Env = process.env): Cache {
  const system = `${process.platform}-${process.arch}`;
  const lock = digest(folder, ["Cargo.lock", "rust-toolchain.toml"], system);
  const directory = join(cacheRoot(env), `${name}-${lock}`);
  const sources = inputs.flatMap((path) => filesOf(folder, path));
  const suffix = process.platform === "darwin" ? "dylib" : "so";
  const library = join(directory, `${name}-${digest(folder, sources, lock)}.${suffix}`);
  return { directory, library, hash: `${library}.sha256` };
}

/** The library of these sources, if it was built. */
export function installedLibrary(crate: Crate, cache = cacheOf(crate)): NativeSource | undefined {
  if (!existsSync(cache.library) || !existsSync(cache.hash)) return undefined;
  const sha256 = `0x${readFileSync(cache.hash, "utf8").slice(0, 64)}`;
  return isHash(sha256) ? { path: cache.library, sha256: sha256 as Hex } : undefined;
}

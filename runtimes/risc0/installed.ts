/** The native library that this machine built for itself, in a cache that clones share. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Hex, isHash } from "viem";
import type { NativeSource } from "../native.ts";

/** The crate that it is built from. */
export const workspace = fileURLToPath(new URL("../../wasm/risc0", import.meta.url));

/** Where builds are put. */
export interface Cache {
  /** Of this lock file, toolchain and system: cargo's own folder is in it. */
  readonly directory: string;
  /** The library of these sources, and the file that holds its hash. */
  readonly library: string;
  readonly hash: string;
}

function digest(paths: readonly string[], ...more: string[]): string {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(readFileSync(join(workspace, path))).update("\0");
  for (const text of more) hash.update(text).update("\0");
  return hash.digest("hex").slice(0, 16);
}

/** The cache's place for what is checked out here. */
export function cacheOf(env: Readonly<Record<string, string | undefined>> = process.env): Cache {
  const root = env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache");
  const system = `${process.platform}-${process.arch}`;
  const lock = digest(["Cargo.lock", "rust-toolchain.toml"], system);
  const directory = join(root, "w3bstream", `risc0-${lock}`);
  const sources = readdirSync(join(workspace, "src")).sort().map((name) => join("src", name));
  const suffix = process.platform === "darwin" ? "dylib" : "so";
  const library = join(directory, `risc0-${digest(["Cargo.toml", ...sources], lock)}.${suffix}`);
  return { directory, library, hash: `${library}.sha256` };
}

/** The library of these sources, if it was built. */
export function installedLibrary(cache = cacheOf()): NativeSource | undefined {
  if (!existsSync(cache.library) || !existsSync(cache.hash)) return undefined;
  const sha256 = `0x${readFileSync(cache.hash, "utf8").slice(0, 64)}`;
  return isHash(sha256) ? { path: cache.library, sha256: sha256 as Hex } : undefined;
}

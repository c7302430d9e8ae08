import { afterEach, beforeEach, expect, test } from "bun:test";
import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { keepTarget, restoreTarget } from "./target_cache.ts";

const hasCargo = spawnSync("cargo", ["--version"]).status === 0;
const home = process.env.XDG_CACHE_HOME;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "w3bstream-target-"));
  process.env.XDG_CACHE_HOME = join(folder, "cache");
});
afterEach(() => {
  if (home === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = home;
  rmSync(folder, { recursive: true });
});

/** A crate that prints a word, and depends on one that the prover's workspace depends on too. */
function clone(name: string, word: string): string {
  const crate = join(folder, name);
  mkdirSync(join(crate, "src"), { recursive: true });
  writeFileSync(
    join(crate, "Cargo.toml"),
    `[package]\nname = "word"\nversion = "0.1.0"\nedition = "2024"\n[dependencies]\ncfg-if = "1"\n`,
  );
  const main = join(crate, "src/main.rs");
  writeFileSync(main, `fn main() { cfg_if::cfg_if! { if #[cfg(unix)] { print!("${word}") } } }\n`);
  // Cargo takes what is older than what was built for current.
  utimesSync(main, new Date(0), new Date(0));
  return crate;
}

function build(crate: string): string {
  const args = ["build", "--verbose", "--color", "never"];
  const { status, stderr } = spawnSync("cargo", args, { cwd: crate, encoding: "utf8" });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return stderr;
}

const said = (crate: string) =>
  execFileSync(join(crate, "target/debug/word"), { encoding: "utf8" });

test.if(hasCargo)("a clone compiles its own crates, and takes the registry's", () => {
  const first = clone("first", "one");
  restoreTarget(first);
  expect(build(first)).toMatch(/Compiling cfg-if/);
  keepTarget(first);

  const second = clone("second", "two");
  copyFileSync(join(first, "Cargo.lock"), join(second, "Cargo.lock"));
  restoreTarget(second);
  const told = build(second);
  expect(told).toMatch(/Fresh cfg-if/);
  expect(told).toMatch(/Compiling word/);
  expect([said(first), said(second)]).toEqual(["one", "two"]);

  // Nothing that is ours was kept, and nothing new is.
  const kept = join(folder, "cache/w3bstream/cargo");
  const before = readdirSync(kept, { recursive: true });
  expect(before.filter((name) => String(name).includes("word"))).toEqual([]);
  keepTarget(second);
  expect(readdirSync(kept, { recursive: true })).toEqual(before);
});

test.if(hasCargo)("another lock file has a cache of its own; one of long ago goes", () => {
  const kept = join(folder, "cache/w3bstream/cargo");
  for (const old of ["0123456789abcdef", "0123456789abcdef.1"]) {
    mkdirSync(join(kept, old), { recursive: true });
    const weeks = Date.now() / 1000 - 22 * 24 * 3600;
    utimesSync(join(kept, old), weeks, weeks);
  }
  const first = clone("first", "one");
  build(first);
  keepTarget(first);
  expect(readdirSync(kept).length).toBe(1);
  const second = clone("second", "two");
  writeFileSync(join(second, "Cargo.lock"), "version = 4\n");
  restoreTarget(second);
  expect(readdirSync(second)).not.toContain("target");
});

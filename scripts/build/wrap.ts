/**
 * Builds what is committed of wasm/wrap: the verifier of wrapped zkWasm proofs as a WebAssembly
 * module, and of each class the keys, contract and proof under the test setup.
 *
 *   bun scripts/build/wrap.ts            build wasm/dist/wrap.wasm
 *   bun scripts/build/wrap.ts --check    build it apart and compare
 *   bun scripts/build/wrap.ts --keys     make keys, contracts and proofs first
 *
 * Needs rustup; the same bytes of the module come from any folder.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { cargo, cargoModule, simd, sourceOf, target } from "./cargo.ts";
import { builtModule, checkModule, writeModule } from "./committed.ts";
import { copyWithoutTable, patchOf } from "./halo2_axiom.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const WORKSPACE = join(ROOT, "wasm");
const CRATE = join(WORKSPACE, "wrap");
const SHADOW = join(WORKSPACE, "target/shadow_wrap");
const MODULE = "wrap.wasm";
const PROFILE = "module";

/** Lays a workspace of copies, of the crate and of those that it is of: paths in it are relative. */
function layShadow(source: string): void {
  mkdirSync(SHADOW, { recursive: true });
  copyWithoutTable(source, join(SHADOW, "halo2-axiom"));
  for (const crate of ["wrap", "zkwasm"]) {
    rmSync(join(SHADOW, crate), { recursive: true, force: true });
    const filter = (path: string) => !path.startsWith(join(WORKSPACE, crate, "target"));
    const options = { recursive: true, preserveTimestamps: true, filter };
    cpSync(join(WORKSPACE, crate), join(SHADOW, crate), options);
  }
  const own = join(SHADOW, "wrap/Cargo.toml");
  const [crate = "", profiles] = readFileSync(own, "utf8").split(/^(?=\[profile\.dev\])/m);
  if (profiles === undefined) throw new Error("wasm/wrap/Cargo.toml has no [profile.dev]");
  writeFileSync(own, crate.replace("[workspace]\n", ""));
  const manifest = readFileSync(join(WORKSPACE, "Cargo.toml"), "utf8");
  const shared = manifest.match(/^\[workspace\.package\]\n(.+\n)+/m)?.[0];
  if (!shared) throw new Error("wasm/Cargo.toml has no [workspace.package]");
  const workspace = `[workspace]\nresolver = "2"\nmembers = ["wrap", "zkwasm"]\n\n${shared}\n`;
  writeFileSync(join(SHADOW, "Cargo.toml"), workspace + profiles + patchOf("halo2-axiom"));
  cpSync(join(CRATE, "Cargo.lock"), join(SHADOW, "Cargo.lock"));
  cpSync(join(WORKSPACE, "rust-toolchain.toml"), join(SHADOW, "rust-toolchain.toml"));
}

function buildModule(): Uint8Array<ArrayBuffer> {
  const source = sourceOf(CRATE, "halo2-axiom");
  layShadow(source);
  cargoModule(SHADOW, dirname(source), ["--package", "wrap"], [simd], { profile: PROFILE });
  const path = join(SHADOW, "target", target, PROFILE, "wrap.wasm");
  return builtModule(path, "env.zk_step, env.zk_table");
}

/** The crate's command line for what is committed of each class. */
function keys(profile: "dev" | "release", ...args: string[]): void {
  const run = ["run", "--quiet", "--profile", profile, "--locked", "--example", "keys", "--"];
  cargo(CRATE, [...run, ...args], { CARGO_TARGET_DIR: join(CRATE, "target") });
}

/** @throws if a committed file is not what the source gives */
function check(): void {
  checkModule(MODULE, buildModule);
  keys("dev", "check");
  console.log("the committed contracts and proofs are of the committed keys");
}

const usage = `usage: bun scripts/build/wrap.ts [--check | --keys]

Builds wasm/dist/wrap.wasm; with --check, builds it apart and compares with what is committed, and
checks that the committed contracts and proofs are of the committed keys. With --keys, makes the
keys of each class under the test setup, contracts and proofs first: some ten minutes and 3 GB.
Needs rustup.`;

if (process.argv.includes("--help")) {
  console.log(usage);
} else if (process.argv.includes("--check")) {
  check();
} else {
  if (process.argv.includes("--keys")) keys("release", "write", join(CRATE, "target/keys"));
  writeModule(MODULE, buildModule());
}

/**
 * Builds the Halo2 sample program and what is made from it.
 *
 *   bun scripts/build/halo2.ts            build wasm/dist/weather_halo2.wasm, verifier, vectors
 *   bun scripts/build/halo2.ts --check    build them apart and compare
 *
 * Needs rustup; the same bytes come from any folder.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { cargo, cargoModule, simd, sourceOf, target } from "./cargo.ts";
import { builtModule, checkModule, pathOf, writeModule } from "./committed.ts";
import { copyWithoutTable, patchOf } from "./halo2_axiom.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const WORKSPACE = join(ROOT, "wasm");
const SHADOW = join(WORKSPACE, "target/shadow");
const PACKAGE = "weather-halo2";
const MODULE = "weather_halo2.wasm";
const GENERATED = join(ROOT, "contracts/src/generated");
const VECTORS = join(ROOT, "contracts/test/vectors/halo2-weather.json");

/** Lays a copy of the workspace, with the crate alone. */
function layShadow(source: string): void {
  rmSync(join(SHADOW, "halo2"), { recursive: true, force: true });
  mkdirSync(SHADOW, { recursive: true });
  copyWithoutTable(source, join(SHADOW, "halo2-axiom"));
  const keepTimes = { recursive: true, preserveTimestamps: true };
  cpSync(join(WORKSPACE, "halo2"), join(SHADOW, "halo2"), keepTimes);
  for (const file of ["Cargo.lock", "rust-toolchain.toml"]) {
    cpSync(join(WORKSPACE, file), join(SHADOW, file));
  }
  const manifest = readFileSync(join(WORKSPACE, "Cargo.toml"), "utf8")
    .replace(/members = .*/, `members = ["halo2"]`);
  writeFileSync(join(SHADOW, "Cargo.toml"), manifest + patchOf("halo2-axiom"));
}

function buildModule(): Uint8Array<ArrayBuffer> {
  const source = sourceOf(WORKSPACE, "halo2-axiom");
  layShadow(source);
  cargoModule(SHADOW, dirname(source), ["--package", PACKAGE], [simd]);
  const path = join(SHADOW, "target", target, "release/weather_halo2.wasm");
  return builtModule(path, "env.host_progress, env.host_log, env.host_random");
}

/** The command line of the crate, which makes what follows from its keys. */
function make(...args: string[]): void {
  cargo(WORKSPACE, ["run", "--quiet", "--package", PACKAGE, "--", ...args]);
}

/** The verifier contract's source and its file, which is named as the contract is. */
function verifier(): { source: string; path: string } {
  const out = join(WORKSPACE, "target/verifier.sol");
  make("verifier", out);
  const source = readFileSync(out, "utf8");
  const name = source.match(/^contract (\w+) /m)?.[1];
  if (!name) throw new Error("the verifier's source has no contract");
  return { source, path: join(GENERATED, `${name}.sol`) };
}

function build(): void {
  writeModule(MODULE, buildModule());
  const { source, path } = verifier();
  for (const file of [path, VECTORS]) mkdirSync(dirname(file), { recursive: true });
  writeFileSync(path, source);
  make("vectors", VECTORS, pathOf(MODULE));
}

/** @throws if a committed file is not what the source gives */
function check(): void {
  checkModule(MODULE, buildModule);
  const { source, path } = verifier();
  if (readFileSync(path, "utf8") !== source) throw new Error(`${path} is not the keys' verifier`);
  make("check-vectors", VECTORS, pathOf(MODULE));
}

const usage = `usage: bun scripts/build/halo2.ts [--check]

Builds wasm/dist/weather_halo2.wasm, the verifier contract and the test vectors; with --check,
builds them apart and compares with what is committed. Needs rustup.
wasm/halo2/README.md says how to replace the test setup by a ceremony's.`;

if (process.argv.includes("--help")) console.log(usage);
else if (process.argv.includes("--check")) check();
else build();

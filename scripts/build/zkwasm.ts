/**
 * Builds the zkWasm prover as a WebAssembly module, or as a native library.
 *
 *   bun scripts/build/zkwasm.ts            build wasm/dist/zkwasm.wasm
 *   bun scripts/build/zkwasm.ts --check    build it apart and compare
 *   bun scripts/build/zkwasm.ts --native [--target-cpu=native]
 *
 * Needs rustup; the same bytes of the module come from any folder.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { cargo, cargoModule, libraryName, simd, sourceOf, target } from "./cargo.ts";
import { builtModule, checkModule, sha256, writeModule } from "./committed.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const WORKSPACE = join(ROOT, "wasm");
const MODULE = "zkwasm.wasm";

function buildModule(): Uint8Array<ArrayBuffer> {
  const registry = dirname(sourceOf(WORKSPACE, "p3-field"));
  cargoModule(WORKSPACE, registry, ["--package", "zkwasm", "--locked"], [simd]);
  const path = join(WORKSPACE, "target", target, "release/zkwasm.wasm");
  return builtModule(path, "env.zk_step, env.zk_table");
}

/** Builds for this machine, with all cores, and tells what a node's operator sets to use it. */
function buildNative(flags: string[]): void {
  const args = ["--lib", "--package", "zkwasm", "--features", "parallel", "--locked"];
  cargo(WORKSPACE, ["build", "--release", ...args], {
    CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f"),
    CARGO_TARGET_DIR: join(WORKSPACE, "target"),
  });
  const path = join(WORKSPACE, "target/release", libraryName("zkwasm"));
  console.log(`NATIVE_LIBRARIES=zkwasm=${path}#${sha256(readFileSync(path))}`);
}

const usage = `usage: bun scripts/build/zkwasm.ts [--check | --native [--target-cpu=<name>]]

Builds wasm/dist/zkwasm.wasm; with --check, builds it apart and compares with what is committed.
With --native, builds a library for this machine and prints how a node is told to use it;
--target-cpu=native uses all that this processor has, and makes it run on no lesser one.
Needs rustup.`;

const cpu = process.argv.find((argument) => argument.startsWith("--target-cpu="));
if (process.argv.includes("--help")) console.log(usage);
else if (process.argv.includes("--native")) buildNative(cpu ? [`-C${cpu.slice(2)}`] : []);
else if (process.argv.includes("--check")) checkModule(MODULE, buildModule);
else writeModule(MODULE, buildModule());

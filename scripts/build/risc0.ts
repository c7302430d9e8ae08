/**
 * Builds the checker of risc0 receipts as a WebAssembly module.
 *
 *   bun scripts/build/risc0.ts            build wasm/dist/risc0.wasm
 *   bun scripts/build/risc0.ts --check    build it apart and compare
 *
 * Needs rustup; the same bytes come from any folder. The native prover is `bun run build:native`.
 */
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { cargoModule, sourceOf, target } from "./cargo.ts";
import { builtModule, checkModule, writeModule } from "./committed.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const WORKSPACE = join(ROOT, "wasm/risc0");
const MODULE = "risc0.wasm";

function buildModule(): Uint8Array<ArrayBuffer> {
  const registry = dirname(sourceOf(WORKSPACE, "risc0-zkvm"));
  const profile = "wasm";
  cargoModule(WORKSPACE, registry, ["--locked"], ['--cfg=getrandom_backend="custom"'], { profile });
  return builtModule(join(WORKSPACE, "target", target, profile, "w3bstream_risc0.wasm"));
}

const usage = `usage: bun scripts/build/risc0.ts [--check]

Builds wasm/dist/risc0.wasm; with --check, builds it apart and compares with what is committed.
Needs rustup.`;

if (process.argv.includes("--help")) console.log(usage);
else if (process.argv.includes("--check")) checkModule(MODULE, buildModule);
else writeModule(MODULE, buildModule());

/**
 * Builds what runs projects' packers.
 *
 *   bun scripts/build/packer.ts            build wasm/dist/packer.wasm
 *   bun scripts/build/packer.ts --check    build it apart and compare
 *
 * Needs rustup; the same bytes come from any folder.
 */
import { dirname, join } from "node:path";
import process from "node:process";
import { cargoModule, sourceOf, target } from "./cargo.ts";
import { builtModule, checkModule, writeModule } from "./committed.ts";

const root = join(import.meta.dirname, "../..");
const crate = join(root, "wasm/packer");
const module = "packer.wasm";

function buildModule(): Uint8Array {
  cargoModule(crate, dirname(sourceOf(crate, "wasmi")), ["--locked"]);
  return builtModule(join(crate, "target", target, "release/packer.wasm"));
}

const usage = `usage: bun scripts/build/packer.ts [--check]

Builds wasm/dist/packer.wasm; with --check, builds it apart and compares with what is committed.
Needs rustup.`;

if (process.argv.includes("--help")) console.log(usage);
else if (process.argv.includes("--check")) checkModule(module, buildModule);
else writeModule(module, buildModule());

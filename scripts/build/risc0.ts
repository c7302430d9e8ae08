/**
 * Builds the checker of risc0 receipts as a WebAssembly module.
 *
 *   bun scripts/build/risc0.ts            build wasm/dist/risc0.wasm
 *   bun scripts/build/risc0.ts --check    build it apart and compare
 *
 * Needs rustup; the same bytes come from any folder. The native prover is `bun run build:native`.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { cargoModule, sourceOf, target } from "./cargo.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const WORKSPACE = join(ROOT, "wasm/risc0");
const MODULE = join(ROOT, "wasm/dist/risc0.wasm");

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

function buildModule(): Uint8Array<ArrayBuffer> {
  const registry = dirname(sourceOf(WORKSPACE, "risc0-zkvm"));
  const profile = "wasm";
  cargoModule(WORKSPACE, registry, ["--locked"], ['--cfg=getrandom_backend="custom"'], { profile });
  const path = join(WORKSPACE, "target", target, profile, "w3bstream_risc0.wasm");
  const module = new Uint8Array(readFileSync(path));
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(module));
  if (imports.length > 0) throw new Error(`imports ${imports[0]?.name}, must import nothing`);
  return module;
}

const usage = `usage: bun scripts/build/risc0.ts [--check]

Builds wasm/dist/risc0.wasm; with --check, builds it apart and compares with what is committed.
Needs rustup.`;

if (process.argv.includes("--help")) {
  console.log(usage);
} else {
  const module = buildModule();
  if (process.argv.includes("--check")) {
    const wanted = readFileSync(`${MODULE}.sha256`, "utf8").split(" ")[0];
    for (const bytes of [readFileSync(MODULE), module]) {
      if (sha256(bytes) !== wanted) {
        throw new Error(`risc0.wasm is ${wanted}, not ${sha256(bytes)}`);
      }
    }
    console.log(`risc0.wasm is what the source gives: sha256 ${sha256(module)}`);
  } else {
    writeFileSync(MODULE, module);
    writeFileSync(`${MODULE}.sha256`, `${sha256(module)}  risc0.wasm\n`);
    console.log(`risc0.wasm: ${module.length} bytes, sha256 ${sha256(module)}`);
  }
}

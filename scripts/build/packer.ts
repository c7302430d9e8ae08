/**
 * Builds what runs projects' packers.
 *
 *   bun scripts/build/packer.ts            build wasm/dist/packer.wasm
 *   bun scripts/build/packer.ts --check    build it apart and compare
 *
 * Needs rustup; the same bytes come from any folder.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { cargoModule, sourceOf, target } from "./cargo.ts";

const root = join(import.meta.dirname, "../..");
const crate = join(root, "wasm/packer");
const module = join(root, "wasm/dist/packer.wasm");

const usage = `usage: bun scripts/build/packer.ts [--check]

Builds wasm/dist/packer.wasm; with --check, builds it apart and compares with what is committed.
Needs rustup.`;

if (process.argv.includes("--help")) {
  console.log(usage);
} else {
  cargoModule(crate, dirname(sourceOf(crate, "wasmi")), ["--locked"]);
  const built = readFileSync(join(crate, "target", target, "release/packer.wasm"));
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(built));
  if (imports.length > 0) throw new Error(`it imports ${imports[0]?.module}.${imports[0]?.name}`);
  if (!process.argv.includes("--check")) writeFileSync(module, built);
  else if (!readFileSync(module).equals(built)) throw new Error(`${module} is not current`);
  console.log(`packer.wasm: ${built.length} bytes`);
}

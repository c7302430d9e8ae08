/**
 * Builds the sample guests of the risc0 runtime.
 *
 *   bun scripts/build/risc0_guests.ts            build wasm/dist/guests/risc0_*.bin
 *   bun scripts/build/risc0_guests.ts --check    build them apart and compare
 *
 * Needs rustup; the same bytes come from any folder.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { buildProgram, guests } from "./risc0_program.ts";

const OUT = join(dirname(fileURLToPath(import.meta.url)), "../../wasm/dist/guests");
const samples = ["meter", "hash_chain"];

const usage = `usage: bun scripts/build/risc0_guests.ts [--check]

Builds wasm/dist/guests/risc0_*.bin, the guests of wasm/guests/risc0 with RISC Zero's kernel; with
--check, builds them apart and compares with what is committed. Needs rustup.`;

if (process.argv.includes("--help")) {
  console.log(usage);
} else {
  const check = process.argv.includes("--check");
  mkdirSync(OUT, { recursive: true });
  for (const sample of samples) {
    const { bytes, elfBytes, imageId } = buildProgram(join(guests, sample), ["--locked"]);
    const name = `risc0_${sample}.bin`;
    const path = join(OUT, name);
    if (!check) writeFileSync(path, bytes);
    else if (!readFileSync(path).equals(bytes)) throw new Error(`${name} is not current`);
    console.log(`${name}: ${bytes.length} bytes (ELF ${elfBytes}), image id ${imageId}`);
  }
}

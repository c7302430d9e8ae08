/**
 * Builds a risc0 guest: `bun scripts/build/guest.ts <crate folder> [--out program.bin]`.
 *
 * Needs rustup, which installs the pinned toolchain where it is missing.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { BuildError, buildProgram } from "./risc0_program.ts";

const usage = `usage: bun scripts/build/guest.ts <crate folder> [--out <file>] [--locked]

Builds the crate's program for RISC Zero's zkVM, adds the kernel, and writes what a project file
names as "code" (default: guest.bin in the crate's folder). Needs rustup.
  --locked   refuse to change the crate's Cargo.lock`;

/** @returns the exit code */
function main(): number {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: {
      out: { type: "string" },
      locked: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const [folder] = positionals;
  if (values.help || folder === undefined || positionals.length > 1) {
    console.log(usage);
    return values.help ? 0 : 1;
  }
  const out = values.out ?? join(folder, "guest.bin");
  const program = buildProgram(folder, values.locked ? ["--locked"] : []);
  writeFileSync(out, program.bytes);
  console.log(`${out}: ${program.bytes.length} bytes\nimage id ${program.imageId}`);
  return 0;
}

try {
  process.exitCode = main();
} catch (error) {
  const known = error instanceof BuildError || error instanceof TypeError;
  if (!known) throw error;
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 1;
}

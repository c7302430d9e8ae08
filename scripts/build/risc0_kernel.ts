/**
 * Builds the kernel that runs guests of risc0 0.20 to 1.2 on today's circuit: v1compat's source,
 * as the dependency ships it, with the two changes in wasm/risc0_kernel.
 *
 *   bun scripts/build/risc0_kernel.ts            build wasm/dist/risc0_kernel_sprout.elf
 *   bun scripts/build/risc0_kernel.ts --check    build it apart and compare
 *
 * Needs rustup; the same bytes come from any folder.
 */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { sourceOf } from "./cargo.ts";
import { cargoRiscv } from "./riscv.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const WORKSPACE = join(ROOT, "wasm/risc0_kernel");
const KERNEL = join(ROOT, "wasm/dist/risc0_kernel_sprout.elf");

/** Texts of v1compat's main.rs, and what takes their place. */
const changes = [
  // These guests name a system call and pass no number.
  ["match Syscall::from(nr) {", "let _ = nr;\n        match syscall_named(fd) {"],
  // They count words, and want the last bytes in a register.
  ["Syscall::Read => sys_read(fd, buf, len),", "Syscall::Read => sys_read_words(fd, buf, len),"],
  // Where both are defined, and v1compat's own reading stays unused.
  [
    'global_asm!(include_str!("kernel.s"));',
    'global_asm!(include_str!("kernel.s"));\n    include!("old_abi.rs");',
  ],
  ["fn sys_read(fd: u32,", "#[allow(dead_code)]\n    fn sys_read(fd: u32,"],
] as const;

/** @throws if a text to be replaced is not there exactly once */
function changed(source: string): string {
  let text = source;
  for (const [old, replacement] of changes) {
    const pieces = text.split(old);
    if (pieces.length !== 2) {
      throw new Error(`v1compat's main.rs has ${pieces.length - 1} times: ${old}`);
    }
    text = pieces.join(replacement);
  }
  return text;
}

function buildKernel(): Uint8Array {
  const dependency = "risc0-zkos-v1compat";
  const source = join(WORKSPACE, "target/source");
  rmSync(source, { recursive: true, force: true });
  cpSync(join(sourceOf(WORKSPACE, dependency), "src"), source, { recursive: true });
  cpSync(join(WORKSPACE, "src/old_abi.rs"), join(source, "old_abi.rs"));
  const main = join(source, "main.rs");
  writeFileSync(main, changed(readFileSync(main, "utf8")));
  return cargoRiscv({ workspace: WORKSPACE, bin: "sprout", kind: "kernel", dependency });
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function build(): void {
  const bytes = buildKernel();
  mkdirSync(dirname(KERNEL), { recursive: true });
  writeFileSync(KERNEL, bytes);
  console.log(`risc0_kernel_sprout.elf: ${bytes.length} bytes, sha256 ${sha256(bytes)}`);
}

/** @throws if the committed file is not what the source gives */
function check(): void {
  const committed = sha256(readFileSync(KERNEL));
  const built = sha256(buildKernel());
  if (built !== committed) {
    throw new Error(`risc0_kernel_sprout.elf is ${committed}, the source gives ${built}`);
  }
  console.log(`risc0_kernel_sprout.elf is what the source gives: sha256 ${built}`);
}

const usage = `usage: bun scripts/build/risc0_kernel.ts [--check]

Builds wasm/dist/risc0_kernel_sprout.elf; with --check, builds it apart and compares with what is
committed. Needs rustup.`;

if (process.argv.includes("--help")) console.log(usage);
else if (process.argv.includes("--check")) check();
else build();

/** Builds for risc0's virtual machine. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cargo, sourceOf } from "./cargo.ts";

export const riscvTarget = "riscv32im-risc0-zkvm-elf";

/** Where the text of each kind of program begins: risc0's memory map. */
const textStart = { guest: "0x00200800", kernel: "0xc0000000" } as const;

export interface RiscvBuild {
  /** Folder with Cargo.toml, Cargo.lock and rust-toolchain.toml. */
  readonly workspace: string;
  readonly bin: string;
  readonly kind: keyof typeof textStart;
  /** A dependency; the folder that holds its source holds all the others' too. */
  readonly dependency: string;
  /** Where what is built is put; the workspace's `target` unless given. */
  readonly folder?: string;
}

/**
 * Builds a program with its own standard library, by risc0's flags; the same bytes come from any
 * folder. Needs rustup, whose toolchain has the library's source.
 */
export function cargoRiscv({ workspace, bin, kind, dependency, ...rest }: RiscvBuild): Uint8Array {
  const folder = rest.folder ?? join(workspace, "target");
  const registry = dirname(sourceOf(workspace, dependency));
  const sysroot = execFileSync("rustc", ["--print", "sysroot"], {
    cwd: workspace,
    encoding: "utf8",
  }).trim();
  const flags = [
    // The machine has one thread and no atomic instructions.
    "-Cpasses=lower-atomic",
    `-Clink-arg=-Ttext=${textStart[kind]}`,
    // A program without an entry would be a mere warning.
    "-Clink-arg=--fatal-warnings",
    "-Cpanic=abort",
    '--cfg=getrandom_backend="custom"',
    `--remap-path-prefix=${sysroot}/lib/rustlib/src/rust=rust`,
    `--remap-path-prefix=${registry}=registry`,
    `--remap-path-prefix=${workspace}=wasm`,
  ];
  const crates = kind === "kernel" ? "core,alloc" : "core,alloc,proc_macro,std,panic_abort";
  cargo(workspace, [
    ...["build", "--release", "--locked", "--bin", bin, "--target", riscvTarget],
    ...[`-Zbuild-std=${crates}`, "-Zbuild-std-features=compiler-builtins-mem"],
  ], {
    // Building the standard library is not yet stable in cargo.
    RUSTC_BOOTSTRAP: "1",
    CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f"),
    CARGO_TARGET_DIR: folder,
  });
  return readFileSync(join(folder, riscvTarget, "release", bin));
}

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { cargo } from "./cargo.ts";

/** Our guests; its rust-toolchain.toml is of all guests, as cargo runs here. */
export const guests: string = join(
  dirname(fileURLToPath(import.meta.url)),
  "../../wasm/guests/risc0",
);

const target = "riscv32im-risc0-zkvm-elf";

export interface Risc0Program {
  /** User ELF and kernel, in RISC Zero's format: what a project file's `code` is. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly elfBytes: number;
  /** 32 bytes as hex, without 0x. */
  readonly imageId: string;
}

const metadataSchema = z.object({
  packages: z.array(z.object({
    name: z.string(),
    manifest_path: z.string(),
    targets: z.array(z.object({ name: z.string(), kind: z.array(z.string()) })),
  })),
  target_directory: z.string(),
  workspace_root: z.string(),
});

/** What is wrong with the machine or the crate, said so that its owner can mend it. */
export class BuildError extends Error {}

/**
 * Builds the program of a crate; the same source gives the same bytes, wherever it lies.
 * @param folder of the crate, which has one binary
 * @param args for cargo, such as `--locked`
 * @throws {BuildError}
 */
export function buildProgram(folder: string, args: readonly string[] = []): Risc0Program {
  const manifest = join(resolve(folder), "Cargo.toml");
  if (!existsSync(manifest)) throw new BuildError(`${folder} is no crate: it has no Cargo.toml`);
  const source = librarySource();
  const at = ["--manifest-path", manifest, ...args];
  const metadata = metadataSchema.parse(
    JSON.parse(run(["metadata", "--format-version", "1", ...at])),
  );
  const found = metadata.packages.find((candidate) => candidate.manifest_path === manifest);
  const binaries = found?.targets.filter(({ kind }) => kind.includes("bin")) ?? [];
  const [binary] = binaries;
  if (!found || !binary || binaries.length > 1) {
    throw new BuildError(`${folder} has ${binaries.length} programs; it must have one src/main.rs`);
  }
  const flags = [
    "-Cpasses=lower-atomic", // the machine has one thread and no atomic instructions
    "-Cpanic=abort",
    "-Cstrip=symbols",
    "-Clink-arg=-Ttext=0x00200800", // where RISC Zero's memory map has programs
    "-Clink-arg=--omagic", // without gaps: each page of a kilobyte that is used costs
    "-Clink-arg=--fatal-warnings",
    '--cfg=getrandom_backend="custom"',
    ...registries().map((path) => `--remap-path-prefix=${path}=registry`),
    `--remap-path-prefix=${source}=rust`,
    `--remap-path-prefix=${metadata.workspace_root}=guest`,
  ];
  run([
    "build",
    "--release",
    "--bin",
    binary.name,
    "--target",
    target,
    "-Zbuild-std=core,alloc,proc_macro,std,panic_abort",
    "-Zbuild-std-features=compiler-builtins-mem",
    ...at,
  ], { CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f"), CARGO_TARGET_DIR: metadata.target_directory });
  return combine(join(metadata.target_directory, target, "release", binary.name));
}

/** The program of a user ELF and the stock kernel. */
function combine(elf: string): Risc0Program {
  const directory = mkdtempSync(join(tmpdir(), "w3bstream-risc0-"));
  try {
    const output = join(directory, "program.bin");
    const args = ["run", "--quiet", "--locked", "--package", "combine", "--", elf, output];
    const imageId = run(args, { CARGO_TARGET_DIR: join(guests, "target") }).trim();
    const elfBytes = readFileSync(elf).length;
    return { bytes: new Uint8Array(readFileSync(output)), elfBytes, imageId };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The folder of the standard library's source, which is built for the machine. */
function librarySource(): string {
  run(["--version"]);
  const sysroot = execFileSync("rustc", ["--print", "sysroot"], { cwd: guests, encoding: "utf8" });
  const source = join(sysroot.trim(), "lib/rustlib/src/rust");
  if (!existsSync(source)) {
    throw new BuildError(
      "the Rust toolchain has no rust-src; with rustup it is installed by itself",
    );
  }
  return source;
}

/** The folders of dependencies' sources, as cargo fetched them. */
function registries(): string[] {
  const home = process.env.CARGO_HOME ?? join(process.env.HOME ?? "", ".cargo");
  const sources = join(home, "registry/src");
  return existsSync(sources) ? readdirSync(sources).map((name) => join(sources, name)) : [];
}

function run(args: string[], env: Record<string, string> = {}): string {
  try {
    // The standard library is built by flags that cargo calls unstable.
    return cargo(guests, args, { RUSTC_BOOTSTRAP: "1", ...env });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new BuildError("guests are built with Rust: install rustup first");
    }
    if (error instanceof Error && "status" in error) {
      throw new BuildError(`cargo ${args[0]} failed; what it said is above`);
    }
    throw error;
  }
}

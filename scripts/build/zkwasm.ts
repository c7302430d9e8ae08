/**
 * Builds the zkWasm prover as a WebAssembly module, or as a native library.
 *
 *   bun scripts/build/zkwasm.ts            build wasm/dist/zkwasm.wasm
 *   bun scripts/build/zkwasm.ts --check    build it apart and compare
 *   bun scripts/build/zkwasm.ts --native [--target-cpu=native]
 *
 * Needs rustup; the same bytes of the module come from any folder.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { cargo, cargoModule, libraryName, simd, sourceOf, target } from "./cargo.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const WORKSPACE = join(ROOT, "wasm");
const MODULE = join(ROOT, "wasm/dist/zkwasm.wasm");

function buildModule(): Uint8Array<ArrayBuffer> {
  const registry = dirname(sourceOf(WORKSPACE, "p3-field"));
  cargoModule(WORKSPACE, registry, ["--package", "zkwasm", "--locked"], [simd]);
  const module = new Uint8Array(
    readFileSync(join(WORKSPACE, "target", target, "release/zkwasm.wasm")),
  );
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(module));
  const names = imports.map(({ module, name }) => `${module}.${name}`).join(", ");
  const allowed = "env.zk_step, env.zk_table";
  if (names !== allowed) throw new Error(`imports ${names}, must import ${allowed}`);
  return module;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function build(): void {
  const bytes = buildModule();
  mkdirSync(dirname(MODULE), { recursive: true });
  writeFileSync(MODULE, bytes);
  writeFileSync(`${MODULE}.sha256`, `${sha256(bytes)}  zkwasm.wasm\n`);
  console.log(`zkwasm.wasm: ${bytes.length} bytes, sha256 ${sha256(bytes)}`);
}

/** @throws if the committed file is not what the source gives */
function check(): void {
  const wanted = readFileSync(`${MODULE}.sha256`, "utf8").split(" ")[0];
  const committed = sha256(readFileSync(MODULE));
  if (committed !== wanted) throw new Error("zkwasm.wasm is not the file of its .sha256");
  const built = sha256(buildModule());
  if (built !== wanted) throw new Error(`zkwasm.wasm is ${wanted}, the source gives ${built}`);
  console.log(`zkwasm.wasm is what the source gives: sha256 ${wanted}`);
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
else if (process.argv.includes("--check")) check();
else build();

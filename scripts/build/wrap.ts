/**
 * Builds what is committed of wasm/wrap: the verifier of wrapped zkWasm proofs as a WebAssembly
 * module, and of each class the keys, contract and proof under the test setup.
 *
 *   bun scripts/build/wrap.ts            build wasm/dist/wrap.wasm
 *   bun scripts/build/wrap.ts --check    build it apart and compare
 *   bun scripts/build/wrap.ts --keys     make keys, contracts and proofs first
 *
 * Needs rustup; the same bytes of the module come from any folder.
 */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { cargo, cargoModule, simd, sourceOf, target } from "./cargo.ts";
import { copyWithoutTable, patchOf } from "./halo2_axiom.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const WORKSPACE = join(ROOT, "wasm");
const CRATE = join(WORKSPACE, "wrap");
const SHADOW = join(WORKSPACE, "target/shadow_wrap");
const MODULE = join(ROOT, "wasm/dist/wrap.wasm");
const PROFILE = "module";

/** Lays a workspace of copies, of the crate and of those that it is of: paths in it are relative. */
function layShadow(source: string): void {
  mkdirSync(SHADOW, { recursive: true });
  copyWithoutTable(source, join(SHADOW, "halo2-axiom"));
  for (const crate of ["wrap", "zkwasm"]) {
    rmSync(join(SHADOW, crate), { recursive: true, force: true });
    const filter = (path: string) => !path.startsWith(join(WORKSPACE, crate, "target"));
    const options = { recursive: true, preserveTimestamps: true, filter };
    cpSync(join(WORKSPACE, crate), join(SHADOW, crate), options);
  }
  const own = join(SHADOW, "wrap/Cargo.toml");
  const [crate = "", profiles] = readFileSync(own, "utf8").split(/^(?=\[profile\.dev\])/m);
  if (profiles === undefined) throw new Error("wasm/wrap/Cargo.toml has no [profile.dev]");
  writeFileSync(own, crate.replace("[workspace]\n", ""));
  const manifest = readFileSync(join(WORKSPACE, "Cargo.toml"), "utf8");
  const shared = manifest.match(/^\[workspace\.package\]\n(.+\n)+/m)?.[0];
  if (!shared) throw new Error("wasm/Cargo.toml has no [workspace.package]");
  const workspace = `[workspace]\nresolver = "2"\nmembers = ["wrap", "zkwasm"]\n\n${shared}\n`;
  writeFileSync(join(SHADOW, "Cargo.toml"), workspace + profiles + patchOf("halo2-axiom"));
  cpSync(join(CRATE, "Cargo.lock"), join(SHADOW, "Cargo.lock"));
  cpSync(join(WORKSPACE, "rust-toolchain.toml"), join(SHADOW, "rust-toolchain.toml"));
}

function buildModule(): Uint8Array<ArrayBuffer> {
  const source = sourceOf(CRATE, "halo2-axiom");
  layShadow(source);
  cargoModule(SHADOW, dirname(source), ["--package", "wrap"], [simd], { profile: PROFILE });
  const module = new Uint8Array(
    readFileSync(join(SHADOW, "target", target, PROFILE, "wrap.wasm")),
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

/** The crate's command line for what is committed of each class. */
function keys(profile: "dev" | "release", ...args: string[]): void {
  const run = ["run", "--quiet", "--profile", profile, "--locked", "--example", "keys", "--"];
  cargo(CRATE, [...run, ...args], { CARGO_TARGET_DIR: join(CRATE, "target") });
}

function build(): void {
  const bytes = buildModule();
  mkdirSync(dirname(MODULE), { recursive: true });
  writeFileSync(MODULE, bytes);
  writeFileSync(`${MODULE}.sha256`, `${sha256(bytes)}  wrap.wasm\n`);
  console.log(`wrap.wasm: ${bytes.length} bytes, sha256 ${sha256(bytes)}`);
}

/** @throws if a committed file is not what the source gives */
function check(): void {
  const wanted = readFileSync(`${MODULE}.sha256`, "utf8").split(" ")[0];
  const committed = sha256(readFileSync(MODULE));
  if (committed !== wanted) throw new Error("wrap.wasm is not the file of its .sha256");
  const built = sha256(buildModule());
  if (built !== wanted) throw new Error(`wrap.wasm is ${wanted}, the source gives ${built}`);
  console.log(`wrap.wasm is what the source gives: sha256 ${wanted}`);
  keys("dev", "check");
  console.log("the committed contracts and proofs are of the committed keys");
}

const usage = `usage: bun scripts/build/wrap.ts [--check | --keys]

Builds wasm/dist/wrap.wasm; with --check, builds it apart and compares with what is committed, and
checks that the committed contracts and proofs are of the committed keys. With --keys, makes the
keys of each class under the test setup, contracts and proofs first: some ten minutes and 3 GB.
Needs rustup.`;

if (process.argv.includes("--help")) {
  console.log(usage);
} else if (process.argv.includes("--check")) {
  check();
} else {
  if (process.argv.includes("--keys")) keys("release", "write", join(CRATE, "target/keys"));
  build();
}

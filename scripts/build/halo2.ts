/**
 * Builds the Halo2 sample program and what is made from it.
 *
 *   bun scripts/build/halo2.ts            build wasm/dist/weather_halo2.wasm, verifier, vectors
 *   bun scripts/build/halo2.ts --check    build the module apart and compare its hash
 *
 * Needs rustup; the same bytes come from any folder.
 */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { cargo, cargoModule, target } from "./halo2_cargo.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const WORKSPACE = join(ROOT, "wasm");
const SHADOW = join(WORKSPACE, "target/shadow");
const PACKAGE = "weather-halo2";
const MODULE = join(ROOT, "wasm/dist/weather_halo2.wasm");
const VERIFIER = join(ROOT, "contracts/src/generated/UnsafeTestSetupWeatherVerifier.sol");
const VECTORS = join(ROOT, "contracts/test/vectors/halo2-weather.json");

const metadataSchema = z.object({
  packages: z.array(z.object({ name: z.string(), manifest_path: z.string() })),
});

/** The folder of a dependency's source, as cargo fetched it. */
function sourceOf(name: string): string {
  const args = ["metadata", "--format-version", "1", "--locked"];
  const { packages } = metadataSchema.parse(JSON.parse(cargo(WORKSPACE, args)));
  const found = packages.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`${name} is not a dependency`);
  return dirname(found.manifest_path);
}

/**
 * Lays a copy of the workspace in which halo2-axiom does without `bn256-table`: a table of small
 * field elements that makes up 2 MB of a module, and a feature that can't be turned off otherwise.
 */
function layShadow(): void {
  const source = sourceOf("halo2-axiom");
  const dependency = join(SHADOW, "halo2-axiom");
  rmSync(dependency, { recursive: true, force: true });
  rmSync(join(SHADOW, "halo2"), { recursive: true, force: true });
  mkdirSync(SHADOW, { recursive: true });
  const keepTimes = { recursive: true, preserveTimestamps: true };
  cpSync(source, dependency, keepTimes);
  cpSync(join(WORKSPACE, "halo2"), join(SHADOW, "halo2"), keepTimes);
  for (const file of ["Cargo.lock", "rust-toolchain.toml"]) {
    cpSync(join(WORKSPACE, file), join(SHADOW, file));
  }
  const manifest = readFileSync(join(WORKSPACE, "Cargo.toml"), "utf8")
    .replace(/members = .*/, `members = ["halo2"]`);
  const patch = `\n[patch.crates-io]\nhalo2-axiom = { path = "halo2-axiom" }\n`;
  writeFileSync(join(SHADOW, "Cargo.toml"), manifest + patch);

  const path = join(dependency, "Cargo.toml");
  const before = readFileSync(path, "utf8");
  const after = before.replace(/^\s*"bn256-table",\n/m, "");
  if (after === before) throw new Error("halo2-axiom no longer asks for bn256-table");
  writeFileSync(path, after);
}

function buildModule(): Uint8Array<ArrayBuffer> {
  layShadow();
  cargoModule(SHADOW, ["--package", PACKAGE], ["-Ctarget-feature=+simd128,+bulk-memory"]);
  return new Uint8Array(readFileSync(join(SHADOW, "target", target, "release/weather_halo2.wasm")));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function build(): void {
  const bytes = buildModule();
  for (const path of [MODULE, VERIFIER, VECTORS]) mkdirSync(dirname(path), { recursive: true });
  writeFileSync(MODULE, bytes);
  writeFileSync(`${MODULE}.sha256`, `${sha256(bytes)}  weather_halo2.wasm\n`);
  const run = ["run", "--quiet", "--package", PACKAGE, "--"];
  cargo(WORKSPACE, [...run, "verifier", VERIFIER]);
  cargo(WORKSPACE, [...run, "vectors", VECTORS, MODULE]);
  console.log(`weather_halo2.wasm: ${bytes.length} bytes, sha256 ${sha256(bytes)}`);
}

function check(): void {
  const wanted = readFileSync(`${MODULE}.sha256`, "utf8").split(" ")[0];
  const committed = sha256(readFileSync(MODULE));
  const built = sha256(buildModule());
  if (committed !== wanted) throw new Error("weather_halo2.wasm is not the file of its .sha256");
  if (built !== wanted) {
    throw new Error(`weather_halo2.wasm is ${wanted}, the source gives ${built}`);
  }
  console.log(`weather_halo2.wasm is what the source gives: sha256 ${wanted}`);
}

if (process.argv.includes("--check")) check();
else build();

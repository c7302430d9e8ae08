/**
 * Builds the sample guests of the zkWasm prover, the sample packer, and the project file of the original's form that
 * tests load.
 *
 *   bun scripts/build/guests.ts            build wasm/dist/guests and the fixture
 *   bun scripts/build/guests.ts --check    build them apart and compare
 *
 * Needs rustup for those in Rust.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import { cargoModule, target } from "./cargo.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const GUESTS = join(ROOT, "wasm/guests");
const OUT = join(ROOT, "wasm/dist/guests");
const FIXTURE = join(ROOT, "tests/fixtures/original-zkwasm.json");

const inAssemblyScript = ["sum", "fibonacci", "meter"];
const inRust = ["sha256", "meter_rust", "packer_device"];

function assemblyScript(guest: string, flags: string[], directory: string): Uint8Array {
  const out = join(directory, `${guest}.wasm`);
  const asc = join(ROOT, "node_modules/assemblyscript/bin/asc.js");
  execFileSync("node", [asc, `${guest}/index.ts`, ...flags, "-o", out], {
    cwd: GUESTS,
    stdio: "inherit",
  });
  return readFileSync(out);
}

function rust(guest: string): Uint8Array {
  const home = process.env.CARGO_HOME ?? join(process.env.HOME ?? "", ".cargo");
  cargoModule(GUESTS, join(home, "registry/src"), ["--package", guest, "--locked"]);
  return readFileSync(join(GUESTS, "target", target, `release/${guest}.wasm`));
}

/** A project file in the original's form, made with the original's flags. */
function originalProject(directory: string): string {
  const module = assemblyScript("sum", ["-O", "--noAssert"], directory);
  return JSON.stringify(
    [{
      code: deflateSync(module, { level: 9 }).toString("hex"),
      vmType: "zkwasm",
      output: { type: "stdout" },
      aggregation: { amount: 1 },
      version: "0.1",
    }],
    null,
    2,
  ) + "\n";
}

/** Contents by path of all that this script makes. */
function built(): Map<string, Uint8Array> {
  const directory = mkdtempSync(join(tmpdir(), "w3bstream-guests-"));
  try {
    const files = new Map<string, Uint8Array>();
    for (const guest of inAssemblyScript) {
      const module = assemblyScript(guest, ["-O3", "--runtime", "stub"], directory);
      files.set(join(OUT, `${guest}.wasm`), module);
    }
    for (const guest of inRust) files.set(join(OUT, `${guest}.wasm`), rust(guest));
    files.set(FIXTURE, new TextEncoder().encode(originalProject(directory)));
    return files;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const usage = `usage: bun scripts/build/guests.ts [--check]

Builds wasm/dist/guests/*.wasm and tests/fixtures/original-zkwasm.json; with --check, builds them
apart and compares with what is committed.`;

if (process.argv.includes("--help")) {
  console.log(usage);
} else {
  const check = process.argv.includes("--check");
  mkdirSync(OUT, { recursive: true });
  for (const [path, bytes] of built()) {
    if (!check) writeFileSync(path, bytes);
    else if (!readFileSync(path).equals(bytes)) throw new Error(`${path} is not current`);
    console.log(`${path.slice(ROOT.length + 1)}: ${bytes.length} bytes`);
  }
}

/**
 * Builds the risc0 project file of the original's form that tests load, from a guest of risc0 0.20:
 *
 *   bun scripts/build/risc0_fixture.ts            build tests/fixtures/original-risc0.json
 *   bun scripts/build/risc0_fixture.ts --check    build it apart and compare
 *
 * Needs rustup.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { deflateSync, inflateSync } from "node:zlib";
import { cargo } from "./cargo.ts";
import { cargoRiscv, riscvTarget } from "./riscv.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const WORKSPACE = join(ROOT, "wasm/fixtures/risc0_range");
const FIXTURE = join(ROOT, "tests/fixtures/original-risc0.json");

/** The guest's `methods.rs`, as its risc0 would write it. */
function methods(): string {
  cargoRiscv({ workspace: WORKSPACE, bin: "range", kind: "guest", dependency: "risc0-zkvm" });
  const built = `${riscvTarget}/release/range`;
  const args = ["--locked", "--release", "--quiet", "--package", "methods"];
  const elf = join(WORKSPACE, "target", built);
  return cargo(WORKSPACE, ["run", ...args, "--", elf, "RANGE", `/target/${built}`], {
    CARGO_TARGET_DIR: join(WORKSPACE, "target"),
  });
}

function build(): void {
  const project = [{
    code: deflateSync(methods(), { level: 9 }).toString("hex"),
    codeExpParam: '{"image_id":"RANGE_ID","elf":"RANGE_ELF"}',
    vmType: "risc0",
    output: { type: "stdout" },
    aggregation: { amount: 1 },
    version: "0.1",
  }];
  const text = JSON.stringify(project, null, 2) + "\n";
  writeFileSync(FIXTURE, text);
  console.log(`original-risc0.json: ${text.length} bytes`);
}

/** @throws if the committed file does not hold what the source gives */
function check(): void {
  const [project] = JSON.parse(readFileSync(FIXTURE, "utf8")) as { code: string }[];
  const committed = inflateSync(Buffer.from(project?.code ?? "", "hex")).toString();
  if (committed !== methods()) throw new Error("original-risc0.json is not current");
  console.log("original-risc0.json holds what the source gives");
}

const usage = `usage: bun scripts/build/risc0_fixture.ts [--check]

Builds tests/fixtures/original-risc0.json; with --check, builds it apart and compares with what is
committed. Needs rustup.`;

if (process.argv.includes("--help")) console.log(usage);
else if (process.argv.includes("--check")) check();
else build();

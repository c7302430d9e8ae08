/**
 * Builds the Halo2 project files of the original's form and the successor's that tests load:
 *
 *   bun scripts/build/halo2_fixtures.ts
 *
 * Needs rustup.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import { cargo, cargoModule, sourceOf, target } from "./cargo.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const WORKSPACE = join(ROOT, "wasm/fixtures");
const FIXTURES = join(ROOT, "tests/fixtures");

/** A module with wasm-bindgen's exports, as text of a project file: hex of zlib. */
function code(features: string[]): string {
  const selected = features.length > 0 ? ["--features", features.join(",")] : [];
  const registry = dirname(sourceOf(WORKSPACE, "halo2_proofs"));
  cargoModule(WORKSPACE, registry, ["--package", "simple", "--locked", ...selected]);
  const built = join(WORKSPACE, "target", target, "release/simple.wasm");
  const out = join(WORKSPACE, "target/bindgen");
  cargo(WORKSPACE, ["run", "--release", "--quiet", "--package", "bindgen", "--", built, out]);
  return deflateSync(readFileSync(join(out, "simple_bg.wasm")), { level: 9 }).toString("hex");
}

function write(name: string, project: unknown): void {
  mkdirSync(FIXTURES, { recursive: true });
  const text = JSON.stringify(project, null, 2) + "\n";
  writeFileSync(join(FIXTURES, name), text);
  console.log(`${name}: ${text.length} bytes`);
}

write("original-halo2-v1.json", [{
  code: code([]),
  vmType: "halo2",
  output: { type: "stdout" },
  aggregation: { amount: 1 },
  version: "0.1",
}]);
write("original-halo2-v2.json", {
  defaultVersion: "0.1",
  versions: [{ version: "0.1", vmTypeID: 2, codeExpParam: "", code: code(["v2"]) }],
});

/** Modules in wasm/dist, each with its hash beside it. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export const sha256 = (bytes: Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");

/**
 * A module that cargo built.
 * @param allowed what it must import, such as `env.zk_step, env.zk_table`
 * @throws if it imports anything else
 */
export function builtModule(path: string, allowed = ""): Uint8Array<ArrayBuffer> {
  const module = new Uint8Array(readFileSync(path));
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(module));
  const names = imports.map(({ module, name }) => `${module}.${name}`).join(", ");
  if (names === allowed) return module;
  throw new Error(`${path} imports ${names || "nothing"}, must import ${allowed || "nothing"}`);
}

/** Where a module is committed. */
export const pathOf = (name: string): string => join(import.meta.dirname, "../../wasm/dist", name);

/** Puts a module in place, and its hash. */
export function writeModule(name: string, module: Uint8Array): void {
  const path = pathOf(name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, module);
  writeFileSync(`${path}.sha256`, `${sha256(module)}  ${name}\n`);
  console.log(`${name}: ${module.length} bytes, sha256 ${sha256(module)}`);
}

/** @throws if the committed file is not what the source gives, or not that of its hash */
export function checkModule(name: string, build: () => Uint8Array): void {
  const path = pathOf(name);
  const wanted = readFileSync(`${path}.sha256`, "utf8").split(" ")[0];
  if (sha256(readFileSync(path)) !== wanted) {
    throw new Error(`${name} is not the file of its .sha256`);
  }
  const built = sha256(build());
  if (built !== wanted) throw new Error(`${name} is ${wanted}, the source gives ${built}`);
  console.log(`${name} is what the source gives: sha256 ${wanted}`);
}

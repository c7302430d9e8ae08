import type { NativeFunction } from "../../src/platform.ts";
import { type NativeSource, openNative } from "../native.ts";
import type { Library } from "./engine.ts";

const input = ["buffer", "usize"] as const;
const functions: Record<string, NativeFunction> = {
  zk_out_ptr: { parameters: [], result: "pointer" },
  zk_out_len: { parameters: [], result: "usize" },
  zk_load: { parameters: ["i32", ...input], result: "i32" },
  zk_unload: { parameters: ["i32"], result: "i32" },
  zk_execute: { parameters: ["i32", ...input], result: "i32" },
  zk_prove: { parameters: ["i32", ...input], result: "i32" },
  zk_verify: { parameters: ["i32", ...input, ...input], result: "i32" },
};

/**
 * The native build of the prover. Its calls block this thread until they are done.
 * @throws {ProgramError} `unsupported`
 */
export const openNativeProver = (source: NativeSource): Promise<Library> =>
  openNativeLibrary(source, functions);

/**
 * A native library of the prover's C ABI.
 * @param functions what it must export, `zk_out_ptr` and `zk_out_len` among them
 * @throws {ProgramError} `unsupported`
 */
export async function openNativeLibrary(
  source: NativeSource,
  functions: Readonly<Record<string, NativeFunction>>,
): Promise<Library> {
  const library = await openNative(source, functions);
  return {
    broken: false,
    call(name, number, ...inputs) {
      const code = Number(library.call(name, number, ...inputs.flatMap((b) => [b, b.length])));
      const length = Number(library.call("zk_out_len"));
      return { code, out: library.read(library.call("zk_out_ptr"), length) };
    },
  };
}

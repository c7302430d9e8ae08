import type { NativeFunction } from "../../../src/platform.ts";
import type { NativeSource } from "../../native.ts";
import type { Library } from "../engine.ts";
import { openNativeLibrary } from "../native.ts";

const range = ["buffer", "usize"] as const;
const call = (ranges: number): NativeFunction => ({
  parameters: ["i32", ...Array.from({ length: ranges }, () => range).flat()],
  result: "i32",
});
const functions: Record<string, NativeFunction> = {
  zk_out_ptr: { parameters: [], result: "pointer" },
  zk_out_len: { parameters: [], result: "usize" },
  wrap_load: call(2),
  wrap_unload: call(0),
  wrap_execute: call(1),
  wrap_stark: call(1),
  wrap_prepare: call(4),
  wrap_prove: call(2),
  wrap_verify: call(3),
  wrap_setup: call(2),
  wrap_contract: call(2),
};

/**
 * The native library. Its calls block this thread until they are done.
 * @throws {ProgramError} `unsupported`
 */
export const openNativeWrapper = (source: NativeSource): Promise<Library> =>
  openNativeLibrary(source, functions);

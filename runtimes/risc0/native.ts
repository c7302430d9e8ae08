import type { NativeFunction } from "../../src/platform.ts";
import { type NativeSource, openNative } from "../native.ts";
import type { Library } from "./engine.ts";

const input = ["buffer", "usize"] as const;
const call = (...parameters: NativeFunction["parameters"]): NativeFunction => ({
  parameters,
  result: "pointer",
});
const functions: Record<string, NativeFunction> = {
  r0_code: { parameters: ["pointer"], result: "i32" },
  r0_ptr: { parameters: ["pointer"], result: "pointer" },
  r0_len: { parameters: ["pointer"], result: "usize" },
  r0_free: { parameters: ["pointer"], result: "void" },
  r0_combine: call(...input, ...input),
  r0_image_id: call(...input),
  r0_verify: call(...input, ...input, ...input),
  r0_take_apart: call(...input),
  r0_execute: call(...input, ...input, "i32", "usize"),
  r0_prove: call("pointer"),
  r0_proof: call("pointer"),
  r0_lift: call(...input),
};

/**
 * The native build of the prover. Its calls block this thread until they are done.
 * @throws {ProgramError} `unsupported`
 */
export async function openNativeRisc0(source: NativeSource): Promise<Library> {
  const library = await openNative(source, functions);
  return {
    broken: false,
    call(name, ...inputs) {
      const handle = library.call(
        name,
        ...inputs.flatMap((value) => {
          if (value instanceof Uint8Array) return [value, value.length];
          return typeof value === "number" ? [value] : [value.handle];
        }),
      );
      const length = Number(library.call("r0_len", handle));
      const bytes = library.read(library.call("r0_ptr", handle), length);
      return { handle, code: Number(library.call("r0_code", handle)), bytes };
    },
    free: ({ handle }) => void library.call("r0_free", handle),
  };
}

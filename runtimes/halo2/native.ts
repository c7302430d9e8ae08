import type { NativeFunction } from "../../src/platform.ts";
import { type NativeSource, openNative } from "../native.ts";
import { ProgramError } from "../runtime.ts";
import { maxResultBytes } from "./memory.ts";
import type { WsAnswer, WsInstance } from "./ws.ts";

const functions: Record<string, NativeFunction> = {
  ws_out_ptr: { parameters: [], result: "pointer" },
  ws_out_len: { parameters: [], result: "usize" },
  ws_describe: { parameters: [], result: "i32" },
  ws_commit: { parameters: ["buffer", "usize"], result: "i32" },
  ws_prove: { parameters: ["buffer", "usize"], result: "i32" },
  ws_verify: { parameters: ["buffer", "usize", "buffer", "usize"], result: "i32" },
};

/**
 * Opens a native build of a program.
 * @throws {ProgramError} `unsupported`
 */
export async function openNativeProgram(source: NativeSource): Promise<WsInstance> {
  const library = await openNative(source, functions);
  return {
    said: "",
    full: false,
    report: () => {},
    call(name, ...inputs): WsAnswer {
      const code = library.call(`ws_${name}`, ...inputs.flatMap((b) => [b, b.length]));
      const length = Number(library.call("ws_out_len"));
      if (length > maxResultBytes) throw new ProgramError("trap", `gave ${length} bytes`);
      return { code: Number(code), out: library.read(library.call("ws_out_ptr"), length) };
    },
  };
}

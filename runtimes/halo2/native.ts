import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type NativeFunction, openLibrary } from "../../src/platform.ts";
import { ProgramError } from "../runtime.ts";
import { maxResultBytes } from "./memory.ts";
import type { WsAnswer, WsInstance } from "./ws.ts";

/** A native build of a program, installed by the operator and never by a project file. */
export interface NativeSource {
  readonly path: string;
  /** Hash of the library's file, lower-case hexadecimal with 0x. */
  readonly sha256: string;
}

const functions: Record<string, NativeFunction> = {
  ws_out_ptr: { parameters: [], result: "pointer" },
  ws_out_len: { parameters: [], result: "usize" },
  ws_describe: { parameters: [], result: "i32" },
  ws_commit: { parameters: ["buffer", "usize"], result: "i32" },
  ws_prove: { parameters: ["buffer", "usize"], result: "i32" },
  ws_verify: { parameters: ["buffer", "usize", "buffer", "usize"], result: "i32" },
};

/**
 * Opens a library whose hash is the one that the operator gave.
 * @throws {ProgramError} `load`
 */
export async function openNative({ path, sha256 }: NativeSource): Promise<WsInstance> {
  const fail = (why: string, cause?: unknown) =>
    new ProgramError("load", `native library ${why}`, { cause });
  let hash: string;
  try {
    hash = `0x${createHash("sha256").update(readFileSync(path)).digest("hex")}`;
  } catch (error) {
    throw fail("can't be read", error);
  }
  if (hash !== sha256) throw fail(`has hash ${hash}, not the configured one`);
  const library = await openLibrary(path, functions).catch((error) => {
    throw fail("can't be opened, or lacks one of the ws_ functions", error);
  });
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

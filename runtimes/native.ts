/** Native libraries, installed by the operator and never by a project file (DESIGN R9). */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type NativeFunction, type NativeLibrary, openLibrary } from "../src/platform.ts";
import { ProgramError } from "./runtime.ts";

export interface NativeSource {
  readonly path: string;
  /** Hash of the library's file, lower-case hexadecimal with 0x. */
  readonly sha256: string;
}

/**
 * Opens a library whose hash is the one that the operator gave.
 * @throws {ProgramError} `unsupported`: it is this node that is wrong, not the program
 */
export async function openNative(
  { path, sha256 }: NativeSource,
  functions: Readonly<Record<string, NativeFunction>>,
): Promise<NativeLibrary> {
  const fail = (why: string, cause?: unknown) =>
    new ProgramError("unsupported", `native library ${why}`, { cause });
  let hash: string;
  try {
    hash = `0x${createHash("sha256").update(readFileSync(path)).digest("hex")}`;
  } catch (error) {
    throw fail("can't be read", error);
  }
  if (hash !== sha256) throw fail(`has hash ${hash}, not the configured one`);
  return await openLibrary(path, functions).catch((error) => {
    throw fail(`can't be opened, or lacks one of ${Object.keys(functions).join(", ")}`, error);
  });
}

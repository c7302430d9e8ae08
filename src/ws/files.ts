import { Buffer } from "node:buffer";
import { readFile, stat } from "node:fs/promises";
import type { VmType } from "../../runtimes/runtime.ts";
import { UserError } from "./cli.ts";

/** Longest file that is read, in bytes. */
const maxBytes = 256 * 1024 * 1024;

/** @throws {UserError} naming the file */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) {
      throw new UserError(`${path} has ${size} bytes, at most ${maxBytes} are read`);
    }
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`can't read ${path} (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** A program of a machine whose runs `ws` proves. */
export interface ProgramFile {
  readonly path: string;
  readonly vmType: Exclude<VmType, "halo2">;
  readonly code: Uint8Array;
}

const magics: readonly [Uint8Array, ProgramFile["vmType"]][] = [
  [Uint8Array.of(0, 0x61, 0x73, 0x6d), "zkwasm"],
  [Uint8Array.of(0x52, 0x30, 0x42, 0x46), "risc0"], // R0BF
  [Uint8Array.of(0x7f, 0x45, 0x4c, 0x46), "risc0"], // ELF
];

/**
 * A program, whose form says which machine it is of: a WebAssembly module is zkwasm's; a program
 * binary, an ELF and a `methods.rs` are risc0's.
 * @throws {UserError} for what has none of these forms
 */
export async function readProgram(path: string): Promise<ProgramFile> {
  const code = await readBytes(path);
  const known = magics.find(([magic]) => magic.every((byte, i) => code[i] === byte));
  if (known) return { path, vmType: known[1], code };
  // What defines the constants may come after a long one.
  if (/\bpub\s+const\s+[A-Za-z_]\w*\s*:/.test(Buffer.from(code).toString("latin1"))) {
    return { path, vmType: "risc0", code };
  }
  throw new UserError(
    `${path} is no program: must be a WebAssembly module, or for risc0 a program binary (R0BF), ` +
      "an ELF or a methods.rs; a project file's code has to be taken out of it",
  );
}

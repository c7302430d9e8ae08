/** The forms that a program's `code` comes in. */
import { bytesToHex, type Hex } from "viem";
import { ProgramError } from "../runtime.ts";
import { parseMethods } from "./methods.ts";
import type { Kernel, Risc0Param } from "./param.ts";

/** A program to run, and where its file states one, its image id there. */
export type Risc0Code =
  & { readonly bytes: Uint8Array; readonly fileImageId: Hex | undefined }
  & (
    /** A program binary, which has its kernel in it. */
    | { readonly kind: "binary" }
    /** A user's ELF, to be joined with a kernel. */
    | { readonly kind: "elf"; readonly kernel: Kernel }
  );

const magics = {
  binary: new TextEncoder().encode("R0BF"),
  elf: Uint8Array.of(0x7f, 0x45, 0x4c, 0x46),
};

function formOf(bytes: Uint8Array): keyof typeof magics | undefined {
  const begins = (magic: Uint8Array) => magic.every((byte, i) => bytes[i] === byte);
  if (begins(magics.binary)) return "binary";
  return begins(magics.elf) ? "elf" : undefined;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/**
 * Finds the program in a project file's code: a program binary, a user's ELF, or the text of a
 * `methods.rs` that holds one of these. ELFs in a `methods.rs` are of risc0 before 2.0, since later
 * ones write program binaries.
 * @param code as the project file gives it, decoded
 * @throws {ProgramError} `load`
 */
export function programOf(code: Uint8Array, param: Risc0Param): Risc0Code {
  const form = formOf(code);
  const fileImageId = undefined;
  if (form === "binary") return { kind: "binary", bytes: code, fileImageId };
  if (form === "elf") {
    return { kind: "elf", bytes: code, kernel: param.kernel ?? "v1compat", fileImageId };
  }
  if (code.length === 0 || code.includes(0) || !isUtf8(code)) {
    throw new ProgramError(
      "load",
      "its code is no risc0 program: must be a program binary (R0BF), an ELF or a methods.rs",
    );
  }
  return programInText(code, param);
}

function programInText(text: Uint8Array, { names, kernel }: Risc0Param): Risc0Code {
  if (!names) {
    throw new ProgramError(
      "load",
      "its code is text, so its codeExpParam must name the constants of a methods.rs, like " +
        '{"image_id":"RANGE_ID","elf":"RANGE_ELF"}',
    );
  }
  const { elf: bytes, imageId } = parseMethods(text, names);
  const fileImageId = bytesToHex(imageId);
  switch (formOf(bytes)) {
    case "binary":
      return { kind: "binary", bytes, fileImageId };
    case "elf":
      return { kind: "elf", bytes, kernel: kernel ?? "sprout", fileImageId };
    default:
      throw new ProgramError(
        "load",
        `its methods.rs is refused: ${names.elf} is neither an ELF nor a program binary (R0BF)`,
      );
  }
}

/** Programs in the `methods.rs` that risc0's build writes, the `code` of original project files. */
import { ProgramError } from "../runtime.ts";
import { RustSource, SourceError } from "./rust_source.ts";

/** Names of the constants that a project's file means. */
export interface MethodNames {
  readonly elf: string;
  readonly imageId: string;
}

export interface Methods {
  readonly elf: Uint8Array;
  /** 32 bytes: eight words, little-endian, as risc0's `Digest` has them. */
  readonly imageId: Uint8Array;
}

const imageIdWords = 8;

/**
 * Reads two constants of a Rust source text, such as `pub const RANGE_ELF: &[u8] = &[127, 69, …];`
 * and `pub const RANGE_ID: [u32; 8] = [1, …];`, without running any of it. Values are decimal or
 * 0x-hex numbers, or for the program a byte string.
 * @param text UTF-8
 * @throws {ProgramError} `load`, naming constant, line and reason, and nothing of the text
 */
export function parseMethods(text: Uint8Array, names: MethodNames): Methods {
  const source = new RustSource(text);
  let elf: Uint8Array | undefined, imageId: Uint8Array | undefined;
  let name = "";
  try {
    source.skipBlanks();
    while (!source.ended) {
      const { at } = source;
      const token = source.token();
      if (token !== "const" && token !== "static") continue;
      if (token === "static") skipWord(source, "mut");
      name = source.name();
      const isElf = name === names.elf, isId = name === names.imageId;
      // Otherwise it names a type.
      if ((isElf || isId) && source.take(":")) {
        if (isElf ? elf : imageId) throw new SourceError(at, "is declared more than once");
        if (isElf) elf = readBytes(source);
        else imageId = readWords(source);
      }
      name = "";
    }
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const place = `line ${source.lineOf(error.at)}`;
    throw refusal(name ? `${name} in ${place}: ${error.message}` : `${place}: ${error.message}`);
  }
  if (!elf) throw refusal(`declares no constant ${names.elf}`);
  if (!imageId) throw refusal(`declares no constant ${names.imageId}`);
  return { elf, imageId };
}

function refusal(why: string): ProgramError {
  return new ProgramError("load", `its methods.rs is refused: ${why}`);
}

/** The bytes that a declaration gives, from its type. */
function readBytes(source: RustSource): Uint8Array {
  const stated = readType(source, "u8");
  while (source.take("&") || source.take("*"));
  const start = source.at;
  let bytes = source.byteText();
  if (!bytes) {
    // Each value is at least a digit and a comma.
    const room = new Uint8Array(Math.ceil(source.left / 2));
    bytes = room.slice(0, readArray(source, "u8", 255, room));
  }
  checkEnd(source, start, bytes.length, stated);
  return bytes;
}

function readWords(source: RustSource): Uint8Array {
  const stated = readType(source, "u32");
  source.take("&");
  const start = source.at;
  const words = new Uint32Array(imageIdWords);
  const count = readArray(source, "u32", 2 ** 32 - 1, words);
  checkEnd(source, start, count, stated);
  if (count !== imageIdWords) throw new SourceError(start, `must be ${imageIdWords} values`);
  const bytes = new Uint8Array(imageIdWords * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setUint32(i * 4, word, true));
  return bytes;
}

/** Checks what follows a value, and its length where the type states it. */
function checkEnd(source: RustSource, start: number, count: number, stated?: number): void {
  if (!source.take(";")) throw new SourceError(source.at, "its value must end with a semicolon");
  if (stated !== undefined && count !== stated) {
    throw new SourceError(start, `has ${count} values, its type says ${stated}`);
  }
}

/**
 * Goes past `[u8; 4] =`, `&[u8] =` and the like.
 * @returns the length that the type states
 */
function readType(source: RustSource, element: "u8" | "u32"): number | undefined {
  const start = source.at;
  const odd = () => new SourceError(start, `its type must be an array or slice of ${element}`);
  // A lifetime is a mark and a word.
  if (source.take("&") && source.take("'")) source.name();
  if (!source.take("[") || source.name() !== element) throw odd();
  let length: number | undefined;
  if (source.take(";")) {
    length = source.number("usize", Number.MAX_SAFE_INTEGER / 16, () => "its length");
  }
  if (!source.take("]")) throw odd();
  if (!source.take("=")) throw new SourceError(source.at, "has no value");
  return length;
}

/**
 * Reads the numbers of `[1, 2, …]`.
 * @param values where they are put
 * @returns how many they are
 */
function readArray(
  source: RustSource,
  type: "u8" | "u32",
  max: number,
  values: Uint8Array | Uint32Array,
): number {
  const start = source.at;
  if (!source.take("[")) {
    const file = source.name().startsWith("include_");
    const form = type === "u8" ? "an array or a byte string" : "an array";
    throw new SourceError(
      start,
      file ? "is in another file (include_bytes!), must be written out" : `must be ${form}`,
    );
  }
  let count = 0;
  const what = () => `value ${count}`;
  while (!source.take("]")) {
    if (source.ended) throw new SourceError(start, "its array is not closed");
    if (count === values.length) throw new SourceError(start, `must be ${count} values`);
    values[count] = source.number(type, max, what);
    if (!source.take(",")) {
      if (source.take("]")) return count + 1;
      const why = source.ended ? "its array is not closed" : `a comma must follow value ${count}`;
      throw new SourceError(source.ended ? start : source.at, why);
    }
    count++;
  }
  return count;
}

function skipWord(source: RustSource, word: string): void {
  const { at } = source;
  if (source.name() !== word) source.at = at;
}

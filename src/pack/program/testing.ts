/** Packers for tests, of a few instructions each. */
import { sha256 } from "viem";
import type { PackerProgram } from "../../project/types.ts";

export const packer = (code: Uint8Array): PackerProgram => ({ code, hash: sha256(code) });

const i32 = 0x7f, i64 = 0x7e;
const section = (id: number, ...content: number[]) => [id, content.length, ...content];
const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];
const body = (...code: number[]) => [code.length + 2, 0, ...code, 0x0b];

export interface Parts {
  /** Instructions of `ws_alloc`, whose result is an i32; 1024 unless given. */
  readonly alloc?: readonly number[];
  /** Instructions of `ws_pack`, whose result is an i64; an answer of no groups unless given. */
  readonly pack?: readonly number[];
  /** Exported as this instead of `memory`. */
  readonly memory?: string;
  /** Pages, from 0 to 127. */
  readonly pages?: number;
  /** The import section's content. */
  readonly imports?: readonly number[];
}

/** A module of a packer's form. */
export function handMade(parts: Parts = {}): PackerProgram {
  // i32.const 1024
  const { alloc = [0x41, 0x80, 0x08], memory = "memory", pages = 1, imports } = parts;
  // i64.const 4: four zero bytes at 0.
  const { pack = [0x42, 4] } = parts;
  const shift = imports ? 1 : 0;
  return packer(Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 2, 0x60, 1, i32, 1, i32, 0x60, 2, i32, i32, 1, i64),
    ...(imports ? section(2, ...imports) : []),
    ...section(3, 2, 0, 1),
    ...section(5, 1, 0, pages),
    ...section(
      7,
      3,
      ...[...name(memory), 2, 0],
      ...[...name("ws_alloc"), 0, shift],
      ...[...name("ws_pack"), 0, shift + 1],
    ),
    ...section(10, 2, ...body(...alloc), ...body(...pack)),
  ]));
}

/** `unreachable` */
export const trapping = handMade({ pack: [0x00, 0x42, 0] });
/** `loop br 0 end` */
export const looping = handMade({ pack: [0x03, 0x40, 0x0c, 0, 0x0b, 0x42, 0] });
/** Its answer is its own input's first bytes: `local.get 0 << 32 | 24`. */
export const babbling = handMade({
  pack: [0x20, 0, 0xad, 0x42, 32, 0x86, 0x42, 24, 0x84],
});
/** Asks for a page more, for ever: `loop (memory.grow 1) drop br 0 end` */
export const growing = handMade({
  pack: [0x03, 0x40, 0x41, 1, 0x40, 0, 0x1a, 0x0c, 0, 0x0b, 0x42, 0],
});
/** A function that calls itself: `call 1` with its own arguments. */
export const recursing = handMade({ pack: [0x20, 0, 0x20, 1, 0x10, 1] });

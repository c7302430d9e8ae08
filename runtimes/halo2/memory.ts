import { ProgramError } from "../runtime.ts";

const pageBytes = 65536;
const memorySection = 5;
/** Limits flags that are allowed: none, and "has a maximum". Shared and 64-bit memories are not. */
const plainLimits = 1;

/**
 * The module with its memory's maximum lowered to `maxBytes`, so that `memory.grow` fails there:
 * the engine offers no other way to stop growth before it happens.
 * @throws {ProgramError} `memory` when it asks for more from the start, `load` for memories that
 * can't be bounded; a module that is not well-formed is returned as it is, for the engine to refuse
 */
export function capMemory(code: Uint8Array, maxBytes: number): Uint8Array<ArrayBuffer> {
  const cap = Math.min(Math.floor(maxBytes / pageBytes), 65536);
  const reader = new Reader(code, 8);
  while (!reader.ended) {
    const start = reader.at;
    const id = reader.byte();
    const end = reader.leb() + reader.at;
    if (id === memorySection && end <= code.length) {
      const count = reader.leb();
      if (count !== 1) throw new ProgramError("load", `has ${count} memories, needs one`);
      const section = [1, ...limits(reader, cap)];
      const header = [memorySection, ...leb(section.length)];
      const out = new Uint8Array(start + header.length + section.length + code.length - end);
      out.set(code.subarray(0, start));
      out.set([...header, ...section], start);
      out.set(code.subarray(end), start + header.length + section.length);
      return out;
    }
    reader.at = end;
  }
  return code.slice();
}

function limits(reader: Reader, cap: number): number[] {
  const flags = reader.byte();
  if (flags > plainLimits) throw new ProgramError("load", "has a shared or 64-bit memory");
  const initial = reader.leb();
  const maximum = flags === plainLimits ? reader.leb() : Infinity;
  if (initial > cap) {
    const mib = (pages: number) => `${pages / 16} MiB`;
    throw new ProgramError("memory", `asks for ${mib(initial)}, at most ${mib(cap)} are allowed`);
  }
  return [plainLimits, ...leb(initial), ...leb(Math.min(maximum, cap))];
}

class Reader {
  constructor(private readonly code: Uint8Array, public at: number) {}

  get ended(): boolean {
    return this.at >= this.code.length;
  }

  byte(): number {
    return this.code[this.at++] ?? 0;
  }

  /** Unsigned LEB128 of at most 32 bits. */
  leb(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  }
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  do {
    const rest = Math.floor(value / 128);
    bytes.push((value % 128) | (rest > 0 ? 0x80 : 0));
    value = rest;
  } while (value > 0);
  return bytes;
}

/** Views of a program's memory that hold what the program says they hold, or a trap. */
export class GuestMemory {
  constructor(private readonly memory: WebAssembly.Memory) {}

  get byteLength(): number {
    return this.memory.buffer.byteLength;
  }

  /** A view that is valid until the program runs again: growth detaches it. */
  view(pointer: unknown, length: unknown, maxLength = Infinity): Uint8Array<ArrayBuffer> {
    if (typeof pointer !== "number" || typeof length !== "number") {
      throw new ProgramError("trap", "gave an address that is no 32-bit integer");
    }
    const [start, size] = [pointer >>> 0, length >>> 0];
    if (size > maxLength) {
      throw new ProgramError("trap", `gave ${size} bytes, at most ${maxLength} are taken`);
    }
    if (start + size > this.byteLength) {
      throw new ProgramError("trap", "gave an address outside its memory");
    }
    return new Uint8Array(this.memory.buffer as ArrayBuffer, start, size);
  }

  copy(pointer: unknown, length: unknown, maxLength: number): Uint8Array<ArrayBuffer> {
    return this.view(pointer, length, maxLength).slice();
  }
}

/** Most bytes of a result that are taken from a program. */
export const maxResultBytes = 16 * 1024 * 1024;

/** `crypto.getRandomValues` without its limit of 64 KiB. */
export function fillRandom(bytes: Uint8Array<ArrayBuffer>): void {
  for (let at = 0; at < bytes.length; at += 65536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65536));
  }
}

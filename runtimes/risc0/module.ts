/** The checking part of risc0 as a WebAssembly module: web standards only, as browsers run it too. */
import { ProgramError } from "../runtime.ts";
import type { Library, Outcome } from "./engine.ts";

interface Exports extends Readonly<Record<string, unknown>> {
  readonly memory: WebAssembly.Memory;
  r0_alloc(length: number): number;
  r0_dealloc(pointer: number, length: number): void;
  r0_code(object: number): number;
  r0_ptr(object: number): number;
  r0_len(object: number): number;
  r0_free(object: number): void;
}

/** One instance of the module, which names programs and checks receipts. */
export class WasmRisc0 implements Library {
  /** Also set while a call runs, which a trap ends. */
  broken = false;
  readonly #exports: Exports;

  constructor(module: WebAssembly.Module) {
    this.#exports = new WebAssembly.Instance(module, {}).exports as unknown as Exports;
  }

  /** Bytes of its memory, which never shrinks. */
  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** @throws {ProgramError} `load`: only what it was given makes it run out of memory */
  call(name: string, ...inputs: (Uint8Array | number | { readonly handle: unknown })[]): Outcome {
    const exports = this.#exports;
    const run = exports[name] as (...numbers: number[]) => number;
    this.broken = true;
    try {
      const ranges = inputs.map((bytes): [number, number] => {
        if (!(bytes instanceof Uint8Array)) throw new TypeError("the module takes bytes only");
        const pointer = exports.r0_alloc(bytes.length) >>> 0;
        new Uint8Array(exports.memory.buffer, pointer, bytes.length).set(bytes);
        return [pointer, bytes.length];
      });
      const object = run(...ranges.flat()) >>> 0;
      const [pointer, length] = [exports.r0_ptr(object) >>> 0, exports.r0_len(object) >>> 0];
      const bytes = new Uint8Array(exports.memory.buffer, pointer, length).slice();
      for (const [at, size] of ranges) exports.r0_dealloc(at, size);
      this.broken = false;
      return { handle: object, code: exports.r0_code(object), bytes };
    } catch (cause) {
      throw new ProgramError("load", "can't be read: the checker failed", { cause });
    }
  }

  free({ handle }: Outcome): void {
    this.#exports.r0_free(handle as number);
  }
}

/** The prover, and the verifier of what was wrapped, as WebAssembly modules. */
import { readFile } from "node:fs/promises";
import { capMemory } from "../halo2/memory.ts";
import { ProgramError } from "../runtime.ts";
import { CancelledError } from "../worker.ts";
import type { Library } from "./engine.ts";

const path = new URL("../../wasm/dist/zkwasm.wasm", import.meta.url);
/** The verifier of wrapped proofs. */
export const wrapModule = new URL("../../wasm/dist/wrap.wasm", import.meta.url);
/** Most bytes that a module's memory can have. */
export const addressable = 65536 * 65536;

/** A committed module, compiled, with its memory capped at `maxBytes`. */
export async function compileModule(
  file: URL,
  maxBytes = addressable,
): Promise<WebAssembly.Module> {
  return await WebAssembly.compile(capMemory(await readFile(file), maxBytes));
}

/** The committed prover, compiled, with its memory capped at `maxBytes`. */
export const compileProver = (maxBytes = addressable): Promise<WebAssembly.Module> =>
  compileModule(path, maxBytes);

interface Exports extends Readonly<Record<string, unknown>> {
  readonly memory: WebAssembly.Memory;
  zk_alloc(length: number): number;
  zk_free(pointer: number, length: number): void;
  zk_out_ptr(): number;
  zk_out_len(): number;
}

/** What the prover tells while it works; what these throw ends its work. */
export interface Watcher {
  /** Called before each transform of a table's columns, while it loads, proves or verifies. */
  onStep?(): void;
  /** Called for each table of a proof, with the logarithm of its height, before the first step. */
  onTable?(name: string, logHeight: number): void;
}

const decoder = new TextDecoder();

/** One instance of the module. */
export class WasmLibrary implements Library {
  /** Also set while a call runs, which what it throws ends. */
  broken = false;
  readonly #exports: Exports;

  /** @param maxBytes what the module's memory is capped at */
  constructor(
    module: WebAssembly.Module,
    private readonly maxBytes = addressable,
    watcher: Watcher = {},
  ) {
    const env = {
      zk_step: () => watcher.onStep?.(),
      zk_table: (pointer: number, length: number, logHeight: number) => {
        const name = new Uint8Array(this.#exports.memory.buffer, pointer >>> 0, length);
        watcher.onTable?.(decoder.decode(name), logHeight);
      },
    };
    const { exports } = new WebAssembly.Instance(module, { env });
    this.#exports = exports as unknown as Exports;
  }

  /** Bytes of its memory, which never shrinks. */
  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** @throws {ProgramError} `memory`, `crash` */
  call(name: string, number: number, ...inputs: Uint8Array[]) {
    const exports = this.#exports;
    const run = exports[name] as (...numbers: number[]) => number;
    this.broken = true;
    try {
      const ranges = inputs.map((bytes): [number, number] => {
        const pointer = exports.zk_alloc(bytes.length) >>> 0;
        new Uint8Array(exports.memory.buffer, pointer, bytes.length).set(bytes);
        return [pointer, bytes.length];
      });
      const code = run(number, ...ranges.flat());
      const { buffer } = exports.memory;
      const out = new Uint8Array(buffer, exports.zk_out_ptr() >>> 0, exports.zk_out_len() >>> 0)
        .slice();
      for (const [pointer, length] of ranges) exports.zk_free(pointer, length);
      this.broken = false;
      return { code, out };
    } catch (cause) {
      if (cause instanceof CancelledError) throw cause;
      // The engine's own text says nothing of use, and a full memory is the one likely reason.
      if (this.memoryBytes > this.maxBytes / 2) {
        const mib = Math.floor(this.maxBytes / 1048576);
        throw new ProgramError("memory", `proving needs more than ${mib} MiB`, { cause });
      }
      throw new ProgramError("crash", `the prover failed: ${(cause as Error).message}`, { cause });
    }
  }
}

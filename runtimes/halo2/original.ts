/**
 * Programs of the original's form (v1) and the successor's (v2): one export `prove`, made by
 * wasm-bindgen, from texts and integers to a text or bytes. They ship no verifier.
 */
import type { CagedProgram, Report } from "../child.ts";
import { ProgramError } from "../runtime.ts";
import { type BindgenHost, bindgenHost } from "./bindgen.ts";
import { GuestMemory, maxResultBytes } from "./memory.ts";
import { failure, shownWords } from "./words.ts";

/** v1 takes the input alone, v2 what names its task as well. */
export type OriginalAbi = "v1" | "v2";

export interface OriginalArgs {
  readonly input: Uint8Array;
  readonly projectId: bigint;
  readonly taskId: bigint;
  readonly clientId: string;
  readonly signature: string;
}

/** The functions of a module that this form needs. */
export const originalExports = ["prove", "__wbindgen_malloc", "__wbindgen_free"];

type Exported = (...args: unknown[]) => unknown;

/**
 * Numbers of WASM parameters of `prove`. A text is two; the result is either written to a place
 * given by one more parameter, or returned as several values.
 */
const shapes: Readonly<Record<number, { abi: OriginalAbi; inPlace: boolean }>> = {
  3: { abi: "v1", inPlace: true },
  9: { abi: "v2", inPlace: true },
  2: { abi: "v1", inPlace: false },
  8: { abi: "v2", inPlace: false },
};

interface Instance {
  readonly host: BindgenHost;
  readonly guest: GuestMemory;
  readonly exports: Readonly<Record<string, Exported | undefined>>;
  readonly abi: OriginalAbi;
  readonly inPlace: boolean;
}

const encoder = new TextEncoder();
/** Bytes of the place for a result: pointer, length, error, whether it is an error. */
const resultBytes = 16;

/** Calls `prove`, on a fresh instance after one has trapped. */
export class OriginalProgram implements CagedProgram {
  #instance: Instance | undefined;

  /** @param maxBytes what the module's memory is capped at */
  constructor(private readonly module: WebAssembly.Module, private readonly maxBytes: number) {
    this.#instance = instantiate(module);
  }

  call(method: string, args: unknown, report: Report): unknown {
    const instance = this.#instance ??= instantiate(this.module);
    if (method === "describe") return { form: "original", abi: instance.abi };
    if (method !== "prove") throw new ProgramError("trap", `has no method ${method}`);
    const { input } = args as OriginalArgs;
    report({ phase: "prove", done: 0, total: 1 });
    instance.host.said = "";
    this.#instance = undefined;
    try {
      const result = prove(instance, args as OriginalArgs);
      this.#instance = instance;
      return { result };
    } catch (error) {
      const full = instance.guest.byteLength > this.maxBytes / 2;
      const reason = failure(error, { said: instance.host.said, full }, input);
      if (reason === error || full) throw reason;
      throw new ProgramError(
        "trap",
        `${reason.message}; programs of this form trap when they refuse their input`,
      );
    }
  }
}

function instantiate(module: WebAssembly.Module): Instance {
  const host = bindgenHost(module);
  const { exports: all } = new WebAssembly.Instance(module, host.imports);
  const exports = all as Instance["exports"];
  const parameters = exports.prove?.length ?? 0;
  const shape = shapes[parameters];
  if (!shape) {
    throw new ProgramError(
      "load",
      `its prove takes ${parameters} WebAssembly parameters, must be 3 or 9`,
    );
  }
  if (shape.inPlace && !exports.__wbindgen_add_to_stack_pointer) {
    throw new ProgramError("load", "lacks the export __wbindgen_add_to_stack_pointer");
  }
  host.attach(all);
  exports.__wbindgen_start?.();
  return { host, exports, guest: new GuestMemory(all.memory as WebAssembly.Memory), ...shape };
}

function prove(instance: Instance, args: OriginalArgs): Uint8Array {
  const { exports, guest, host, abi } = instance;
  const pass = (bytes: Uint8Array): [unknown, number] => {
    const pointer = exports.__wbindgen_malloc?.(bytes.length, 1);
    guest.view(pointer, bytes.length).set(bytes);
    return [pointer, bytes.length];
  };
  const passed = abi === "v1" ? pass(args.input) : [
    BigInt.asUintN(64, args.projectId),
    BigInt.asUintN(64, args.taskId),
    ...pass(encoder.encode(args.clientId)),
    ...pass(encoder.encode(args.signature)),
    ...pass(args.input),
  ];
  const [pointer, length, error, failed] = instance.inPlace
    ? proveInPlace(instance, passed)
    : exports.prove?.(...passed) as number[];
  if (failed === 1) {
    const words = shownWords(host.errorText(error ?? 0), args.input);
    throw new ProgramError("input", words || "refused its input");
  }
  const result = guest.copy(pointer, length, maxResultBytes);
  exports.__wbindgen_free?.(pointer, length, 1);
  return result;
}

function proveInPlace({ exports, guest }: Instance, passed: unknown[]): Int32Array {
  const place = exports.__wbindgen_add_to_stack_pointer?.(-resultBytes);
  // A program that returns no error writes only the first two words.
  guest.view(place, resultBytes).fill(0);
  exports.prove?.(place, ...passed);
  const words = new Int32Array(guest.copy(place, resultBytes, resultBytes).buffer);
  exports.__wbindgen_add_to_stack_pointer?.(resultBytes);
  return words;
}

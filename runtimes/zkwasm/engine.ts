/** Our prover, called by its C ABI (`wasm/zkwasm/src/abi.rs`). */
import { bytesToHex, type Hex, hexToBytes } from "viem";
import { ProgramError, type ProgramErrorKind } from "../runtime.ts";
import { numberOf, profileOf, type StarkProfile } from "./profile.ts";

/** What a run is given. */
export interface RunRequest {
  readonly public: readonly bigint[];
  readonly private: readonly bigint[];
  /** 32 bytes that the proof is tied to. */
  readonly binding: Hex;
}

export interface LoadedModule {
  readonly handle: number;
  /** The module exports `zkcommit`: its first four outputs commit to its input. */
  readonly commits: boolean;
  readonly imageId: Hex;
}

export interface Execution {
  /** An index of `statuses`. */
  readonly status: number;
  /** Instructions of the register form. */
  readonly steps: bigint;
  readonly outputs: readonly bigint[];
  /** What the guest gave to `wasm_dbg`. */
  readonly debug: readonly bigint[];
}

export interface Proven {
  readonly publicValues: Uint8Array;
  readonly proof: Uint8Array;
}

/** A build of the prover, as a module or native. */
export interface Library {
  /** It must not be used again. */
  readonly broken: boolean;
  /**
   * Calls one of the functions that take a number and ranges of bytes.
   * @returns the code, and the result or the error's text
   */
  call(
    name: string,
    number: number,
    ...inputs: Uint8Array[]
  ): { readonly code: number; readonly out: Uint8Array };
}

/** What each code of the ABI is to a node; 0 is success. */
const kinds: Readonly<Record<number, ProgramErrorKind>> = {
  1: "load",
  2: "input",
  3: "trap",
  4: "crash",
};
const internal = 4;

const decoder = new TextDecoder();

/** The calls of a library, typed. */
export class Engine {
  #failed = false;

  constructor(private readonly library: Library) {}

  /** It must not be used again. */
  get broken(): boolean {
    return this.#failed || this.library.broken;
  }

  /** @throws {ProgramError} `load`, saying what is not supported */
  load(code: Uint8Array, profile: StarkProfile): LoadedModule {
    const out = this.#call("zk_load", numberOf(profile), code);
    const handle = viewOf(out).getUint32(0, true);
    return { handle, commits: out[4] === 1, imageId: bytesToHex(out.subarray(5)) };
  }

  unload(handle: number): void {
    this.#call("zk_unload", handle);
  }

  /** @throws {ProgramError} `input`, `trap` */
  execute(handle: number, request: RunRequest): Execution {
    return decodeExecution(this.#call("zk_execute", handle, encodeRequest(request)));
  }

  /** @throws {ProgramError} `input`, `trap` */
  prove(handle: number, request: RunRequest): Proven {
    return decodeProven(this.#call("zk_prove", handle, encodeRequest(request)));
  }

  /**
   * Why the proof does not hold for the public values; undefined when it does.
   * @param profile what it must be of; otherwise what it says it is of
   */
  verify({ publicValues, proof }: Proven, profile = profileOf(proof)): string | undefined {
    if (profile === undefined || profile === "wrap") return "its profile is unknown";
    try {
      this.#call("zk_verify", numberOf(profile), publicValues, proof);
      return undefined;
    } catch (error) {
      if (error instanceof ProgramError && error.kind === "load") return error.message;
      throw error;
    }
  }

  #call(name: string, number: number, ...inputs: Uint8Array[]): Uint8Array {
    const answer = this.library.call(name, number, ...inputs);
    this.#failed = answer.code === internal;
    return resultOf(answer);
  }
}

/** What a call gave. @throws {ProgramError} with the error's text */
export function resultOf({ code, out }: ReturnType<Library["call"]>): Uint8Array {
  if (code === 0) return out;
  throw new ProgramError(kinds[code] ?? "crash", decoder.decode(out));
}

export const viewOf = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** What a run without a proof gave. */
export function decodeExecution(out: Uint8Array): Execution {
  const view = viewOf(out);
  const values: bigint[] = [];
  for (let at = 13; at < out.length; at += 8) values.push(view.getBigUint64(at, true));
  const outputs = values.splice(0, view.getUint32(9, true));
  return { status: view.getUint8(0), steps: view.getBigUint64(1, true), outputs, debug: values };
}

/** Public values and proof, of one buffer. */
export function decodeProven(out: Uint8Array): Proven {
  const end = 4 + viewOf(out).getUint32(0, true);
  return { publicValues: out.slice(4, end), proof: out.slice(end) };
}

/** A request of a run, as the library reads it. */
export function encodeRequest(request: RunRequest): Uint8Array {
  const values = [...request.public, ...request.private];
  const bytes = new Uint8Array(68 + values.length * 8);
  const view = viewOf(bytes);
  bytes.set(hexToBytes(request.binding));
  // What a proof is hidden with: never the same for two proofs, so it is made here and not kept.
  crypto.getRandomValues(bytes.subarray(32, 64));
  view.setUint32(64, request.public.length, true);
  values.forEach((value, i) => view.setBigUint64(68 + i * 8, value, true));
  return bytes;
}

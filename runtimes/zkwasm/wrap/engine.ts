/** The wrapper's library, called by its C ABI (`wasm/wrap/src/abi.rs`). */
import { bytesToHex, type Hex } from "viem";
import { ProgramError } from "../../runtime.ts";
import {
  decodeExecution,
  decodeProven,
  encodeRequest,
  type Execution,
  type Library,
  type LoadedModule,
  type Proven,
  resultOf,
  type RunRequest,
  viewOf,
} from "../engine.ts";
import { classes, type ClassName } from "../profile.ts";

/** What proofs are wrapped in. */
export interface Wrapping {
  readonly class: ClassName;
  /** The verifying key; empty for that of the test setup. */
  readonly key: Uint8Array;
}

export interface LoadedWrapped extends LoadedModule {
  /** Anyone can forge proofs, as the setup's secret is public. */
  readonly unsafeTestSetup: boolean;
  /** Size of every proof. */
  readonly proofBytes: number;
}

/** Where setups and keys come from and are kept. */
export interface KeySource {
  /** A powers-of-tau file; empty for the test setup. */
  readonly setup: string;
  readonly folder: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The calls of a library, typed. All but `load`, `unload`, `execute` and `verify` are native. */
export class WrapEngine {
  #failed = false;

  constructor(private readonly library: Library) {}

  /** It must not be used again. */
  get broken(): boolean {
    return this.#failed || this.library.broken;
  }

  /** @throws {ProgramError} `load`, saying what is not supported or does not fit */
  load(code: Uint8Array, wrapping: Wrapping): LoadedWrapped {
    const out = this.#call("wrap_load", classes[wrapping.class], wrapping.key, code);
    const view = viewOf(out);
    return {
      handle: view.getUint32(0, true),
      commits: out[4] === 1,
      unsafeTestSetup: out[5] === 1,
      proofBytes: view.getUint32(6, true),
      imageId: bytesToHex(out.subarray(10)) as Hex,
    };
  }

  unload(handle: number): void {
    this.#call("wrap_unload", handle);
  }

  /** @throws {ProgramError} `input`, `trap`: also of a run that is too long for the class */
  execute(handle: number, request: RunRequest): Execution {
    return decodeExecution(this.#call("wrap_execute", handle, encodeRequest(request)));
  }

  /** A STARK of the run. @throws {ProgramError} as `execute` */
  stark(handle: number, request: RunRequest): Proven {
    return decodeProven(this.#call("wrap_stark", handle, encodeRequest(request)));
  }

  /**
   * Has the keys at hand that a program's proofs are wrapped with: makes them, in minutes, the first
   * time on this machine.
   * @param stark of any run of the class
   * @throws {ProgramError} `unsupported`
   */
  prepare(handle: number, source: KeySource, stark: Proven): void {
    const paths = [source.setup, source.folder].map((path) => encoder.encode(path));
    const { publicValues, proof } = stark;
    const inputs = [...paths, publicValues, proof];
    const { code, out } = this.library.call("wrap_prepare", handle, ...inputs);
    this.#failed = code !== 0;
    if (code !== 0) throw new ProgramError("unsupported", decoder.decode(out));
  }

  /** The proof that a STARK holds. @throws {ProgramError} */
  wrap(handle: number, { publicValues, proof }: Proven): Proven {
    return { publicValues, proof: this.#call("wrap_prove", handle, publicValues, proof) };
  }

  /** Why the proof does not hold for the public values; undefined when it does. */
  verify({ publicValues, proof }: Proven, { class: name, key }: Wrapping): string | undefined {
    try {
      this.#call("wrap_verify", classes[name], key, publicValues, proof);
      return undefined;
    } catch (error) {
      if (error instanceof ProgramError && error.kind === "load") return error.message;
      throw error;
    }
  }

  /** Why a load would refuse the class's key; undefined when it takes it. */
  keyProblem(wrapping: Wrapping): string | undefined {
    const nothing = { publicValues: new Uint8Array(0), proof: new Uint8Array(0) };
    // The key is read first: with one that is good, it is the rest that is refused.
    const refused = this.verify(nothing, { class: "tiny", key: new Uint8Array(0) });
    const why = this.verify(nothing, wrapping);
    return why === refused ? undefined : why;
  }

  /** Makes a class's keys under a ceremony's setup. @throws {ProgramError} `load` */
  setup(name: ClassName, source: KeySource): Uint8Array {
    const paths = [source.setup, source.folder].map((path) => encoder.encode(path));
    return this.#call("wrap_setup", classes[name], ...paths).slice();
  }

  /** The contract that verifies. @throws {ProgramError} `load` */
  contract({ class: name, key }: Wrapping, contract: string): { name: string; source: string } {
    const out = this.#call("wrap_contract", classes[name], key, encoder.encode(contract));
    const [first = "", ...rest] = decoder.decode(out).split("\n");
    return { name: first, source: rest.join("\n") };
  }

  #call(name: string, number: number, ...inputs: Uint8Array[]): Uint8Array {
    const answer = this.library.call(name, number, ...inputs);
    this.#failed = answer.code === 4;
    return resultOf(answer);
  }
}

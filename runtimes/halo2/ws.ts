/** Programs of our C-ABI form: `ws_*` functions over JSON and bytes, in WASM or native. */
import type { CagedProgram, Report } from "../child.ts";
import { ProgramError } from "../runtime.ts";
import { fillRandom, GuestMemory, maxResultBytes } from "./memory.ts";
import { failure, shownWords } from "./words.ts";

/** A way to call one instance of a program. */
export interface WsInstance {
  /** Calls `ws_<name>`; answers its code and its result or error text. */
  call(name: "describe" | "commit" | "prove" | "verify", ...inputs: Uint8Array[]): WsAnswer;
  /** The last words that the program logged during this call. */
  readonly said: string;
  /** Whether its memory is so full that it may have failed for want of more. */
  readonly full: boolean;
  /** Where the program's progress goes. */
  report: Report;
}
export interface WsAnswer {
  readonly code: number;
  readonly out: Uint8Array;
}

export interface WsProof {
  readonly commitment: Uint8Array;
  readonly publicValues: Uint8Array;
  readonly proof: Uint8Array;
}

const decoder = new TextDecoder();

/** Calls by method name, with a fresh instance after one has trapped. */
export class WsProgram implements CagedProgram {
  #instance: WsInstance | undefined;

  /** @param open makes an instance; runs the module's start function */
  constructor(private readonly open: () => WsInstance) {
    this.#instance = open();
  }

  call(method: string, args: unknown, report: Report): unknown {
    const instance = this.#instance ??= this.open();
    const { input } = args as { input?: Uint8Array };
    instance.report = report;
    // A program that trapped is in no state to be asked again.
    this.#instance = undefined;
    try {
      const result = this.#dispatch(instance, method, args, report);
      this.#instance = instance;
      return result;
    } catch (error) {
      if (error instanceof ProgramError && error.kind === "input") this.#instance = instance;
      throw failure(error, instance, input);
    }
  }

  #dispatch(instance: WsInstance, method: string, args: unknown, report: Report): unknown {
    switch (method) {
      case "describe":
        return { form: "ws", text: describe(instance) };
      case "commit":
        return commitment(instance, (args as { input: Uint8Array }).input);
      case "prove":
        return prove(instance, args as { input: Uint8Array }, report);
      case "verify":
        return verify(instance, args as WsProof);
      default:
        throw new ProgramError("trap", `has no method ${method}`);
    }
  }
}

function describe(instance: WsInstance): string {
  const { code, out } = instance.call("describe");
  const text = decoder.decode(out);
  if (code === 0) return text;
  throw new ProgramError("load", `its ws_describe failed: ${shownWords(text, new Uint8Array(0))}`);
}

function commitment(instance: WsInstance, input: Uint8Array): Uint8Array {
  const bytes = expect(instance.call("commit", input), input);
  if (bytes.length !== 32) throw new ProgramError("trap", "gave a commitment that is not 32 bytes");
  return bytes;
}

function prove(
  instance: WsInstance,
  { input }: { input: Uint8Array },
  report: Report,
): WsProof {
  report({ phase: "commit", done: 0, total: 1 });
  const committed = commitment(instance, input);
  report({ phase: "prove", done: 0, total: 1 });
  const out = expect(instance.call("prove", input), input);
  const length = out.length < 4
    ? Infinity
    : new DataView(out.buffer, out.byteOffset).getUint32(0, true);
  if (4 + length > out.length) throw new ProgramError("trap", "gave a proof that is cut off");
  const publicValues = out.slice(4, 4 + length), proof = out.slice(4 + length);
  report({ phase: "verify", done: 0, total: 1 });
  const { reason } = verify(instance, { publicValues, proof });
  if (reason !== undefined) {
    throw new ProgramError("trap", "made a proof that its own verifier refuses");
  }
  return { commitment: committed, publicValues, proof };
}

function verify(
  instance: WsInstance,
  { publicValues, proof }: Pick<WsProof, "publicValues" | "proof">,
): { reason?: string } {
  const { code, out } = instance.call("verify", publicValues, proof);
  if (code === 0) return {};
  return { reason: shownWords(decoder.decode(out), publicValues) || "refused by its verifier" };
}

function expect({ code, out }: WsAnswer, input: Uint8Array): Uint8Array {
  if (code === 0) return out;
  throw new ProgramError("input", shownWords(decoder.decode(out), input) || "refused its input");
}

/** What a module of this form may import, all from `env`. */
export const wsImports = ["host_random", "host_log", "host_progress"];
/** What it must export: functions with their numbers of parameters. */
export const wsExports: Readonly<Record<string, number>> = {
  ws_alloc: 1,
  ws_free: 2,
  ws_out_ptr: 0,
  ws_out_len: 0,
  ws_describe: 0,
  ws_commit: 2,
  ws_prove: 2,
  ws_verify: 4,
};

const maxSaidBytes = 512;

type Exported = (...args: number[]) => unknown;

/** An instance in WebAssembly, of a module whose memory is capped at `maxBytes`. */
export class WasmInstance implements WsInstance {
  said = "";
  report: Report = () => {};
  readonly #exports: Readonly<Record<string, Exported>>;
  readonly #memory: GuestMemory;

  constructor(module: WebAssembly.Module, private readonly maxBytes: number) {
    const env = {
      host_random: (pointer: number, length: number) =>
        fillRandom(this.#memory.view(pointer, length)),
      host_log: (pointer: number, length: number) => {
        const words = this.#memory.view(pointer, length).subarray(0, maxSaidBytes);
        this.said = decoder.decode(words);
      },
      host_progress: (done: number, total: number) =>
        this.report({ phase: "prove", done: done >>> 0, total: total >>> 0 }),
    };
    const { exports } = new WebAssembly.Instance(module, { env });
    this.#memory = new GuestMemory(exports.memory as WebAssembly.Memory);
    this.#exports = exports as Record<string, Exported>;
  }

  get full(): boolean {
    return this.#memory.byteLength > this.maxBytes / 2;
  }

  call(name: string, ...inputs: Uint8Array[]): WsAnswer {
    this.said = "";
    const passed = inputs.map((bytes) => {
      const pointer = this.#run("ws_alloc", bytes.length);
      this.#memory.view(pointer, bytes.length).set(bytes);
      return [pointer as number, bytes.length] as const;
    });
    const code = Number(this.#run(`ws_${name}`, ...passed.flat()));
    const [pointer, length] = [this.#run("ws_out_ptr"), this.#run("ws_out_len")];
    const out = this.#memory.copy(pointer, length, maxResultBytes);
    for (const [at, size] of passed) this.#run("ws_free", at, size);
    return { code, out };
  }

  #run(name: string, ...args: number[]): unknown {
    return this.#exports[name]?.(...args);
  }
}

/** risc0 by the C ABI of ours (`wasm/risc0/src/abi.rs`). */
import { ProgramError, type ProgramErrorKind } from "../runtime.ts";

/** What a call gave: an object of the library, until it is freed. */
export interface Outcome {
  /** Opaque; other calls take it. */
  readonly handle: unknown;
  readonly code: number;
  readonly bytes: Uint8Array;
}

/** A build of the library, as a module or native. */
export interface Library {
  /** It must not be used again. */
  readonly broken: boolean;
  call(name: string, ...inputs: (Uint8Array | number | { readonly handle: unknown })[]): Outcome;
  free(outcome: Outcome): void;
}

/** What running a program gave, which is the first step of a proof. */
export interface Execution {
  readonly journal: Uint8Array;
  /** Cycles of the guest itself, and of the proof: with paging, rounded up to whole segments. */
  readonly cycles: number;
  readonly provenCycles: number;
  /** Rows of each segment, as powers of two. */
  readonly segments: readonly number[];
  /** What the guest printed, its first 16 KiB: it may show its input. */
  readonly output: string;
}

export interface RunLimits {
  /** Rows of a segment at most, as a power of two: 13 to 22. */
  readonly segmentPo2: number;
  readonly cycles: number;
}

/** A guest's panic, with its own text in `detail`: it may show the input, so it is not the message. */
export class GuestPanic extends ProgramError {
  constructor(readonly detail: string) {
    super("trap", "the guest panicked");
  }
}

const codes = { load: 1, exit: 2, trap: 3, panic: 4, internal: 5 } as const;
const kinds: Readonly<Record<number, ProgramErrorKind>> = {
  [codes.load]: "load",
  [codes.exit]: "input",
  [codes.trap]: "trap",
  [codes.internal]: "crash",
};

const decoder = new TextDecoder();

function errorOf({ code, bytes }: Outcome): ProgramError {
  const text = decoder.decode(bytes);
  if (code === codes.panic) return new GuestPanic(text);
  if (code === codes.exit) {
    return new ProgramError("input", `the guest refused its input: exit code ${text}`);
  }
  return new ProgramError(kinds[code] ?? "crash", text);
}

/** The calls of a library, typed. */
export class Engine {
  #failed = false;

  constructor(private readonly library: Library) {}

  /** It must not be used again. */
  get broken(): boolean {
    return this.#failed || this.library.broken;
  }

  /** A program binary of a user ELF and a kernel, the stock one where none is given. */
  combine(user: Uint8Array, kernel: Uint8Array = new Uint8Array(0)): Uint8Array {
    return this.#bytes("r0_combine", user, kernel);
  }

  /**
   * The 32 bytes that name a program binary inside its proofs.
   * @throws {ProgramError} `load`
   */
  imageId(binary: Uint8Array): Uint8Array {
    return this.#bytes("r0_image_id", binary);
  }

  /** Why the proof does not hold for the journal and the image id; undefined when it does. */
  verify(proof: Uint8Array, journal: Uint8Array, imageId: Uint8Array): string | undefined {
    try {
      this.#bytes("r0_verify", proof, journal, imageId);
      return undefined;
    } catch (error) {
      if (error instanceof ProgramError && error.kind === "load") return error.message;
      throw error;
    }
  }

  /**
   * Proof and journal of a receipt in risc0's own encoding, unverified.
   * @throws {ProgramError} `load`
   */
  takeApart(receipt: Uint8Array): { proof: Uint8Array; journal: Uint8Array } {
    const [proof, journal] = partsOf(this.#bytes("r0_take_apart", receipt));
    return { proof, journal };
  }

  /**
   * Runs a program on `stdin` and gives what it did to `use`, with the run's proof to be made.
   * @throws {ProgramError} `load`, `input`, `trap`
   */
  run<T>(
    binary: Uint8Array,
    stdin: Uint8Array,
    limits: RunLimits,
    use: (execution: Execution, run: Run) => T,
  ): T {
    const { segmentPo2, cycles } = limits;
    const outcome = this.#call("r0_execute", binary, stdin, segmentPo2, cycles);
    try {
      return use(readExecution(outcome.bytes), {
        proveSegment: () => this.#bytes("r0_prove", outcome)[0] === 1,
        proof: () => this.#bytes("r0_proof", outcome),
      });
    } finally {
      this.library.free(outcome);
    }
  }

  /** Makes a composite proof of one segment succinct. */
  lift(proof: Uint8Array): Uint8Array {
    return this.#bytes("r0_lift", proof);
  }

  #call(...call: Parameters<Library["call"]>): Outcome {
    const outcome = this.library.call(...call);
    if (outcome.code === 0) return outcome;
    this.#failed ||= outcome.code === codes.internal;
    this.library.free(outcome);
    throw errorOf(outcome);
  }

  #bytes(...call: Parameters<Library["call"]>): Uint8Array {
    const outcome = this.#call(...call);
    this.library.free(outcome);
    return outcome.bytes;
  }
}

/** A run whose segments are proven one after the other. */
export interface Run {
  /** Proves the next segment; whether there are more. */
  proveSegment(): boolean;
  /** The composite proof, once all segments are proven. */
  proof(): Uint8Array;
}

const viewOf = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** `u32 LE length ‖ first ‖ rest`. */
function partsOf(bytes: Uint8Array): [first: Uint8Array, rest: Uint8Array] {
  const end = 4 + viewOf(bytes).getUint32(0, true);
  return [bytes.slice(4, end), bytes.slice(end)];
}

function readExecution(bytes: Uint8Array): Execution {
  const view = viewOf(bytes);
  const [segments, rest] = partsOf(bytes.subarray(16));
  const [journal, output] = partsOf(rest);
  return {
    journal,
    cycles: Number(view.getBigUint64(0, true)),
    provenCycles: Number(view.getBigUint64(8, true)),
    segments: [...segments],
    output: decoder.decode(output),
  };
}

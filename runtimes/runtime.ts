import type { Address, Hex } from "viem";

/** The three virtual machines of Sprout, by their names in project files. */
export const vmTypes = ["halo2", "zkwasm", "risc0"] as const;
export type VmType = typeof vmTypes[number];

/** A program as a project file gives it, decoded. */
export interface ProgramSpec {
  readonly vmType: VmType;
  /** The decoded program: WASM bytes, an ELF, or the text of a `methods.rs`. */
  readonly code: Uint8Array;
  /** `codeExpParam` of the project file; "" when absent. */
  readonly param: string;
  /** sha256(code ‖ UTF-8 of param): names the program on the wire, on the chain and in caches. */
  readonly programId: Hex;
}

/** What a task's program reads. Private: seen by the enode and the leaseholders only. */
export interface TaskInput {
  /** The messages' data, in the task's order. */
  readonly messages: readonly Uint8Array[];
  /** 32 bytes; blinds the input commitment. Derived from the messages' salts. */
  readonly salt: Uint8Array;
}

/** The public circumstances of a proof. */
export interface ProveContext {
  readonly taskId: Hex;
  /** Address that the proof is bound to, and that is credited. */
  readonly prover: Address;
  readonly projectId: bigint;
  readonly version: string;
  /** The task's number at its enode: what programs of the successor's form get as task id. */
  readonly serial: bigint;
  /** Sender of the first message, "" when unknown. */
  readonly clientId: string;
  /** The operator's signature over the task: what the successor's form gets as signature. */
  readonly signature: Hex;
  /** Whether the project lets a prover elsewhere see the input (DESIGN R8). */
  readonly allowRemote?: boolean;
  /** Seconds that the project gives the proof: what would take longer is refused beforehand. */
  readonly timeoutSeconds?: number;
}

/**
 * What a proof says about its task's data (DESIGN R7). `data`: commits to the input and to
 * (task, prover). `tag`: names the task only. `none`: an original program that names neither.
 */
export const bindingKinds = ["data", "tag", "none"] as const;
export type BindingKind = typeof bindingKinds[number];

/** A proof and all that is needed to check it. */
export interface Receipt {
  readonly vmType: VmType;
  readonly programId: Hex;
  /**
   * The program's identity inside the proof: for Halo2 sha256 of the verifying key, for ZkWasm a
   * hash of the program and the profile, for Risc0 its image id.
   */
  readonly imageId: Hex;
  readonly bindingKind: BindingKind;
  /** Public values as a contract reads them; empty where the program's form gives none. */
  readonly publicValues: Uint8Array;
  /** Proof bytes as a contract reads them; for original programs, the program's whole result. */
  readonly proof: Uint8Array;
}

/** `unverifiable`: the program ships no verifier (DESIGN R3). */
export type Verdict =
  | { readonly verdict: "valid" | "unverifiable" }
  | { readonly verdict: "invalid"; readonly reason: string };

/** Public claims of a receipt, compared with the task by whoever receives it. */
export interface Statement {
  /** Zero where the program can't commit, as in such a task. */
  readonly inputCommitment: Hex;
  readonly binding: Hex;
}

/** What a loaded program says of itself. */
export interface ProgramInfo {
  readonly name: string;
  readonly imageId: Hex;
  /** The image id that the project's file names, where it does: it need not be the program's. */
  readonly declaredImageId?: Hex | undefined;
  readonly bindingKind: BindingKind;
  /** Most messages a task may have; undefined when the program states none. */
  readonly maxMessages: number | undefined;
  readonly verifiable: boolean;
  /** Names of the public values, a 32-byte word each; empty where the program states none. */
  readonly publicValues: readonly string[];
  /** Size of every proof of the program; undefined when it varies or is not stated. */
  readonly proofBytes: number | undefined;
  /** True when its proofs can be forged by anyone who knows the test setup's seed. */
  readonly unsafeTestSetup: boolean;
}

export interface Progress {
  /** For example "load", "witness", "prove", "verify". */
  readonly phase: string;
  readonly done: number;
  /** 0 when it is not known beforehand. */
  readonly total: number;
}

/** A program that is loaded and can be used by many tasks, also at once. */
export interface Program {
  readonly spec: ProgramSpec;
  readonly info: ProgramInfo;
  /** The program's own commitment to its input (R7); undefined where its form has none. */
  commit(input: TaskInput, signal: AbortSignal): Promise<Hex | undefined>;
  /**
   * Proves, and verifies what it proved.
   * @throws {ProgramError}
   */
  prove(
    input: TaskInput,
    context: ProveContext,
    signal: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ): Promise<Receipt>;
  /** Checks the proof alone; `statement` says what it is about. */
  verify(receipt: Receipt, signal: AbortSignal): Promise<Verdict>;
  /** The claims inside the public values; undefined where they make none. */
  statement(receipt: Receipt): Statement | undefined;
}

/** What proofs of one kind share where there is less of it than of workers. */
export interface Room {
  /** As in "busy with proofs for chains". */
  readonly what: string;
  /** Proofs at once. */
  readonly size: number;
}

/** One virtual machine. */
export interface Runtime {
  readonly vmType: VmType;
  /** @throws {ProgramError} with kind `load` when the code is not a program of this machine */
  load(spec: ProgramSpec, signal: AbortSignal): Promise<Program>;
  /** Why this node can check but not make proofs of the machine; undefined when it makes them. */
  unavailable?(): string | undefined;
  /** Why this node can check but not make proofs of a program, of a machine that it proves. */
  unable?(spec: ProgramSpec): string | undefined;
  /** What bounds a program's proofs beside the node's workers: one object for all that share it. */
  room?(spec: ProgramSpec): Room | undefined;
  /** Proofs outside the node's pool of processes. */
  usage?(): { readonly running: number; readonly waiting: number; readonly peakMemory?: number };
  close(): Promise<void>;
}

/** Bounds on one call into a project's code. */
export interface Limits {
  /** Wall-clock seconds. */
  readonly timeoutSeconds: number;
  /** Resident bytes of the process that runs the code. */
  readonly memoryBytes: number;
}

export const programErrorKinds = [
  "load", // not a program, or its imports are not allowed
  "input", // the program refused its input
  "trap", // the program failed while running
  "timeout",
  "memory",
  "crash", // its process died for another reason
  "unsupported", // this node does not offer the runtime, or its native library is not usable
] as const;
export type ProgramErrorKind = typeof programErrorKinds[number];

/** Why a program failed. The message never contains input. */
export class ProgramError extends Error {
  constructor(readonly kind: ProgramErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ProgramError";
  }

  /** Whether another attempt, here or elsewhere, can end differently. */
  get retryable(): boolean {
    return this.kind === "timeout" || this.kind === "memory" || this.kind === "crash" ||
      this.kind === "unsupported";
  }
}

import { bytesToHex, concat, type Hex, hexToBytes, zeroHash } from "viem";
import { bindingOf } from "../../src/protocol/task.ts";
import {
  type Program,
  ProgramError,
  type ProgramInfo,
  type ProgramSpec,
  type Progress,
  type ProveContext,
  type Receipt,
  type Statement,
  type TaskInput,
  type Verdict,
} from "../runtime.ts";
import { checkJournal } from "./journal.ts";
import { commitmentOf, receiptTypeOf, type StdinForm, stdinOf } from "./input.ts";
import { type Kernel, type ReceiptType, receiptTypes, type Risc0Param } from "./param.ts";

/** The version of risc0 whose receipts are made and taken; others' don't verify. */
export const version = "5.0.0-rc.1";

/** Bytes of a Groth16 receipt's seal as contracts read it: a selector of 4 and 8 words of 32. */
const groth16SealBytes = 4 + 8 * 32;

/** Whether a receipt is one that contracts can check. */
export const isGroth16 = ({ vmType, proof }: Pick<Receipt, "vmType" | "proof">): boolean =>
  vmType === "risc0" && proof.length === groth16SealBytes;

/** A program, read and named. */
export interface Loaded {
  /** User ELF and kernel. */
  readonly binary: Uint8Array;
  readonly imageId: Uint8Array;
  /** What the project's file says the image id is, where it says so. */
  readonly declaredImageId?: Hex | undefined;
  /** What a bare ELF was joined with; undefined for a program binary, which has its own. */
  readonly kernel?: Kernel | undefined;
}

/** What a proof is to be. */
export interface ProofRequest {
  readonly stdin: Uint8Array;
  readonly type: ReceiptType;
  /** How its journal must begin. */
  readonly journalPrefix: Uint8Array;
}

/** A proof, and what it is about. */
export interface Proof {
  readonly proof: Uint8Array;
  readonly journal: Uint8Array;
}

/** How a program's work is done. */
export interface Calls {
  prove(
    request: ProofRequest,
    context: ProveContext,
    signal: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ): Promise<Proof>;
  /** Why a proof does not hold. */
  verify(proof: Proof, signal: AbortSignal): Promise<string | undefined>;
}

/**
 * A RISC-V guest. Its proofs say: this program, given some private input, wrote this journal. A
 * guest of ours begins the journal with the commitment to its input and the binding.
 */
export class Risc0 implements Program {
  readonly info: ProgramInfo;
  readonly #form: StdinForm;

  constructor(
    readonly spec: ProgramSpec,
    private readonly param: Risc0Param,
    private readonly calls: Calls,
    { imageId, declaredImageId }: Loaded,
  ) {
    this.#form = param.binding === "data" ? "committed" : param.input;
    this.info = {
      name: `risc0 ${version}`,
      imageId: bytesToHex(imageId),
      declaredImageId,
      bindingKind: param.binding,
      maxMessages: undefined,
      verifiable: true,
      publicValues: [],
      proofBytes: undefined,
      unsafeTestSetup: false,
    };
  }

  // Nothing here waits, but refusals are rejections.
  // deno-lint-ignore require-await
  async commit(input: TaskInput): Promise<Hex | undefined> {
    // The input is read either way, so that a task that can't be proven is known at once.
    stdinOf(this.#form, input, zeroHash);
    return this.#commits ? commitmentOf(input) : undefined;
  }

  async prove(
    input: TaskInput,
    context: ProveContext,
    signal: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ): Promise<Receipt> {
    const binding = bindingOf(context.taskId, context.prover);
    const request: ProofRequest = {
      stdin: stdinOf(this.#form, input, binding),
      type: this.#receiptType(input),
      journalPrefix: this.#commits
        ? hexToBytes(concat([commitmentOf(input), binding]))
        : new Uint8Array(0),
    };
    const { proof, journal } = await this.calls.prove(request, context, signal, onProgress);
    const receipt: Receipt = {
      vmType: "risc0",
      programId: this.spec.programId,
      imageId: this.info.imageId,
      bindingKind: this.info.bindingKind,
      publicValues: journal,
      proof,
    };
    checkJournal(journal, request.journalPrefix);
    return receipt;
  }

  async verify(receipt: Receipt, signal: AbortSignal): Promise<Verdict> {
    const { publicValues: journal, proof } = receipt;
    const reason = this.#mismatch(receipt) ?? await this.calls.verify({ proof, journal }, signal);
    return reason === undefined ? { verdict: "valid" } : { verdict: "invalid", reason };
  }

  statement({ publicValues }: Receipt): Statement | undefined {
    if (!this.#commits || publicValues.length < 64) return undefined;
    return {
      inputCommitment: bytesToHex(publicValues.subarray(0, 32)),
      binding: bytesToHex(publicValues.subarray(32, 64)),
    };
  }

  get #commits(): boolean {
    return this.info.bindingKind === "data";
  }

  /** The original's messages say for themselves which receipt they want. */
  #receiptType(input: TaskInput): ReceiptType {
    const asked = this.#form === "json" ? receiptTypeOf(input) : undefined;
    if (asked === undefined) return this.param.receiptType;
    const type = receiptTypes.find((candidate) => candidate === asked);
    if (type) return type;
    throw new ProgramError("input", `its receipt_type is none of ${receiptTypes.join(", ")}`);
  }

  /** Why a receipt is no result of this program, if it isn't. */
  #mismatch(receipt: Receipt): string | undefined {
    const { spec, info } = this;
    if (receipt.vmType !== "risc0") return `made by ${receipt.vmType}, not risc0`;
    if (receipt.programId !== spec.programId) return "made by another program";
    if (receipt.imageId !== info.imageId) return "made under another image id";
    if (receipt.bindingKind !== info.bindingKind) return "claims another kind of binding";
    return undefined;
  }
}

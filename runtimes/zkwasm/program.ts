import type { Hex } from "viem";
import { zeroHash } from "viem";
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
import type { LoadedModule, Proven } from "./engine.ts";
import { commitmentOf, guestInput, parseMessages } from "./input.ts";
import { type Profile, profileOf } from "./profile.ts";
import { commitmentIn, decodeStatement, type RunStatement, statuses } from "./statement.ts";
import type { WorkArgs } from "./worker.ts";
import type { WrappedImage } from "./wrap/images.ts";

/** How a program's work reaches a worker. */
export interface Calls {
  load(signal: AbortSignal): Promise<unknown>;
  /** Takes its turn among the proofs. */
  prove(
    args: Omit<WorkArgs, "source">,
    signal: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ): Promise<unknown>;
  verify(args: Omit<WorkArgs, "source">, signal: AbortSignal): Promise<unknown>;
}

/**
 * A WebAssembly module that exports `zkmain`. Its proofs name task and prover; one that exports
 * `zkcommit` commits to its input as well.
 */
export class ZkWasm implements Program {
  readonly info: ProgramInfo;

  constructor(
    readonly spec: ProgramSpec,
    private readonly profile: Profile,
    private readonly calls: Calls,
    loaded: LoadedModule | WrappedImage,
  ) {
    const { imageId, commits } = loaded;
    const wrapped = "proofBytes" in loaded ? loaded : undefined;
    this.info = {
      name: `zkwasm ${profile}`,
      imageId,
      bindingKind: commits ? "data" : "tag",
      maxMessages: undefined,
      verifiable: true,
      publicValues: [],
      proofBytes: wrapped?.proofBytes,
      unsafeTestSetup: wrapped?.unsafeTestSetup ?? false,
    };
  }

  async commit(input: TaskInput): Promise<Hex | undefined> {
    // The input is parsed either way, so that a task that can't be proven is known at once.
    const parsed = parseMessages(input.messages);
    return this.#commits ? commitmentOf(parsed, input.salt) : undefined;
  }

  async prove(
    input: TaskInput,
    context: ProveContext,
    signal: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ): Promise<Receipt> {
    const binding = bindingOf(context.taskId, context.prover);
    const request = { ...guestInput(input, this.#commits), binding };
    const proven = await this.calls.prove({ request }, signal, onProgress) as Proven;
    const receipt: Receipt = {
      vmType: "zkwasm",
      programId: this.spec.programId,
      imageId: this.info.imageId,
      bindingKind: this.info.bindingKind,
      ...proven,
    };
    const odd = this.#mismatch(receipt, decodeStatement(receipt.publicValues));
    // As when the native prover is not of the module's version.
    if (odd !== undefined) {
      throw new ProgramError("unsupported", `its prover's proof is refused: ${odd}`);
    }
    const claims = this.statement(receipt);
    const commitment = await this.commit(input) ?? zeroHash;
    if (claims?.inputCommitment !== commitment || claims.binding !== binding) {
      throw new ProgramError("trap", "its first four outputs do not commit to its input");
    }
    return receipt;
  }

  async verify(receipt: Receipt, signal: AbortSignal): Promise<Verdict> {
    const reason = this.#mismatch(receipt, decodeStatement(receipt.publicValues));
    if (reason) return { verdict: "invalid", reason };
    const { publicValues, proof } = receipt;
    const answer = await this.calls.verify({ proven: { publicValues, proof } }, signal);
    const refused = (answer as { reason?: string }).reason;
    return refused === undefined ? { verdict: "valid" } : { verdict: "invalid", reason: refused };
  }

  statement({ publicValues }: Receipt): Statement | undefined {
    const said = decodeStatement(publicValues);
    const inputCommitment = said && (this.#commits ? commitmentIn(said) : zeroHash);
    return inputCommitment && { inputCommitment, binding: said.binding };
  }

  get #commits(): boolean {
    return this.info.bindingKind === "data";
  }

  /** Why a receipt is no result of this program, if it isn't. */
  #mismatch(receipt: Receipt, said: RunStatement | undefined): string | undefined {
    const { spec, info } = this;
    if (receipt.vmType !== "zkwasm") return `made by ${receipt.vmType}, not zkwasm`;
    if (receipt.programId !== spec.programId) return "made by another program";
    if (receipt.bindingKind !== info.bindingKind) return "claims another kind of binding";
    if (!said) return "its public values are malformed";
    if (profileOf(receipt.proof) !== this.profile) {
      return `its proof is not of profile ${this.profile}`;
    }
    if (info.proofBytes !== undefined && receipt.proof.length !== info.proofBytes) {
      return `its proof does not have ${info.proofBytes} bytes`;
    }
    if (receipt.imageId !== info.imageId || said.imageId !== info.imageId) {
      return "made under another image id";
    }
    return said.status === 0 ? undefined : `the run ended with: ${statuses[said.status]}`;
  }
}

/** Halo2 programs as the node uses them: each call runs in a cage. */
import { bytesToHex, type Hex } from "viem";
import { z } from "zod";
import { bindingOf } from "../../src/protocol/task.ts";
import { bytes32, describeIssue } from "../../src/protocol/schema.ts";
import type { CageKind } from "../cage.ts";
import type { ChildPool } from "../pool.ts";
import {
  bindingKinds,
  type Limits,
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
import type { Source } from "./child.ts";
import type { OriginalAbi, OriginalArgs } from "./original.ts";
import type { WsProof } from "./ws.ts";

/** Where a program's calls run. */
export interface Lanes {
  /** For proofs. */
  readonly provers: ChildPool;
  /** For the short calls, so that they need not wait for proofs. */
  readonly checkers: ChildPool;
  readonly limits: Limits;
  readonly shortLimits: Limits;
}

/** One program's calls, with what a cage needs to load it. */
export class Calls {
  constructor(
    readonly spec: ProgramSpec,
    private readonly lanes: Lanes,
    private readonly kind: CageKind,
    private readonly source: Source,
  ) {}

  short(method: string, args: unknown, signal: AbortSignal): Promise<unknown> {
    const { checkers: pool, shortLimits: limits } = this.lanes;
    return pool.call({ ...this.#call, method, args, limits, signal });
  }

  prove(
    args: unknown,
    signal: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ): Promise<unknown> {
    const { provers: pool, limits } = this.lanes;
    return pool.call({ ...this.#call, method: "prove", args, limits, signal, onProgress });
  }

  get #call() {
    return { kind: this.kind, programId: this.spec.programId, source: this.source };
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The messages as text, which is what Halo2 programs read. */
function texts(input: TaskInput): string[] {
  return input.messages.map((message, i) => {
    try {
      return decoder.decode(message);
    } catch (cause) {
      throw new ProgramError("input", `message ${i} is not UTF-8 text`, { cause });
    }
  });
}

/** Why a receipt is not one of this program's, if it isn't. */
function mismatch(receipt: Receipt, { spec, info }: Program): string | undefined {
  if (receipt.vmType !== "halo2") return `made by ${receipt.vmType}, not halo2`;
  if (receipt.programId !== spec.programId) return "made by another program";
  if (receipt.imageId !== info.imageId) return "made under another verifying key";
  return receipt.bindingKind === info.bindingKind ? undefined : "claims another kind of binding";
}

const word = 32;
const description = z.object({
  name: z.string().min(1).max(100),
  runtime: z.literal("halo2"),
  maxMessages: z.number().int().positive().optional(),
  binding: z.enum(bindingKinds),
  unsafeTestSetup: z.boolean(),
  proofBytes: z.number().int().positive().optional(),
  publicValues: z.array(z.object({ name: z.string().max(100) })).max(1000),
  imageId: bytes32,
});
export type Description = z.output<typeof description>;

/** @throws {ProgramError} `load` */
export function parseDescription(text: string): Description {
  const fail = (why: string) => new ProgramError("load", `its ws_describe is not valid: ${why}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw fail("not JSON");
  }
  const parsed = description.safeParse(json);
  if (!parsed.success) throw fail(describeIssue(parsed.error));
  const names = parsed.data.publicValues.map(({ name }) => name);
  for (const name of ["inputCommitment", "bindingHi", "bindingLo"]) {
    if (parsed.data.binding === "data" && !names.includes(name)) {
      throw fail(`binding is data, but publicValues lacks ${name}`);
    }
  }
  return parsed.data;
}

/** A program of our C-ABI form: it verifies its proofs, and may commit to its input. */
export class WsHalo2 implements Program {
  readonly spec: ProgramSpec;
  readonly info: ProgramInfo;

  constructor(
    private readonly calls: Pick<Calls, "spec" | "short" | "prove">,
    private readonly description: Description,
  ) {
    this.spec = calls.spec;
    const { name, imageId, binding, maxMessages, proofBytes, unsafeTestSetup } = description;
    this.info = {
      name,
      imageId,
      bindingKind: binding,
      maxMessages,
      verifiable: true,
      publicValues: description.publicValues.map((value) => value.name),
      proofBytes,
      unsafeTestSetup,
    };
  }

  async commit(input: TaskInput, signal: AbortSignal): Promise<Hex | undefined> {
    if (this.info.bindingKind !== "data") return undefined;
    const args = { input: this.#json(input) };
    return bytesToHex(await this.calls.short("commit", args, signal) as Uint8Array);
  }

  async prove(
    input: TaskInput,
    context: ProveContext,
    signal: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ): Promise<Receipt> {
    const binding = bindingOf(context.taskId, context.prover);
    const args = { input: this.#json(input, binding) };
    const proof = await this.calls.prove(args, signal, onProgress) as WsProof;
    const receipt: Receipt = {
      vmType: "halo2",
      programId: this.spec.programId,
      imageId: this.info.imageId,
      bindingKind: this.info.bindingKind,
      publicValues: proof.publicValues,
      proof: proof.proof,
    };
    if (this.info.bindingKind === "data") {
      const claims = this.statement(receipt);
      if (claims?.inputCommitment !== bytesToHex(proof.commitment) || claims.binding !== binding) {
        throw new ProgramError("trap", "made a proof about another input or task");
      }
    }
    return receipt;
  }

  async verify(receipt: Receipt, signal: AbortSignal): Promise<Verdict> {
    const other = mismatch(receipt, this);
    if (other) return { verdict: "invalid", reason: other };
    const { publicValues, proof } = receipt;
    try {
      const answer = await this.calls.short("verify", { publicValues, proof }, signal);
      const { reason } = answer as { reason?: string };
      return reason === undefined ? { verdict: "valid" } : { verdict: "invalid", reason };
    } catch (error) {
      // A verifier that traps on a proof has not accepted it; asking again would not help.
      if (!(error instanceof ProgramError) || error.kind !== "trap") throw error;
      return { verdict: "invalid", reason: `its verifier failed: ${error.message}` };
    }
  }

  statement({ publicValues }: Receipt): Statement | undefined {
    const names = this.description.publicValues.map(({ name }) => name);
    if (this.info.bindingKind !== "data" || publicValues.length !== names.length * word) {
      return undefined;
    }
    const at = (name: string) =>
      bytesToHex(publicValues.subarray(names.indexOf(name) * word).subarray(0, word));
    const [high, low] = [at("bindingHi"), at("bindingLo")];
    const limb = /^0x0{32}[0-9a-f]{32}$/;
    if (!limb.test(high) || !limb.test(low)) return undefined;
    return {
      inputCommitment: at("inputCommitment"),
      binding: `0x${high.slice(34)}${low.slice(34)}`,
    };
  }

  #json(input: TaskInput, binding?: Hex): Uint8Array {
    const { maxMessages } = this.info;
    if (maxMessages !== undefined && input.messages.length > maxMessages) {
      throw new ProgramError(
        "input",
        `takes at most ${maxMessages} messages, got ${input.messages.length}`,
      );
    }
    const salt = bytesToHex(input.salt);
    return encoder.encode(JSON.stringify({ messages: texts(input), salt, binding }));
  }
}

/** How an original program wants its input, from `codeExpParam`. */
const originalParam = z.object({ input: z.enum(["array", "object"]).default("array") });

/** A program of the original's or the successor's form: it neither verifies nor commits. */
export class OriginalHalo2 implements Program {
  readonly spec: ProgramSpec;
  readonly info: ProgramInfo;
  readonly #input: "array" | "object";

  constructor(private readonly calls: Calls, abi: OriginalAbi) {
    this.spec = calls.spec;
    this.info = {
      name: `halo2 ${abi}`,
      imageId: calls.spec.programId,
      // A v2 program is told its project and task, and puts them beside its public input.
      bindingKind: abi === "v2" ? "tag" : "none",
      maxMessages: undefined,
      verifiable: false,
      publicValues: [],
      proofBytes: undefined,
      unsafeTestSetup: false,
    };
    this.#input = inputForm(calls.spec.param);
  }

  commit(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async prove(
    input: TaskInput,
    context: ProveContext,
    signal: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ): Promise<Receipt> {
    const args: OriginalArgs = {
      input: encoder.encode(this.#text(input)),
      projectId: context.projectId,
      taskId: context.serial,
      clientId: context.clientId,
      signature: context.signature,
    };
    const { result } = await this.calls.prove(args, signal, onProgress) as { result: Uint8Array };
    return {
      vmType: "halo2",
      programId: this.spec.programId,
      imageId: this.info.imageId,
      bindingKind: this.info.bindingKind,
      publicValues: new Uint8Array(0),
      proof: result,
    };
  }

  verify(receipt: Receipt): Promise<Verdict> {
    const reason = mismatch(receipt, this);
    return Promise.resolve(reason ? { verdict: "invalid", reason } : { verdict: "unverifiable" });
  }

  statement(): undefined {
    return undefined;
  }

  #text(input: TaskInput): string {
    const messages = texts(input);
    if (this.#input === "array") return JSON.stringify(messages);
    const [only] = messages;
    if (only === undefined || messages.length > 1) {
      throw new ProgramError("input", `takes one message a task, got ${messages.length}`);
    }
    return only;
  }
}

function inputForm(param: string): "array" | "object" {
  // Original files put text of other tools here; only JSON with `input` is meant for us.
  if (!param.trimStart().startsWith("{")) return "array";
  try {
    return originalParam.parse(JSON.parse(param)).input;
  } catch {
    throw new ProgramError("load", 'codeExpParam must be like {"input":"object"} where it is JSON');
  }
}

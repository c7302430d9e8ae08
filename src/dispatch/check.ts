/** What the enode finds out for itself: whether a task can be proved, and whether it was (R3, R7). */
import { type Address, bytesToHex, zeroHash } from "viem";
import { type Program, ProgramError, type Receipt, type Verdict } from "../../runtimes/runtime.ts";
import { decodeStatement } from "../../runtimes/zkwasm/statement.ts";
import type { TaskRecord, TaskStore } from "../da/da.ts";
import { bindingOf } from "../protocol/index.ts";

const localChain = 31337n;

/** Why no znode can prove the task; undefined when one may. */
export async function whyHopeless(
  record: TaskRecord,
  program: Program,
  store: Pick<TaskStore, "input" | "inputSalt">,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { task, taskId } = record;
  const { bindingKind, maxMessages, unsafeTestSetup } = program.info;
  if (unsafeTestSetup && task.chainId !== 0n && task.chainId !== localChain) {
    return "the program has a test setup, whose proofs anyone can forge, and the chain is real";
  }
  if (maxMessages !== undefined && record.messageCount > maxMessages) {
    // A packer may have made fewer of them.
    const { length } = await store.input(taskId);
    if (length > maxMessages) {
      return `the program takes at most ${maxMessages} messages, the task has ${length}`;
    }
  }
  if (bindingKind !== "data" || task.inputCommitment !== zeroHash) return undefined;
  // Packing could not commit to these messages; asked again, the program says why.
  const salt = await store.inputSalt(taskId);
  if (!salt) return "the messages were purged";
  const messages = await store.input(taskId);
  try {
    await program.commit({ messages, salt }, signal);
  } catch (error) {
    if (error instanceof ProgramError && !error.retryable) {
      return `the program refused the input: ${error.message}`;
    }
    throw error;
  }
  return "the program could not commit to the input when the task was packed";
}

/** Judges a receipt against its task; runs the program's verifier in the cage. */
export async function checkReceipt(
  { task, taskId }: Pick<TaskRecord, "task" | "taskId">,
  prover: Address,
  program: Program,
  receipt: Receipt,
  signal: AbortSignal,
): Promise<Verdict> {
  const { spec, info } = program;
  if (receipt.programId !== task.programId) return invalid("it is another program's");
  if (receipt.vmType !== spec.vmType) return invalid("it is another machine's");
  if (receipt.imageId !== info.imageId) return invalid("its image is not the program's");
  // Otherwise a prover could leave out the binding that the program makes.
  if (receipt.bindingKind !== info.bindingKind) {
    return invalid(`its binding is ${receipt.bindingKind}, the program's ${info.bindingKind}`);
  }
  const statement = claims(program, receipt);
  if (!statement && info.bindingKind === "data") return invalid("its public values say nothing");
  if (statement) {
    if (statement.inputCommitment !== task.inputCommitment) {
      return invalid("it is about other data");
    }
    if (statement.binding !== bindingOf(taskId, prover)) {
      return invalid("it is bound to another task or prover");
    }
  }
  return await program.verify(receipt, signal);
}

function claims(program: Program, receipt: Receipt) {
  try {
    return program.statement(receipt);
  } catch {
    // Malformed public values are the sender's doing, as is anything they make a parser throw.
    return undefined;
  }
}

const invalid = (reason: string): Verdict => ({ verdict: "invalid", reason });

/** Proof text of more bytes is left out of the API's answers. */
const longestResult = 64 * 1024;

/**
 * The task's result as the API shows it: a ZkWasm program's public inputs and outputs, a Risc0
 * program's journal, text where an original program gave text, else hex.
 */
export function resultText({ vmType, bindingKind, publicValues, proof }: Receipt): string {
  const said = vmType === "zkwasm" ? decodeStatement(publicValues) : undefined;
  if (said) {
    return JSON.stringify({ inputs: said.inputs.map(String), outputs: said.outputs.map(String) });
  }
  if (vmType === "risc0") return JSON.stringify({ journal: bytesToHex(publicValues) });
  if (proof.length > longestResult) return "";
  if (bindingKind !== "data" && publicValues.length === 0) {
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(proof);
      // deno-lint-ignore no-control-regex
      if (!/[\u0000-\u0008\u000e-\u001f\u007f]/.test(text)) return text;
    } catch {
      // Not text; shown as hex below.
    }
  }
  return bytesToHex(proof);
}

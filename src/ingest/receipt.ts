/** What everybody may have of a task's receipt. */
import { profileOf } from "../../runtimes/zkwasm/profile.ts";
import { isGroth16 } from "../../runtimes/risc0/program.ts";
import type { Receipt } from "../../runtimes/runtime.ts";
import type { TaskStore } from "../da/da.ts";
import { type ReceiptFile, receiptText } from "../protocol/receipt_file.ts";
import { failure, json } from "./answers.ts";

type Proved = NonNullable<Awaited<ReturnType<TaskStore["receipt"]>>>;

/** The receipt, where its proof hides the private input (DESIGN R8). */
export function receiptAnswer(taskId: ReceiptFile["programId"], proved: Proved): Response {
  const file = fileOf(proved.receipt);
  if (typeof file === "string") return failure(403, file);
  return json(200, receiptText({ ...file, task: { taskId, prover: proved.prover } }));
}

/** @returns why it is not told, where it isn't */
function fileOf(receipt: Receipt): ReceiptFile | string {
  const { vmType, programId, imageId, publicValues, proof, bindingKind } = receipt;
  const proven = { version: 1, programId, publicValues, proof } as const;
  if (vmType === "halo2") {
    // That is how programs of the original's form are named inside: they ship no verifier.
    if (imageId === programId) {
      return "the program ships no verifier, so there is no proof to check";
    }
    return { ...proven, vmType };
  }
  if (vmType === "zkwasm") {
    const profile = profileOf(proof);
    if (profile === "zk") return { ...proven, vmType, profile };
    return "proofs of this profile do not hide the private input: the receipt stays with its nodes";
  }
  if (!isGroth16(receipt) || bindingKind === "tag") {
    return "whether STARK proofs of risc0 hide the private input is not proven: the receipt stays " +
      "with its nodes";
  }
  return { ...proven, vmType, imageId, bindingKind };
}

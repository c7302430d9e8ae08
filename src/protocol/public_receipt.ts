/** What may be told of a task's receipt to those who are not its nodes (DESIGN R8). */
import { isGroth16 } from "../../runtimes/risc0/program.ts";
import type { Receipt } from "../../runtimes/runtime.ts";
import { profileOf } from "../../runtimes/zkwasm/profile.ts";
import type { ReceiptFile } from "./receipt_file.ts";

/**
 * The receipt as a file, where its proof hides the private input, or where the project says that
 * its inputs are public.
 *
 * @returns why it is not told, where it isn't
 */
export function publicReceipt(receipt: Receipt, publicInputs = false): ReceiptFile | string {
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
    if (profile !== undefined && (profile !== "fast" || publicInputs)) {
      return { ...proven, vmType, profile };
    }
    return "proofs of this profile do not hide the private input: the receipt stays with its nodes";
  }
  if (bindingKind === "tag" || !(isGroth16(receipt) || publicInputs)) {
    return "whether STARK proofs of risc0 hide the private input is not proven: the receipt stays " +
      "with its nodes";
  }
  return { ...proven, vmType, imageId, bindingKind };
}

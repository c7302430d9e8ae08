import { publicReceipt } from "../../protocol/public_receipt.ts";
import { receiptJson } from "../../protocol/receipt_file.ts";
import type { OutputJob } from "../types.ts";

/** The webhook's JSON: the same bytes whenever it is sent. */
export function bodyOf(
  { taskId, task, signature, output, prover, receipt }: OutputJob,
  { light, publicInputs }: { readonly light: boolean; readonly publicInputs: boolean },
): string {
  const { vmType, programId, publicValues } = receipt;
  const file = publicReceipt(receipt, publicInputs);
  const data = {
    taskId,
    output,
    projectId: task.projectId,
    version: task.version,
    vmType,
    programId,
    prover,
    publicValues: publicValues.toBase64(),
    /** What the operator signed, and its signature: `taskId` is its hash. */
    task,
    signature,
    ...(light
      ? {}
      : typeof file === "string"
      ? { withheld: file }
      : { receipt: receiptJson({ ...file, task: { taskId, prover } }) }),
  };
  const body = { type: "task.proved", data };
  return JSON.stringify(body, (_, value) => typeof value === "bigint" ? `${value}` : value);
}

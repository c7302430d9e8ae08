/** What everybody may have of a task's receipt. */
import type { Hex } from "viem";
import { provingOrNone } from "../../runtimes/zkwasm/profile.ts";
import type { Receipt } from "../../runtimes/runtime.ts";
import type { Da, TaskStore } from "../da/da.ts";
import { bytesToHex } from "../hex.ts";
import { merkleProof } from "../protocol/merkle.ts";
import { messageReceiptText } from "../protocol/message_receipt.ts";
import { publicReceipt } from "../protocol/public_receipt.ts";
import { type ReceiptFile, receiptText } from "../protocol/receipt_file.ts";
import type { Projects } from "../project/types.ts";
import { failure, json } from "./answers.ts";
import { programOf } from "./programs.ts";

/** Where programs are found that receipts name. */
type Programs = Pick<Projects, "list">;

/**
 * The receipt as everybody may have it; a proof for contracts with its class and verifying key,
 * where a project here names them. Otherwise why it is not told.
 */
function fileOf(receipt: Receipt, projects: Programs): ReceiptFile | string {
  const file = publicReceipt(receipt);
  if (typeof file === "string" || file.vmType !== "zkwasm" || file.profile !== "wrap") return file;
  const proving = provingOrNone(programOf(projects, file.programId)?.param ?? "");
  if (proving?.profile !== "wrap") return file;
  const { class: name, key } = proving;
  return { ...file, class: name, ...(key.length > 0 ? { key } : {}) };
}

/** What a message's holder can have checked by anyone; told to whoever knows its id. */
export async function messageReceiptAnswer(
  { signed, tasks, messages }: Pick<Da, "signed" | "tasks" | "messages">,
  projects: Programs,
  id: string,
): Promise<Response> {
  const found = await signed.including(id);
  if (!found) {
    return await messages.status(id)
      ? failure(409, "the message is in no task yet: ask again when it is packed")
      : failure(404, `there is no message ${id} here`);
  }
  const { message, index, outputs, task: { taskId, task, signature, leaves } } = found;
  const proved = await tasks.receipt(taskId);
  const file = proved && fileOf(proved.receipt, projects);
  const path = merkleProof(leaves, index);
  const hash = leaves[index] as Hex;
  const receipt = messageReceiptText({
    kind: "message receipt",
    formatVersion: 1,
    message: { ...message, salt: message.salt && bytesToHex(message.salt) },
    leaf: { hash, index, count: leaves.length, path },
    taskId,
    task,
    signature,
    ...(typeof file === "object" && proved
      ? { proof: { ...file, task: { taskId, prover: proved.prover } } }
      : {}),
    ...(typeof file === "string" ? { withheld: file } : {}),
    outputs: [...outputs],
  });
  return json(200, receipt);
}

type Proved = NonNullable<Awaited<ReturnType<TaskStore["receipt"]>>>;

/** The receipt, where its proof hides the private input (DESIGN R8). */
export function receiptAnswer(taskId: Hex, proved: Proved, projects: Programs): Response {
  const file = fileOf(proved.receipt, projects);
  if (typeof file === "string") return failure(403, file);
  return json(200, receiptText({ ...file, task: { taskId, prover: proved.prover } }));
}

/** What everybody may have of a task's receipt. */
import type { Hex } from "viem";
import type { Da, TaskStore } from "../da/da.ts";
import { bytesToHex } from "../hex.ts";
import { merkleProof } from "../protocol/merkle.ts";
import { messageReceiptText } from "../protocol/message_receipt.ts";
import { publicReceipt } from "../protocol/public_receipt.ts";
import { type ReceiptFile, receiptText } from "../protocol/receipt_file.ts";
import { failure, json } from "./answers.ts";

/** What a message's holder can have checked by anyone; told to whoever knows its id. */
export async function messageReceiptAnswer(
  { signed, tasks, messages }: Pick<Da, "signed" | "tasks" | "messages">,
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
  const file = proved && publicReceipt(proved.receipt);
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
export function receiptAnswer(taskId: ReceiptFile["programId"], proved: Proved): Response {
  const file = publicReceipt(proved.receipt);
  if (typeof file === "string") return failure(403, file);
  return json(200, receiptText({ ...file, task: { taskId, prover: proved.prover } }));
}

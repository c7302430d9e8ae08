/**
 * What became of one message, in one file that anyone can check without the enode: the message is a
 * leaf of the task that an operator signed, a proof is about that task, and a router accepted it.
 */
import type { Address } from "viem";
import { z } from "zod";
import { hexToBytes, uuidBytes } from "../hex.ts";
import { leafHash, verifyMerkleProof } from "./merkle.ts";
import { receiptJson, receiptSchema } from "./receipt_file.ts";
import { bytes32, describeIssue, projectId, signature, version } from "./schema.ts";
import { taskIdOf, taskSchema, taskSigner } from "./task.ts";

const uuid = z.string().regex(
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  "must be a UUID in lower case",
);

export const messageReceiptSchema = z.object({
  kind: z.literal("message receipt", { error: "must be a message receipt" }),
  formatVersion: z.literal(1, { error: "is of a version that is unknown here" }),
  message: z.object({
    id: uuid,
    projectId,
    version,
    clientId: z.string().max(256),
    /** Until the payload is purged: with it and the data anyone can tell whose leaf it is. */
    salt: bytes32.optional(),
  }),
  leaf: z.object({
    hash: bytes32,
    index: z.number().int().nonnegative(),
    count: z.number().int().positive(),
    /** Siblings from leaf to root. */
    path: z.array(bytes32).max(64),
  }),
  taskId: bytes32,
  task: taskSchema,
  signature,
  /** Undefined where there is none yet, or `withheld` says why it stays with its nodes. */
  proof: receiptSchema.optional(),
  withheld: z.string().max(1024).optional(),
  /** The newest state of each output; of a transaction the reference is its hash. */
  outputs: z.array(z.object({
    index: z.number().int().nonnegative(),
    state: z.string().max(64),
    reference: z.string().max(4096),
  })).max(64),
});
export type MessageReceipt = z.output<typeof messageReceiptSchema>;

/** The file's text. */
export function messageReceiptText({ proof, ...rest }: MessageReceipt): string {
  const file = proof ? { ...rest, proof: receiptJson(proof) } : rest;
  return JSON.stringify(file, (_, v) => typeof v === "bigint" ? `${v}` : v, 2) + "\n";
}

/** Whether a JSON value says that it is one. */
export const isMessageReceipt = (json: unknown): boolean =>
  (json as { kind?: unknown } | null)?.kind === "message receipt";

/** @throws {Error} naming the field that is wrong */
export function parseMessageReceipt(json: unknown): MessageReceipt {
  const parsed = messageReceiptSchema.safeParse(json);
  if (!parsed.success) throw new Error(describeIssue(parsed.error));
  return parsed.data;
}

/** Whether the leaf is of this data; undefined when the salt is gone and nobody can tell. */
export function isOfData({ message, leaf }: MessageReceipt, data: Uint8Array): boolean | undefined {
  const { id, projectId, version, clientId, salt } = message;
  if (salt === undefined) return undefined;
  const opened = { salt: hexToBytes(salt), id: uuidBytes(id), projectId, version, clientId, data };
  return leafHash(opened) === leaf.hash;
}

/**
 * Checks all that needs neither program nor chain: the leaf is under the task's root, and the task's
 * id is its hash.
 * @returns who signed the task; whether that key may operate the project, the chain knows
 * @throws {Error} saying what does not hold
 */
export async function checkInclusion(receipt: MessageReceipt): Promise<{ operator: Address }> {
  const { message, leaf, task, taskId, signature, proof } = receipt;
  if (message.projectId !== task.projectId || message.version !== task.version) {
    throw new Error("the task is of another project or version than the message");
  }
  if (!verifyMerkleProof(task.messagesRoot, leaf.count, leaf.index, leaf.hash, leaf.path)) {
    throw new Error("the leaf is not under the task's root");
  }
  if (taskIdOf(task) !== taskId) throw new Error("the task's id is not its hash");
  if (proof && proof.programId !== task.programId) {
    throw new Error("the proof is of another program than the task's");
  }
  if (proof?.task?.taskId !== undefined && proof.task.taskId !== taskId) {
    throw new Error("the proof is of another task");
  }
  return { operator: await taskSigner(task, signature) };
}

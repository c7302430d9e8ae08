/**
 * A packed task's block on IPFS: what its receipt and its messages can be checked against when the
 * enode is gone. It has the leaves, which are salted hashes, and nothing of the messages.
 */
import * as dagJson from "@ipld/dag-json";
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";
import type { Address, Hex } from "viem";
import { z } from "zod";
import { merkleRoot } from "./merkle.ts";
import { bytes32, describeIssue, signature } from "./schema.ts";
import { type Task, taskIdOf, taskSchema, taskSigner } from "./task.ts";

export interface SignedTask {
  readonly taskId: Hex;
  readonly task: Task;
  readonly signature: Hex;
  /** Leaf hashes of its messages, in order. */
  readonly leaves: readonly Hex[];
}

const schema = z.strictObject({
  taskId: bytes32,
  task: taskSchema.strict(),
  leaves: z.array(bytes32).min(1).max(10_000),
  signature,
});

/** The block is the same wherever and whenever it is made: dag-json sorts its fields. */
export async function taskBlock(
  { taskId, task, leaves, signature }: SignedTask,
): Promise<{ cid: CID; bytes: Uint8Array }> {
  // Numbers of 64 bits and more as decimal text.
  const { chainId, projectId, nonce } = task;
  const numbers = { chainId: `${chainId}`, projectId: `${projectId}`, nonce: `${nonce}` };
  const bytes = dagJson.encode({ taskId, task: { ...task, ...numbers }, leaves, signature });
  return { cid: CID.createV1(dagJson.code, await sha256.digest(bytes)), bytes };
}

/**
 * Reads a block and checks it: the task's id is its hash, its root that of the leaves.
 * @returns the task and who signed it; whether that key may operate the project, the chain knows
 * @throws {Error} saying what is wrong
 */
export async function openTaskBlock(
  bytes: Uint8Array,
): Promise<SignedTask & { readonly signer: Address }> {
  const parsed = schema.safeParse(dagJson.decode(bytes));
  if (!parsed.success) throw new Error(`no task block: ${describeIssue(parsed.error)}`);
  const { taskId, task, leaves, signature } = parsed.data;
  if (taskIdOf(task) !== taskId) throw new Error("the task's id is not its hash");
  if (merkleRoot(leaves) !== task.messagesRoot) throw new Error("the root is not the leaves'");
  return { taskId, task, leaves, signature, signer: await taskSigner(task, signature) };
}

import { zeroHash } from "viem";
import { type Program, ProgramError } from "../../runtimes/runtime.ts";
import type { Message, PackedTask } from "../da/da.ts";
import { uuidBytes } from "../hex.ts";
import {
  type DigestSigner,
  inputSalt,
  leafHash,
  merkleRoot,
  type Network,
  nonceAt,
  signTask,
  type Task,
  taskIdOf,
} from "../protocol/index.ts";

/** Whom a task is signed by and for. */
export interface Signing {
  readonly network: Network;
  readonly signer: DigestSigner;
  /** The chain's newest block, as far as is known; 0 when left out, or when none is. */
  readonly height?: () => bigint;
}

/**
 * Makes a signed task of messages. Without a program, or where its form can't commit, the task's
 * input commitment is zero.
 * @param input what the program reads instead of the messages' data
 * @throws {ProgramError} `input` when the program refuses the messages
 */
export async function buildTask(
  messages: readonly Message[],
  programId: `0x${string}`,
  program: Program | undefined,
  { network, signer, height = () => 0n }: Signing,
  signal: AbortSignal,
  input?: readonly Uint8Array[],
): Promise<PackedTask> {
  const [first] = messages;
  if (!first) throw new RangeError("a task has at least one message");
  const { projectId, version } = first;
  const leaves = messages.map((m) => leafHash({ ...m, id: uuidBytes(m.id) }));
  const salt = inputSalt(messages.map((m) => m.salt));
  const read = input ?? messages.map((m) => m.data);
  const commitment = await program?.commit({ messages: read, salt }, signal);
  const task: Task = {
    ...network,
    projectId,
    version,
    programId,
    messagesRoot: merkleRoot(leaves),
    inputCommitment: commitment ?? zeroHash,
    nonce: nonceAt(height()),
  };
  const signature = await signTask(task, signer);
  const made = input === undefined ? {} : { input };
  return { task, taskId: taskIdOf(task), signature, inputSalt: salt, leaves, ...made };
}

/** Index of the first message that the program can't take even alone; undefined: none. */
export async function firstRefused(
  messages: readonly Message[],
  program: Program,
  signal: AbortSignal,
): Promise<number | undefined> {
  for (const [index, message] of messages.entries()) {
    try {
      await program.commit({ messages: [message.data], salt: inputSalt([message.salt]) }, signal);
    } catch (error) {
      if (error instanceof ProgramError) return index;
      throw error;
    }
  }
  return undefined;
}

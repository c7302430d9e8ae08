/** Values for the tests of the stores. */
import { keccak256, toHex } from "viem";
import { leafHash, merkleRoot } from "../../protocol/merkle.ts";
import { taskIdOf } from "../../protocol/task.ts";
import type { Appended, Da, Message, NewMessage, PackedTask } from "../da.ts";
import { uuidBytes } from "../../hex.ts";

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export const message = (change: Partial<NewMessage> = {}): NewMessage => ({
  projectId: 1n,
  version: "0.1",
  clientId: "",
  data: bytes("reading"),
  idempotencyKey: undefined,
  group: "",
  ...change,
});

/** The id of a message that was stored. */
export function idOf(appended: Appended): string {
  if ("error" in appended) throw new Error(appended.error);
  return appended.id;
}

let nonce = 0n;

/** What the packer would make of the messages, but for a real signature. */
export async function build(messages: readonly Message[]): Promise<PackedTask> {
  const [first] = messages;
  if (!first) throw new Error("no messages");
  const leaves = messages.map((m) => leafHash({ ...m, id: uuidBytes(m.id) }));
  const task = {
    chainId: 31337n,
    router: "0x00000000000000000000000000000000000000AA" as const,
    projectId: first.projectId,
    version: first.version,
    programId: keccak256("0x01"),
    messagesRoot: merkleRoot(leaves),
    inputCommitment: keccak256("0x02"),
    nonce: nonce++,
  };
  return {
    task,
    taskId: taskIdOf(task),
    signature: toHex(new Uint8Array(65).fill(7)),
    inputSalt: new Uint8Array(32).fill(9),
  };
}

export const group = { projectId: 1n, version: "0.1", group: "" };
export const wide = { maxCount: 1000, maxBytes: 1 << 30 };

/** Appends `count` messages and packs them into one task. */
export async function packedTask(da: Da, count = 1, change: Partial<NewMessage> = {}) {
  await da.messages.appendMany(Array.from({ length: count }, () => message(change)));
  const { projectId, version, group } = message(change);
  const record = await da.packing.pack(
    { projectId, version, group },
    { ...wide, maxCount: count },
    build,
  );
  if (!record) throw new Error("not packed");
  return record;
}

/**
 * What a promise was rejected with. Bun's `expect(…).rejects` waits in an event loop of its own, in
 * which a worker's answers don't arrive.
 */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("expected a rejection");
}

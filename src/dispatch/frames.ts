/** What dispatch sends for each action of a task's machine. */
import type { TaskRecord, TaskStore } from "../da/da.ts";
import type { OutputJob } from "../output/types.ts";
import type { ProjectVersion } from "../project/types.ts";
import { limits } from "../protocol/index.ts";
import type { Outgoing } from "./peers.ts";
import type { Action, Rules } from "./state.ts";

/** Bytes of a payload frame that are not messages. */
const frameRoom = 4_096;

/** Why a payload can never be sent. */
export class HopelessError extends Error {
  override readonly name = "HopelessError";
}

type ActionOf<K extends Action["kind"]> = Extract<Action, { readonly kind: K }>;

export function leaseFrame(record: TaskRecord, epoch: number, rules: Rules): Outgoing {
  const { taskId, task, signature, serial } = record;
  const { leaseMs, timeoutMs } = rules;
  return () =>
    Promise.resolve([
      "lease",
      { taskId, epoch: BigInt(epoch), task, signature, serial, leaseMs, timeoutMs },
    ]);
}

export function cancelFrame({ taskId }: TaskRecord, epoch: number, ended: boolean): Outgoing {
  return () => Promise.resolve(["cancel", { taskId, epoch: BigInt(epoch), ended }]);
}

export function payloadFrame(record: TaskRecord, epoch: number, store: TaskStore): Outgoing {
  const { taskId } = record;
  return async () => {
    const reading = Promise.all([store.messages(taskId), store.input(taskId)]);
    // All are read at once. Where the salt is gone, so are the messages.
    const [inputSalt] = await Promise.all([
      store.inputSalt(taskId),
      reading.catch(() => undefined),
    ]);
    if (!inputSalt) throw new HopelessError("the messages were purged");
    const [messages, input] = await reading;
    // Each message costs a few bytes of framing.
    const size = input.reduce((sum, { length }) => sum + length + 16, frameRoom);
    if (size > limits.directFrame) {
      throw new HopelessError("the messages are too large to be sent in one task");
    }
    return ["payload", {
      taskId,
      epoch: BigInt(epoch),
      messages: input,
      inputSalt,
      clientId: messages[0]?.clientId ?? "",
    }];
  };
}

/** The stored receipt of a proved task, and whose it is. */
export type StoredReceipt = NonNullable<Awaited<ReturnType<TaskStore["receipt"]>>>;

/** Bytes of a proof that may wait in memory with the frame that will carry it. */
const carriedProof = 16 * 1024;

async function stored(store: TaskStore, { taskId }: TaskRecord): Promise<StoredReceipt> {
  const found = await store.receipt(taskId);
  if (!found) throw new Error(`task ${taskId} has no receipt`);
  return found;
}

/**
 * @param grantMs until the grant ends
 * @param accepted the receipt, where it was stored just now and need not be read
 */
export function grantFrame(
  record: TaskRecord,
  { output, epoch }: ActionOf<"grant">,
  grantMs: number,
  store: TaskStore,
  accepted: StoredReceipt | undefined,
): Outgoing {
  const { taskId, task, signature, serial } = record;
  const atHand = accepted && accepted.receipt.proof.length <= carriedProof ? accepted : undefined;
  return async () => {
    const { prover: receiptProver, receipt } = atHand ?? await stored(store, record);
    return ["grant", {
      taskId,
      epoch: BigInt(epoch),
      output,
      grantMs,
      task,
      signature,
      serial,
      receiptProver,
      receipt,
    }];
  };
}

/** The job of an output that only this enode may do. */
export async function ownJob(
  record: TaskRecord,
  { output, epoch }: ActionOf<"grant">,
  version: ProjectVersion,
  store: TaskStore,
): Promise<OutputJob> {
  const { taskId, task, signature, serial } = record;
  const config = version.outputs[output];
  if (!config) throw new Error(`the project has no output ${output}`);
  const { prover, receipt } = await stored(store, record);
  // Only calls take arguments from it; when others are tried again it may be purged.
  const isCall = config.type === "ethereumContract" && config.mode === "direct" && !config.light;
  const [first] = isCall ? await store.messages(taskId) : [];
  return {
    taskId,
    task,
    signature,
    serial,
    epoch: BigInt(epoch),
    output,
    config,
    prover,
    receipt,
    firstMessage: first?.data,
  };
}

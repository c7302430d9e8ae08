import { getAddress } from "viem";
import type { Message, TaskPhase, TaskRecord } from "./da.ts";
import { ms, plainBytes, toHex } from "./encode.ts";

/** A row of `tasks` as `taskColumns` selects it. */
export interface TaskRow extends Record<string, unknown> {
  serial: bigint;
  task_hash: Uint8Array;
  chain_id: string;
  router: Uint8Array;
  project_id: bigint;
  version: string;
  program_id: Uint8Array;
  messages_root: Uint8Array;
  input_commitment: Uint8Array;
  nonce: string;
  signature: Uint8Array;
  phase: TaskPhase;
  machine: string | null;
  revision: number;
  message_count: number;
  packed: bigint;
}

export const taskColumns = [
  ...["serial", "task_hash", "chain_id", "router", "project_id", "version", "program_id"],
  ...["messages_root", "input_commitment", "nonce", "signature", "phase", "machine", "revision"],
  "message_count",
].map((column) => `t.${column}`).join(", ") + `, ${ms("t.packed_at")} as packed`;

export function taskOf(row: TaskRow): TaskRecord {
  return {
    serial: row.serial,
    taskId: toHex(row.task_hash),
    task: {
      chainId: BigInt(row.chain_id),
      router: getAddress(toHex(row.router)),
      projectId: row.project_id,
      version: row.version,
      programId: toHex(row.program_id),
      messagesRoot: toHex(row.messages_root),
      inputCommitment: toHex(row.input_commitment),
      nonce: BigInt(row.nonce),
    },
    signature: toHex(row.signature),
    phase: row.phase,
    machine: row.machine,
    revision: row.revision,
    messageCount: row.message_count,
    packedAt: Number(row.packed),
  };
}

/** A row of `messages` with its data still there. */
export interface MessageRow extends Record<string, unknown> {
  id: string;
  project_id: bigint;
  project_version: string;
  client_id: string;
  data: Uint8Array;
  salt: Uint8Array;
  received: bigint;
}

export const messageOf = (row: MessageRow): Message => ({
  id: row.id,
  projectId: row.project_id,
  version: row.project_version,
  clientId: row.client_id,
  data: plainBytes(row.data),
  salt: plainBytes(row.salt),
  receivedAt: Number(row.received),
});

import type { Address, Hex } from "viem";
import type { Receipt } from "../../runtimes/runtime.ts";
import type { OutputConfig } from "../project/types.ts";
import type { Task } from "../protocol/task.ts";

/** One output of one proved task, granted to this node. */
export interface OutputJob {
  readonly taskId: Hex;
  readonly task: Task;
  /** The operator's signature over the task. */
  readonly signature: Hex;
  readonly serial: bigint;
  /** Epoch of the grant; reports carry it back. */
  readonly epoch: bigint;
  /** Index in the project's list of outputs. */
  readonly output: number;
  readonly config: OutputConfig;
  /** Whom the proof is bound to, and who is credited. */
  readonly prover: Address;
  readonly receipt: Receipt;
  /** The first message's data: where direct contracts take arguments from. Enode only. */
  readonly firstMessage: Uint8Array | undefined;
  /**
   * Whether the grant still holds. Asked last before the output can no longer be taken back; what
   * was begun by then is followed to its end. Left out: it holds for as long as the node runs.
   */
  readonly live?: (() => boolean) | undefined;
}

/**
 * What became of a job. `sent` may come several times (fee bump, reorg). `retry`: not now, ask
 * again later, perhaps somebody else. `early`: the router, which it follows, is yet to have the
 * task; nothing was tried. `dead`: no retry can help; a person must look.
 */
export interface OutputReport {
  readonly taskId: Hex;
  readonly epoch: bigint;
  readonly output: number;
  readonly state: "sent" | "confirmed" | "early" | "retry" | "dead";
  /** Transaction hash, or another reference a person can look up. */
  readonly reference: string;
  /** For people: why it failed, decoded where possible. Never private data. */
  readonly comment: string;
}

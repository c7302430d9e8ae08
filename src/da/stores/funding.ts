/** Fees of tasks. */
import type { Hex } from "viem";
import type { TaskRecord } from "./tasks.ts";

/** Tasks whose fee is set aside on the chain before they are dispatched. */
export interface FundingStore {
  /**
   * Tasks that wait for it, at most so many a project; no other node gets them for `holdMs`.
   * @param lateMs only those that nobody has looked at for so long
   */
  due(holdMs: number, perProject: number, lateMs?: number): Promise<TaskRecord[]>;
  /** Keeps tasks that are being funded from other nodes. */
  hold(taskIds: readonly Hex[], holdMs: number): Promise<void>;
  /**
   * Gives tasks to dispatch.
   * @param until ms since 1970 from which the fee may go back; undefined: there is none
   */
  funded(taskIds: readonly Hex[], until: number | undefined): Promise<void>;
  /** Has tasks looked at again in `ms`; the comment, where it is new, goes into their lives. */
  putOff(taskIds: readonly Hex[], ms: number, comment: string): Promise<void>;
  /** Tasks whose fee may go back. */
  overdue(limit: number): Promise<{ readonly taskId: Hex; readonly projectId: bigint }[]>;
  /** Nothing is set aside any more; what was refunded and has not ended is due again. */
  released(taskIds: readonly Hex[], refunded: boolean): Promise<void>;
}

/** What people look at. */
import type { Address, Hex } from "viem";
import type { VmType } from "../../../runtimes/runtime.ts";
import type { StateEntry, TaskState } from "./tasks.ts";

/** A task as lists have it. Times are ms since 1970, by the database's clock. */
export interface ListedTask {
  readonly serial: bigint;
  readonly taskId: Hex;
  readonly projectId: bigint;
  readonly version: string;
  readonly state: TaskState;
  readonly messageCount: number;
  readonly packedAt: number;
  readonly endedAt: number | undefined;
}

export interface TaskDetails extends ListedTask {
  readonly programId: Hex;
  readonly purgedAt: number | undefined;
  /** The newest of its life, oldest first, the dispatcher's own entries too; so are the others. */
  readonly states: readonly StateEntry[];
  readonly outputs: readonly {
    readonly index: number;
    readonly attempt: number;
    readonly state: string;
    readonly reference: string;
    readonly by: string;
    readonly comment: string;
    readonly at: number;
  }[];
  readonly leases: readonly {
    readonly epoch: number;
    readonly prover: Address;
    readonly rank: number;
    readonly at: number;
  }[];
  readonly proofs: readonly {
    readonly prover: Address;
    readonly vmType: VmType;
    readonly verdict: "valid" | "unverifiable";
    readonly bindingKind: string;
    readonly at: number;
  }[];
}

/** Tasks, or failures, of a page. */
export const pageRows = 50;

/** For people to look at. */
export interface ViewStore {
  /**
   * Tasks, and messages in them, by project and state. To be called now and then: it sums up what
   * was appended since, where that is much.
   */
  tally(): Promise<
    readonly {
      readonly projectId: bigint;
      readonly state: TaskState;
      readonly tasks: number;
      readonly messages: number;
    }[]
  >;
  /** `pageRows`, newest first, from before the serial `before`. */
  tasks(
    page: {
      readonly projectId?: bigint | undefined;
      readonly state?: TaskState | undefined;
      readonly before?: bigint | undefined;
    },
  ): Promise<ListedTask[]>;
  /** By the enode's number, or by the 32-byte id. */
  task(id: bigint | Hex): Promise<TaskDetails | undefined>;
  /** The first messages of a task; who sent them is private. */
  messagesOf(serial: bigint): Promise<
    readonly {
      readonly id: string;
      readonly clientId: string;
      readonly bytes: number;
      readonly receivedAt: number;
    }[]
  >;
  /** Tasks that failed and outputs that will not be done, by pages as the tasks. */
  failures(before?: bigint): Promise<
    readonly {
      readonly entry: bigint;
      readonly at: number;
      readonly by: string;
      readonly reason: string;
      readonly task: ListedTask;
    }[]
  >;
  /** The newest proofs, of a day at most, and how long after the lease they were here. */
  proofs(): Promise<
    readonly {
      readonly vmType: VmType;
      readonly prover: Address;
      readonly at: number;
      readonly tookMs: number;
    }[]
  >;
}

/** Messages that become tasks. */
import type { Hex } from "viem";
import type { Task } from "../../protocol/task.ts";
import type { Message } from "./messages.ts";
import type { TaskRecord } from "./tasks.ts";

/** Unpacked messages that may become one or more tasks. */
export interface PendingGroup {
  readonly projectId: bigint;
  readonly version: string;
  readonly group: string;
  readonly count: number;
  readonly bytes: number;
  /** Milliseconds since the oldest arrived, by the database's clock. */
  readonly ageMs: number;
}

/** What the packer makes of a run of messages. */
export interface PackedTask {
  readonly task: Task;
  readonly taskId: Hex;
  readonly signature: Hex;
  /** Salt of the task's input commitment. */
  readonly inputSalt: Uint8Array;
  /** Leaf hashes of the messages, in order; computed again when left out. */
  readonly leaves?: readonly Hex[];
  /** What the program reads instead of the messages' data, where a packer made it. */
  readonly input?: readonly Uint8Array[];
  /** Dispatch does not get it before `FundingStore.funded`. */
  readonly unfunded?: boolean;
}

/** Some of the messages that could be packed, and the task that they become. */
export interface PackedGroup {
  readonly messages: readonly Message[];
  readonly packed: PackedTask;
}

/** Packing: messages become tasks in one transaction each. */
export interface PackStore {
  pending(): Promise<PendingGroup[]>;
  /**
   * Takes the oldest unpacked messages of the group, at most `maxCount` and `maxBytes` (always at
   * least one), lets `build` make a task of them, and commits both. Answers undefined, writing
   * nothing, when `build` gives undefined, when there are none, or when another node packs the
   * group right now. At most one packer works on a group, over all nodes on this database.
   */
  pack(
    group: Pick<PendingGroup, "projectId" | "version" | "group">,
    limits: { readonly maxCount: number; readonly maxBytes: number },
    build: (messages: readonly Message[]) => Promise<PackedTask | undefined>,
  ): Promise<TaskRecord | undefined>;
  /**
   * The same for a project's own packer: of the oldest messages `build` makes any number of tasks,
   * each of some of them; the others stay unpacked. Each task is committed by itself, in order.
   */
  packEach(
    group: Pick<PendingGroup, "projectId" | "version" | "group">,
    limits: { readonly maxCount: number; readonly maxBytes: number },
    build: (messages: readonly Message[]) => Promise<readonly PackedGroup[]>,
  ): Promise<TaskRecord[] | undefined>;
  /** Wakes when messages were appended or a task was packed, by this or another node. */
  onAppended(listener: () => void): () => void;
}

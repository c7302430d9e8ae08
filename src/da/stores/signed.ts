/** Tasks as they are published. */
import type { Hex } from "viem";
import type { SignedTask } from "../../protocol/task_block.ts";

/** A task with its leaves, as its block has them; they outlive its messages' data. */
export interface StoredSigned extends SignedTask {
  readonly serial: bigint;
  /** Whether its payload's time is over, and so its block's. */
  readonly purged: boolean;
}

/** A task with more leaves comes alone. */
interface BatchLimits {
  readonly tasks: number;
  readonly leaves: number;
}

/** Where a message is in its task, and what became of the task. */
export interface Inclusion {
  readonly message: {
    readonly id: string;
    readonly projectId: bigint;
    readonly version: string;
    readonly clientId: string;
    /** 32 bytes; undefined once it is purged. */
    readonly salt: Uint8Array | undefined;
  };
  readonly index: number;
  readonly task: StoredSigned;
  /** The newest state of each output, by index. */
  readonly outputs: readonly {
    readonly index: number;
    readonly state: string;
    readonly reference: string;
  }[];
}

/** Tasks as they are published, for those who keep their blocks. */
export interface SignedTaskStore {
  get(taskId: Hex): Promise<StoredSigned | undefined>;
  /** By a message's id; undefined until the message is packed. */
  including(messageId: string): Promise<Inclusion | undefined>;
  /** The id of the task with this serial. */
  at(serial: bigint): Promise<Hex | undefined>;
  /**
   * Tasks after a serial and tasks of these serials, by serial. Serials are not committed in their
   * order: one that is left out may come later, or never.
   */
  packed(after: bigint, missing: readonly bigint[], most: BatchLimits): Promise<StoredSigned[]>;
  /** Tasks whose payload was purged after this one's, in that order; a minute late. */
  purged(
    after: { readonly at: string; readonly serial: bigint },
    most: BatchLimits,
  ): Promise<(StoredSigned & { readonly at: string })[]>;
}

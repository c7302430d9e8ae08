/** Tasks, their lives and their outputs. */
import type { Address, Hex } from "viem";
import type { Receipt } from "../../../runtimes/runtime.ts";
import type { Assignment, Batch } from "../../protocol/assignment.ts";
import type { Stated, StatementKind } from "../../protocol/signed_bytes.ts";
import type { Task } from "../../protocol/task.ts";
import type { Signed } from "../../protocol/wire.ts";
import type { Message } from "./messages.ts";

/** `packed → dispatched → proved | failed`; `received` is a message's alone (DESIGN R6). */
export const taskPhases = ["packed", "dispatched", "proved", "failed"] as const;
export type TaskPhase = typeof taskPhases[number];

/**
 * What people are told of a task: its phase, but `outputted` once all of its outputs are confirmed,
 * and `failed` as soon as one will not be done.
 */
export const taskStates = ["packed", "dispatched", "proved", "outputted", "failed"] as const;
export type TaskState = typeof taskStates[number];

/** One entry of a task's append-only life. */
export interface StateEntry {
  readonly state: string;
  /** Milliseconds since 1970, by the database's clock. */
  readonly at: number;
  /** Who reported it: an address, a peer, or the stage. */
  readonly by: string;
  readonly comment: string;
  readonly result: string;
}

export type NewStateEntry = Omit<StateEntry, "at">;

/** A task as dispatch drives it. `machine` is the dispatcher's own serialised state. */
export interface TaskRecord {
  readonly serial: bigint;
  readonly taskId: Hex;
  readonly task: Task;
  readonly signature: Hex;
  readonly phase: TaskPhase;
  /** JSON; null for a task that dispatch has not touched yet. */
  readonly machine: string | null;
  /** Grows by one with each `save`; a save with an old one is refused. */
  readonly revision: number;
  readonly messageCount: number;
  /** Milliseconds since 1970, by the database's clock. */
  readonly packedAt: number;
}

/** Who got a lease and why, signed: `Assignment` of the protocol with the text it has the hash of. */
export interface AssignmentRecord extends Assignment {
  /** JSON of `Skipped`. */
  readonly skipped: string;
  readonly batch: Batch;
}

/** What a znode signed under a lease. */
export type StatementRecord = {
  [K in StatementKind]: { readonly kind: K; readonly signed: Signed<Stated[K]> };
}[StatementKind];

/** What `save` writes, in one transaction. */
export interface TaskUpdate {
  readonly taskId: Hex;
  readonly revision: number;
  readonly phase: TaskPhase;
  /** JSON. */
  readonly machine: string;
  /** When dispatch must look at it again, ms by the database's clock; null: never (it is done). */
  readonly wakeAt: number | null;
  /** Whether an output will not be done. Default false. */
  readonly dead?: boolean;
  readonly log: readonly NewStateEntry[];
  /** A receipt that was verified, stored with the state that it proves. */
  readonly receipt?: {
    readonly prover: Address;
    readonly receipt: Receipt;
    readonly verdict: "valid" | "unverifiable";
  };
  /** What the lease or the receipt rests on; of a kind that is stored for the lease already, nothing. */
  readonly statements?: readonly StatementRecord[];
  readonly outputs?: readonly {
    readonly index: number;
    readonly attempt: number;
    readonly state: string;
    readonly reference: string;
    readonly by: string;
    /** Why. */
    readonly comment: string;
  }[];
  /** Leases that were accepted. */
  readonly assignments?: readonly AssignmentRecord[];
}

export interface TaskStatus {
  readonly serial: bigint;
  readonly taskId: Hex;
  readonly projectId: bigint;
  readonly version: string;
  /** Whether its payload's time is over. */
  readonly purged: boolean;
  readonly states: readonly StateEntry[];
}

/** An output that waits for a person. */
export interface DeadOutput {
  readonly id: bigint;
  readonly projectId: bigint;
  readonly serial: bigint;
  readonly taskId: Hex;
  /** Index in the project's list. */
  readonly output: number;
  readonly attempt: number;
  readonly at: number;
  readonly by: string;
  readonly reason: string;
}

/** Tasks and their outputs. */
export interface TaskStore {
  /**
   * Tasks that are due (`wakeAt` ≤ now, or new), oldest first, and from now on driven by `driver`
   * for `holdMs`; tasks that another live driver holds are left out.
   */
  claim(driver: string, holdMs: number, limit: number): Promise<TaskRecord[]>;
  /** Keeps this driver's claims for another `holdMs`. */
  renew(driver: string, holdMs: number): Promise<void>;
  /** False, and nothing written, when the revision is not the stored one. */
  save(update: TaskUpdate): Promise<boolean>;
  get(taskId: Hex): Promise<TaskRecord | undefined>;
  /** In the task's order. @throws when they were purged */
  messages(taskId: Hex): Promise<Message[]>;
  /**
   * What the program reads: the messages' data, or what the project's packer made of it.
   * @throws when it was purged
   */
  input(taskId: Hex): Promise<Uint8Array[]>;
  /** Leaf hashes of the task's messages, in order; they outlive the data. */
  leaves(taskId: Hex): Promise<Hex[]>;
  inputSalt(taskId: Hex): Promise<Uint8Array | undefined>;
  receipt(
    taskId: Hex,
  ): Promise<{ readonly prover: Address; readonly receipt: Receipt } | undefined>;
  /** By epoch. */
  assignments(taskId: Hex): Promise<AssignmentRecord[]>;
  /** By the enode's number, or by the 32-byte id. */
  status(projectId: bigint, task: bigint | Hex): Promise<TaskStatus | undefined>;
  /**
   * Proved tasks whose outputs were all confirmed after the instant (ms), or are under way, by
   * serial: those after `after`.
   */
  confirmedSince(
    since: number,
    after: bigint,
    limit: number,
  ): Promise<{ readonly serial: bigint; readonly taskId: Hex }[]>;
  /** Counts by phase, of all tasks. */
  counts(): Promise<Record<TaskPhase, number>>;
  /** Counts by phase, of those that wait or are worked on; what it costs grows with these alone. */
  openCounts(): Promise<Partial<Record<TaskPhase, number>>>;
  /** Outputs whose last attempt ended dead, newest first; one that a person had retried until it is granted. */
  deadOutputs(page: {
    readonly projectId?: bigint;
    /** Those before this id. */
    readonly before?: bigint;
    readonly limit: number;
  }): Promise<DeadOutput[]>;
  /** How many there are. */
  deadCount(): Promise<number>;
  /** Wakes when a task was packed, by this or another node. */
  onPacked(listener: () => void): () => void;
  /** Deletes data and salts of messages whose tasks ended before the instant; answers how many. */
  purge(projectId: bigint, version: string, endedBefore: number): Promise<number>;
}

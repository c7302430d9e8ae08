import type { Address, Hex } from "viem";
import type { Receipt, VmType } from "../../runtimes/runtime.ts";
import type { Assignment, Batch } from "../protocol/assignment.ts";
import type { Fault, FaultKind } from "../protocol/fault.ts";
import type { Stated, StatedUnder, StatementKind } from "../protocol/signed_bytes.ts";
import type { Task } from "../protocol/task.ts";
import type { SignedTask } from "../protocol/task_block.ts";
import type { Signed } from "../protocol/wire.ts";

/** A message as ingestion hands it over. */
export interface NewMessage {
  readonly projectId: bigint;
  readonly version: string;
  /** The sender, "" when unknown. */
  readonly clientId: string;
  readonly data: Uint8Array;
  /** Same (project, client, key): the first message's id is answered again. */
  readonly idempotencyKey: string | undefined;
  /** The packer never mixes groups; "" for the one group of most projects. */
  readonly group: string;
}

/** A message as it is stored. */
export interface Message {
  /** UUIDv7 text. */
  readonly id: string;
  readonly projectId: bigint;
  readonly version: string;
  readonly clientId: string;
  readonly data: Uint8Array;
  /** 32 random bytes, private like the data. */
  readonly salt: Uint8Array;
  /** Milliseconds since 1970, by the database's clock. */
  readonly receivedAt: number;
}

export type Appended =
  | {
    readonly id: string;
    readonly duplicate: boolean;
    /** The first message with the idempotency key has other data. */
    readonly differs?: boolean;
  }
  /** This row could not be stored; its batch-mates were. */
  | { readonly error: string };

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

export interface MessageStatus {
  readonly id: string;
  readonly projectId: bigint;
  readonly version: string;
  readonly group: string;
  readonly receivedAt: number;
  /** Undefined until packed. */
  readonly task:
    | { readonly projectId: bigint; readonly serial: bigint; readonly taskId: Hex }
    | undefined;
  readonly states: readonly StateEntry[];
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

/** Messages: durable before they are acknowledged (DESIGN R1). */
export interface MessageStore {
  /**
   * Resolves after the commit that made it durable. Calls in flight share commits, in which each
   * project that waits has its turn.
   * @throws {OverloadedError} when the queue before the database is full
   * @throws {ShareExceededError} when the project's share of it is
   */
  append(message: NewMessage): Promise<Appended>;
  /** All or, row by row, an error each; one answer a message, in order. */
  appendMany(messages: readonly NewMessage[]): Promise<Appended[]>;
  status(id: string): Promise<MessageStatus | undefined>;
  /** What is not stored yet. */
  readonly queued: { readonly rows: number; readonly bytes: number };
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
   * Tasks whose outputs were all confirmed after the instant (ms), by serial: those after `after`.
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

/** A transaction this node intends to send or has sent. */
export interface JournalEntry {
  /** Idempotency key: `<taskId>/<output index>`. */
  readonly key: string;
  readonly chainId: bigint;
  readonly sender: Address;
  readonly nonce: number;
  readonly state: "intended" | "sent" | "confirmed" | "replaced" | "abandoned";
  /** JSON of the request: to, data, value, gas; never a key. */
  readonly request: string;
  /** Every hash under which it was broadcast, newest last. */
  readonly hashes: readonly Hex[];
  readonly updatedAt: number;
}

/** The output module's memory: what makes sending survive a restart (DESIGN R2). */
export interface Journal {
  get(key: string): Promise<JournalEntry | undefined>;
  /**
   * Gives the key a nonce, in one transaction: the smallest that is ≥ `chainNonce` and not taken
   * by a live entry of (chain, sender). A key that has an entry keeps it.
   */
  reserve(
    entry: Pick<JournalEntry, "key" | "chainId" | "sender" | "request">,
    chainNonce: number,
  ): Promise<JournalEntry>;
  update(
    key: string,
    change: { state?: JournalEntry["state"]; addHash?: Hex; request?: string },
  ): Promise<void>;
  /** Entries that are not finished, oldest nonce first. */
  open(chainId: bigint, sender: Address): Promise<JournalEntry[]>;
  /** Gas spent under a project's name on a day (UTC `YYYY-MM-DD`), in wei. */
  spent(projectId: bigint, day: string): Promise<bigint>;
  addSpent(projectId: bigint, day: string, wei: bigint): Promise<void>;
}

/** An intent to send something to a chain without nonces. */
export interface NewIntent {
  /** Idempotency key: `<taskId>/<output index>`. */
  readonly key: string;
  readonly projectId: bigint;
  /** JSON; never a key. */
  readonly intent: string;
  /** What this try may cost, in the chain's smallest unit; counted to `day` (UTC `YYYY-MM-DD`). */
  readonly cost?: bigint;
  readonly day: string;
}

/** What was signed before it was sent, so that nothing is sent twice (DESIGN R2). */
export interface Intents {
  get(key: string): Promise<string | undefined>;
  /**
   * Replaces what `get` gave.
   * @returns false when another process replaced it first
   */
  save(intent: NewIntent, previous: string | undefined): Promise<boolean>;
  /** What a project may have cost on a day. */
  spent(projectId: bigint, day: string): Promise<bigint>;
}

/** The chain's view of projects, kept so that a restart resumes at the last block. */
export interface ChainView {
  cursor(contract: string): Promise<{ readonly block: bigint; readonly hash: Hex } | undefined>;
  /** Replaces rows and moves the cursor in one transaction. */
  save(
    contract: string,
    cursor: { readonly block: bigint; readonly hash: Hex },
    projects: readonly ChainProject[],
  ): Promise<void>;
  projects(contract: string): Promise<ChainProject[]>;
  /** Forgets cursor and rows, when the chain is another one than before. */
  reset(contract: string): Promise<void>;
}

export interface ChainProject {
  readonly id: bigint;
  readonly uri: string;
  readonly hash: Hex;
  readonly paused: boolean;
  /** Block of the last event that changed it. */
  readonly block: bigint;
}

export interface StoredFault {
  readonly id: bigint;
  /** Milliseconds since 1970, by the database's clock. */
  readonly at: number;
  readonly fault: Fault;
}

/** What znodes signed, and what of it is wrong. */
export interface EvidenceStore {
  /**
   * Stores a statement, unless there is one of its kind, lease and prover: that one is answered.
   * Of a task that is not here, nothing is stored.
   */
  first<K extends StatementKind>(
    kind: K,
    signed: Signed<Stated[K]>,
  ): Promise<Signed<Stated[K]> | undefined>;
  find<K extends StatementKind>(
    kind: K,
    under: StatedUnder,
  ): Promise<Signed<Stated[K]> | undefined>;
  /** False when one of this kind, lease and prover is stored, or too many are. */
  add(fault: Fault): Promise<boolean>;
  /** Newest first, from before the id `before`. */
  list(
    page: { readonly prover?: Address; readonly before?: bigint; readonly limit: number },
  ): Promise<StoredFault[]>;
  get(id: bigint): Promise<StoredFault | undefined>;
  /** Those of after `since`, ms by the database's clock; oldest first. */
  recent(
    since: number,
  ): Promise<{ readonly prover: Address; readonly kind: FaultKind; readonly at: number }[]>;
}

/** Faults that are to be reported: each enode of a database sees those of all. */
export interface ReportStore {
  /** One that is due, to this caller alone for `holdMs`; `report`: what became of it so far. */
  due(holdMs: number): Promise<StoredFault & { readonly report: string } | undefined>;
  /** Keeps others from it for longer. */
  hold(id: bigint, ms: number): Promise<void>;
  /** Looked at again later: after `firstMs`, and twice that each further time, `mostMs` at most. */
  putOff(
    id: bigint,
    pause: { readonly firstMs: number; readonly mostMs: number },
    reason: string,
  ): Promise<void>;
  end(id: bigint, outcome: string): Promise<void>;
}

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

/** The data-availability stage: one durable store, on PostgreSQL or embedded. */
export interface Da {
  readonly kind: "postgres" | "pglite";
  readonly messages: MessageStore;
  readonly packing: PackStore;
  readonly funding: FundingStore;
  readonly tasks: TaskStore;
  readonly signed: SignedTaskStore;
  readonly journal: Journal;
  readonly intents: Intents;
  readonly evidence: EvidenceStore;
  readonly reports: ReportStore;
  readonly chain: ChainView;
  readonly views: ViewStore;
  /** The database's clock, ms since 1970. */
  now(): Promise<number>;
  close(): Promise<void>;
}

/** Ingestion answers 503 with `Retry-After`. */
export class OverloadedError extends Error {
  constructor(readonly retryAfterSeconds: number, text = "the message queue is full") {
    super(text);
    this.name = "OverloadedError";
  }
}

/** The project alone has too much waiting; ingestion answers 429 with `Retry-After`. */
export class ShareExceededError extends OverloadedError {
  constructor(retryAfterSeconds: number) {
    super(retryAfterSeconds, "too many of the project's messages wait to be stored");
    this.name = "ShareExceededError";
  }
}

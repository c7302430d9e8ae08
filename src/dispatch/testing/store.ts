import type { Address, Hex } from "viem";
import type { Receipt } from "../../../runtimes/runtime.ts";
import type {
  AssignmentRecord,
  Message,
  NewStateEntry,
  PackedTask,
  TaskRecord,
  TaskStore,
} from "../../da/da.ts";
import { taskPhases } from "../../da/da.ts";
import type { OutputEntry } from "../state.ts";
import { MemoryEvidence } from "./evidence.ts";

interface Row {
  record: TaskRecord;
  wakeAt: number | null;
  driver: string | undefined;
  readonly messages: readonly Message[];
  readonly inputSalt: Uint8Array;
  readonly log: NewStateEntry[];
  readonly outputs: OutputEntry[];
  receipt: { prover: Address; receipt: Receipt } | undefined;
  readonly assignments: AssignmentRecord[];
}

/** A `TaskStore` in memory that outlives the dispatchers of a test, and can fail on demand. */
export class MemoryStore implements TaskStore {
  readonly rows = new Map<Hex, Row>();
  readonly #drivers = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  claims = 0;
  saves = 0;
  /** Where the statements of saves go, as in a database. */
  readonly evidence = new MemoryEvidence();
  /** Called before each save: may throw, or change rows as another node would. */
  beforeSave: (taskId: Hex) => void | Promise<void> = () => {};
  /** Called after each save that was written: a throw is an answer that got lost. */
  afterSave: (taskId: Hex) => void = () => {};

  add(packed: PackedTask, messages: readonly Message[]): TaskRecord {
    const { task, taskId, signature, inputSalt } = packed;
    const record: TaskRecord = {
      serial: BigInt(this.rows.size + 1),
      taskId,
      task,
      signature,
      phase: "packed",
      machine: null,
      revision: 0,
      messageCount: messages.length,
      packedAt: Date.now(),
    };
    this.rows.set(taskId, {
      record,
      wakeAt: 0,
      driver: undefined,
      messages,
      inputSalt,
      log: [],
      outputs: [],
      receipt: undefined,
      assignments: [],
    });
    for (const listener of this.#listeners) listener();
    return record;
  }

  states(taskId: Hex): string[] {
    return this.#row(taskId).log.map((entry) => entry.state);
  }

  row(taskId: Hex): Row {
    return this.#row(taskId);
  }

  claim(driver: string, holdMs: number, limit: number): Promise<TaskRecord[]> {
    this.claims++;
    const now = Date.now();
    this.#drivers.set(driver, now + holdMs);
    const due = [...this.rows.values()].filter((row) =>
      row.wakeAt !== null && row.wakeAt <= now &&
      (row.driver === undefined || row.driver === driver ||
        (this.#drivers.get(row.driver) ?? 0) <= now)
    ).slice(0, limit);
    for (const row of due) {
      row.driver = driver;
      row.wakeAt = now + holdMs;
    }
    return Promise.resolve(due.map((row) => row.record));
  }

  confirmedSince(_since: number, after: bigint, limit: number) {
    const rows = [...this.rows.values()].filter(({ record, wakeAt }) =>
      record.phase === "proved" && wakeAt === null && record.serial > after
    );
    return Promise.resolve(rows.slice(0, limit).map(({ record }) => record));
  }

  renew(driver: string, holdMs: number): Promise<void> {
    this.#drivers.set(driver, Date.now() + holdMs);
    return Promise.resolve();
  }

  async save(update: Parameters<TaskStore["save"]>[0]): Promise<boolean> {
    await this.beforeSave(update.taskId);
    const row = this.#row(update.taskId);
    if (row.record.revision !== update.revision) return false;
    const { phase, machine, revision } = update;
    if (taskPhases.indexOf(phase) < taskPhases.indexOf(row.record.phase)) {
      throw new Error(`back from ${row.record.phase} to ${phase}`);
    }
    this.saves++;
    row.record = { ...row.record, phase, machine, revision: revision + 1 };
    row.wakeAt = update.wakeAt;
    row.log.push(...update.log);
    row.outputs.push(...update.outputs ?? []);
    row.assignments.push(...update.assignments ?? []);
    for (const { kind, signed } of update.statements ?? []) await this.evidence.first(kind, signed);
    if (update.receipt) row.receipt ??= update.receipt;
    this.afterSave(update.taskId);
    return true;
  }

  get(taskId: Hex): Promise<TaskRecord | undefined> {
    return Promise.resolve(this.rows.get(taskId)?.record);
  }

  messages(taskId: Hex): Promise<Message[]> {
    return Promise.resolve([...this.#row(taskId).messages]);
  }

  input(taskId: Hex): Promise<Uint8Array[]> {
    return Promise.resolve(this.#row(taskId).messages.map(({ data }) => data));
  }

  leaves(): Promise<Hex[]> {
    throw new Error("dispatch needs no leaves");
  }

  inputSalt(taskId: Hex): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#row(taskId).inputSalt);
  }

  receipt(taskId: Hex): ReturnType<TaskStore["receipt"]> {
    return Promise.resolve(this.#row(taskId).receipt);
  }

  assignments(taskId: Hex): Promise<AssignmentRecord[]> {
    return Promise.resolve([...this.#row(taskId).assignments]);
  }

  status(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  counts(): ReturnType<TaskStore["counts"]> {
    const counts = { packed: 0, dispatched: 0, proved: 0, failed: 0 };
    for (const { record } of this.rows.values()) counts[record.phase]++;
    return Promise.resolve(counts);
  }

  async openCounts(): ReturnType<TaskStore["openCounts"]> {
    const { packed, dispatched } = await this.counts();
    return { packed, dispatched };
  }

  deadOutputs(): Promise<never[]> {
    return Promise.resolve([]);
  }

  deadCount(): Promise<number> {
    return Promise.resolve(0);
  }

  onPacked(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  purge(): Promise<number> {
    throw new Error("dispatch purges nothing");
  }

  #row(taskId: Hex): Row {
    const row = this.rows.get(taskId);
    if (!row) throw new Error(`no task ${taskId}`);
    return row;
  }
}

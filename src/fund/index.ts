/**
 * Sets the fees of tasks aside before they are dispatched, many in a transaction, and gives back
 * those of tasks that were not accepted in time.
 */
import type { Address, Hex } from "viem";
import { escrowCall, type EscrowItem, nativeRate, refundCall } from "../chain/rewards.ts";
import type { FundingStore, TaskRecord } from "../da/da.ts";
import { keccakHex } from "../keccak.ts";
import { hexToBytes } from "../hex.ts";
import { errorText, type Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { ProjectVersion, Reward } from "../project/types.ts";
import { startRounds } from "../rounds.ts";
import type { PoolView } from "./pool.ts";

export { poolView } from "./pool.ts";
export { fundedPacking } from "./packing.ts";
export { watchNeglected } from "./neglected.ts";

/** A call by the operator's key, sent once under its key, and followed to its end. */
export type SendCall = (
  call: { key: string; projectId: bigint; to: Address; data: Hex },
  signal: AbortSignal,
) => Promise<void>;

export interface FundDeps {
  readonly store: FundingStore;
  readonly projects: {
    forTask(
      id: bigint,
      version: string,
      programId: Hex,
      signal: AbortSignal,
    ): Promise<ProjectVersion>;
  };
  readonly pool: PoolView;
  readonly send: SendCall;
  /** Seconds that a task has from being funded until its fee may go back. */
  readonly termSeconds: number;
  /** Wakes when a task was packed. */
  readonly onPacked: (listener: () => void) => () => void;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "funding">;
  readonly idleMs?: number;
}

/** Most tasks of one transaction: 2.5 million gas. */
const batch = 32;
/** How long this node has what it claimed to itself, ms; renewed while a transaction is under way. */
const holdMs = 30_000;
/** Pause before a task that can't be funded is looked at again, ms. */
const retryMs = 3_000;

/** Starts the stage. Answers a function that stops it. */
export function startFund(deps: FundDeps): () => Promise<void> {
  const rounds = startRounds(
    (signal) => new FundStage(deps, signal),
    { name: "funding", idleMs: deps.idleMs ?? 1_000, log: deps.log },
  );
  const unsubscribe = deps.onPacked(rounds.wake);
  return async () => {
    unsubscribe();
    await rounds.stop();
  };
}

class FundStage {
  /** The router pays by the pool, which it never changes. */
  #sound = false;

  constructor(private readonly deps: FundDeps, private readonly signal: AbortSignal) {}

  /** Funds what is due and refunds what is overdue; true when there may be more. */
  async look(): Promise<boolean> {
    const due = await this.deps.store.due(holdMs, batch);
    const projects = Map.groupBy(due, ({ task }) => task.projectId);
    await Promise.all([...projects].map(async ([projectId, records]) => {
      try {
        await this.#fund(projectId, records);
      } catch (error) {
        if (this.signal.aborted) throw error;
        await this.#putOff(projectId, records, `its fee can't be set aside: ${errorText(error)}`);
      }
    }));
    const refunded = await this.#refund();
    return refunded || [...projects.values()].some((records) => records.length === batch);
  }

  async #fund(projectId: bigint, records: readonly TaskRecord[]): Promise<void> {
    await this.#assertSound();
    const { pool, store } = this.deps;
    const wanted: { record: TaskRecord; reward: Reward }[] = [];
    const unpaid: Hex[] = [];
    for (const record of records) {
      const { task, taskId } = record;
      const { projects } = this.deps;
      const version = await projects.forTask(
        projectId,
        task.version,
        task.programId,
        this.signal,
      );
      // Asked of the chain first: an earlier transaction may have done it.
      const [escrow, accepted] = await Promise.all([pool.escrowOf(taskId), pool.accepted(taskId)]);
      if (escrow) await store.funded([taskId], Number(escrow.deadline) * 1000);
      else if (accepted || !version.reward) unpaid.push(taskId);
      else wanted.push({ record, reward: version.reward });
    }
    if (unpaid.length > 0) await store.funded(unpaid, undefined);
    if (wanted.length === 0) return;

    let left = await pool.depositOf(projectId);
    const affordable = wanted.filter(({ reward }) => {
      if (reward.maxFee > left) return false;
      left -= reward.maxFee;
      return true;
    });
    const poor = wanted.filter((w) => !affordable.includes(w));
    if (affordable.length > 0) await this.#escrow(projectId, affordable);
    const [first] = poor;
    if (!first) return;
    const comment =
      `waits for its fee: what is left of the project's deposit, ${left}, is less than the ` +
      `${first.reward.maxFee} of a task; add to it by: ws rewards deposit ${projectId} <amount>`;
    await this.#putOff(projectId, poor.map(({ record }) => record), comment);
  }

  async #assertSound(): Promise<void> {
    if (this.#sound) return;
    const problem = await this.deps.pool.problem();
    if (problem !== undefined) throw new Error(problem);
    this.#sound = true;
  }

  async #escrow(projectId: bigint, tasks: readonly { record: TaskRecord; reward: Reward }[]) {
    const { pool, store, termSeconds, metrics, log } = this.deps;
    const deadline = await pool.now() + BigInt(termSeconds);
    const items = tasks.map(({ record: { task }, reward }): EscrowItem => ({
      task,
      maxFee: reward.maxFee,
      fee: reward.fee,
      gasRate: reward.gasRate ?? nativeRate,
      deadline,
    }));
    const taskIds = tasks.map(({ record }) => record.taskId);
    await this.#holding(taskIds, () => this.#send("fund", projectId, escrowCall(items)));
    await store.funded(taskIds, Number(deadline) * 1000);
    metrics.funding.inc({ project: `${projectId}`, result: "escrowed" }, taskIds.length);
    log.info({ project: `${projectId}`, tasks: taskIds }, "fees set aside");
  }

  async #putOff(projectId: bigint, records: readonly TaskRecord[], comment: string) {
    const { store, metrics, log } = this.deps;
    await store.putOff(records.map(({ taskId }) => taskId), retryMs, comment.slice(0, 1000));
    metrics.funding.inc({ project: `${projectId}`, result: "waiting" }, records.length);
    const tasks = records.map(({ taskId }) => taskId);
    log.warn({ project: `${projectId}`, tasks }, comment);
  }

  /** What nobody had accepted until its time was over goes back to its project. */
  async #refund(): Promise<boolean> {
    const { store, pool, metrics } = this.deps;
    const overdue = await store.overdue(batch);
    if (overdue.length === 0) return false;
    const now = await pool.now();
    const open: typeof overdue[number][] = [];
    for (const entry of overdue) {
      const escrow = await pool.escrowOf(entry.taskId);
      if (!escrow) await store.released([entry.taskId], false);
      else if (escrow.deadline <= now) open.push(entry);
    }
    for (const [projectId, entries] of Map.groupBy(open, (entry) => entry.projectId)) {
      const taskIds = entries.map(({ taskId }) => taskId);
      try {
        await this.#send("refund", projectId, refundCall(taskIds));
      } catch (error) {
        if (this.signal.aborted) throw error;
        this.deps.log.warn(
          { project: `${projectId}`, tasks: taskIds },
          `fees stay: ${errorText(error)}`,
        );
        continue;
      }
      await store.released(taskIds, true);
      metrics.funding.inc({ project: `${projectId}`, result: "refunded" }, taskIds.length);
      this.deps.log.info({ project: `${projectId}`, tasks: taskIds }, "fees given back");
    }
    return false;
  }

  #send(what: string, projectId: bigint, data: Hex): Promise<void> {
    const key = `${what}~${keccakHex(hexToBytes(data))}`;
    return this.deps.send({ key, projectId, to: this.deps.pool.address, data }, this.signal);
  }

  /** Keeps other nodes from what a transaction is under way for. */
  async #holding<T>(taskIds: readonly Hex[], work: () => Promise<T>): Promise<T> {
    const timer = setInterval(() => {
      this.deps.store.hold(taskIds, holdMs).catch((error) =>
        this.deps.log.warn(`tasks can't be held: ${errorText(error)}`)
      );
    }, holdMs / 3);
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  }
}

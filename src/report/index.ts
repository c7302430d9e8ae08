/**
 * Reports the faults that this enode keeps to the slasher: each once, after the slasher was asked
 * without sending. What it does not take now is asked about again, less and less often.
 */
import { type Address, formatEther, type Hex } from "viem";
import type { ReportStore } from "../da/da.ts";
import { errorText, type Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { type Fault, faultOf } from "../protocol/index.ts";
import { startRounds } from "../rounds.ts";
import type { SlasherView } from "./slasher.ts";

export { slasherView } from "./slasher.ts";

/** A call by the operator's key, sent once under its key, and followed to its end. */
export type SendCall = (
  call: { key: string; projectId: bigint; to: Address; data: Hex },
  signal: AbortSignal,
) => Promise<void>;

export interface ReportDeps {
  readonly store: ReportStore;
  readonly slasher: SlasherView;
  readonly send: SendCall;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "reports">;
  readonly idleMs?: number;
  /** Before what can't be reported now is looked at again, ms; twice that each further time. */
  readonly retryMs?: number;
}

/** How long this node has a fault to itself, ms; renewed while it is under way. */
const holdMs = 30_000;
/** Longest pause before a fault is looked at again, ms. */
const mostRetryMs = 3_600_000;
/** Reports are no project's: what they cost is counted, and bounded, by themselves. */
const noProject = 0n;

/** Starts the stage. Answers a function that stops it. */
export function startReports(deps: ReportDeps): () => Promise<void> {
  const rounds = startRounds(
    (signal) => new ReportStage(deps, signal),
    { name: "reporting faults", idleMs: deps.idleMs ?? 2_000, log: deps.log },
  );
  return () => rounds.stop();
}

class ReportStage {
  constructor(private readonly deps: ReportDeps, private readonly signal: AbortSignal) {}

  /** Deals with one fault; false when none is due. */
  async look(): Promise<boolean> {
    const { store } = this.deps;
    const due = await store.due(holdMs);
    if (!due) return false;
    const { id, fault, report: before } = due;
    const timer = setInterval(() => {
      store.hold(id, holdMs).catch((error) =>
        this.deps.log.warn(`a fault can't be held: ${errorText(error)}`)
      );
    }, holdMs / 3);
    try {
      await this.#report(id, fault, before);
    } catch (error) {
      if (this.signal.aborted) throw error;
      await this.#putOff(id, fault, before, errorText(error));
    } finally {
      clearInterval(timer);
    }
    return true;
  }

  async #report(id: bigint, fault: Fault, before: string): Promise<void> {
    const { slasher, send, store, log, metrics } = this.deps;
    const prospect = await slasher.ask(fault);
    if (prospect.kind === "later") return await this.#putOff(id, fault, before, prospect.reason);
    if (prospect.kind === "never") {
      await store.end(id, prospect.reason);
      metrics.reports.inc({ result: "settled" });
      return log.info(fieldsOf(id, fault), `a fault is not reported: ${prospect.reason}`);
    }
    const { slasher: to, znodeId, data } = prospect;
    const { prover, taskId, epoch } = faultOf(fault);
    const key = `report~${to}~${prover}~${taskId}~${epoch}~${fault.kind}`;
    await send({ key, projectId: noProject, to, data }, this.signal);
    const taken = await slasher.taken(to, fault);
    const outcome = `reported: ${formatEther(taken)} taken from znode ${znodeId}`;
    await store.end(id, outcome);
    metrics.reports.inc({ result: "slashed" });
    log.warn({ ...fieldsOf(id, fault), znodeId: `${znodeId}` }, `a fault is ${outcome}`);
  }

  async #putOff(id: bigint, fault: Fault, before: string, reason: string): Promise<void> {
    const { store, log, metrics, retryMs = 15_000 } = this.deps;
    await store.putOff(id, { firstMs: retryMs, mostMs: mostRetryMs }, reason);
    metrics.reports.inc({ result: "waiting" });
    // Once a reason, not once a try.
    if (reason !== before) {
      log.warn(fieldsOf(id, fault), `a fault can't be reported now: ${reason}`);
    }
  }
}

function fieldsOf(id: bigint, fault: Fault) {
  const { prover, taskId: task, epoch } = faultOf(fault);
  return { fault: `${id}`, kind: fault.kind, prover, task, epoch: Number(epoch) };
}

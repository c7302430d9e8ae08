/** What the store tells, as the API answers it; what only the operator sees is left out for others. */
import type * as da from "../da/da.ts";
import type { VmType } from "../../runtimes/runtime.ts";
import { shownStates } from "../ingest/answers.ts";
import type { ListedTask, ProofTimes, Task } from "./schema.ts";

export const timeOf = (ms: number): string => new Date(ms).toISOString();

export const listedTask = (task: da.ListedTask): ListedTask => ({
  serial: `${task.serial}`,
  taskId: task.taskId,
  projectId: `${task.projectId}`,
  version: task.version,
  state: task.state,
  messages: task.messageCount,
  packedAt: timeOf(task.packedAt),
  endedAt: task.endedAt === undefined ? null : timeOf(task.endedAt),
});

/** @param messages for the operator, who sees the dispatcher's own entries too */
export const taskAnswer = (
  task: da.TaskDetails,
  waits: string | undefined,
  messages: Awaited<ReturnType<da.ViewStore["messagesOf"]>> | undefined,
): Task => ({
  ...listedTask(task),
  programId: task.programId,
  purgedAt: task.purgedAt === undefined ? null : timeOf(task.purgedAt),
  waits: waits ?? null,
  states: task.states.filter(({ state }) => messages || shownStates.has(state))
    .map(({ state, at, by, comment, result }) => ({
      ...{ state, time: timeOf(at), comment, result },
      ...(messages ? { by } : {}),
    })),
  leases: task.leases.map(({ at, ...lease }) => ({ ...lease, time: timeOf(at) })),
  proofs: task.proofs.map(({ at, ...proof }) => ({ ...proof, time: timeOf(at) })),
  outputs: task.outputs.map(({ at, ...output }) => ({ ...output, time: timeOf(at) })),
  ...(messages
    ? {
      messageList: messages.map(({ receivedAt, ...message }) => ({
        ...message,
        time: timeOf(receivedAt),
      })),
    }
    : {}),
});

/** Upper ends of the histogram's buckets, seconds. */
const bounds = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600];

/** The value below which a share of the sorted values is. */
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

export const medianOf = (values: readonly number[]): number =>
  quantile([...values].sort((a, b) => a - b), 0.5);

export function proofTimes(
  proofs: readonly { readonly vmType: VmType; readonly tookMs: number }[],
): ProofTimes {
  const byRuntime = Map.groupBy(proofs, ({ vmType }) => vmType);
  const runtimes = [...byRuntime].map(([vmType, own]) => {
    const seconds = own.map(({ tookMs }) => tookMs / 1000).sort((a, b) => a - b);
    const buckets = new Array<number>(bounds.length + 1).fill(0);
    for (const time of seconds) {
      const found = bounds.findIndex((bound) => time <= bound);
      const bucket = found < 0 ? bounds.length : found;
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    return {
      vmType,
      proofs: seconds.length,
      medianSeconds: quantile(seconds, 0.5),
      p95Seconds: quantile(seconds, 0.95),
      buckets,
    };
  });
  return { bounds, runtimes: runtimes.sort((a, b) => a.vmType < b.vmType ? -1 : 1) };
}

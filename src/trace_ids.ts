/**
 * Every node of a network finds the ids of a task's spans by itself, of the task's id: they join in
 * one trace with nothing about them on the wire.
 */
import { createHash } from "node:crypto";
import type { Hex } from "viem";

/** A span's ids, in hex: 16 and 8 bytes. */
export interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
}

/** A task's trace, and the span that it begins with. */
export const taskSpan = (taskId: Hex): SpanIds => ({
  traceId: traceOfTask(taskId),
  spanId: taskId.slice(34, 50),
});

export const traceOfTask = (taskId: string): string => taskId.slice(2, 34);

/** A task's lease or grant: these share one count of epochs. */
export function attemptSpan(taskId: Hex, epoch: number | bigint): SpanIds {
  const spanId = BigInt(`0x${taskId.slice(50, 66)}`) ^ BigInt(epoch);
  return { traceId: traceOfTask(taskId), spanId: spanId.toString(16).padStart(16, "0") };
}

/** Of a message; hashed, as whoever knows a message's id may ask for its receipt. */
export function messageSpan(id: string): SpanIds {
  const hash = createHash("sha256").update(`w3bstream trace ${id}`).digest("hex");
  return { traceId: hash.slice(0, 32), spanId: hash.slice(32, 48) };
}

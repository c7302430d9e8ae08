import type { PendingGroup } from "../da/da.ts";
import type { PackingRule } from "../project/types.ts";
import { limits } from "../protocol/index.ts";

/** Bounds on the next task of a group. */
export interface TaskBounds {
  readonly maxCount: number;
  readonly maxBytes: number;
}

/** What to do with a group now; `wait` in ms, undefined: until more messages come. */
export type Decision =
  | { readonly pack: TaskBounds }
  | { readonly wait: number | undefined };

/** What fits into one payload frame beside its other fields. */
export const payloadBytes = limits.directFrame - 512 * 1024;

/** The bounds of a rule's tasks, and of what can be sent to a znode. */
export function boundsOf(rule: PackingRule): TaskBounds {
  return { maxCount: rule.count, maxBytes: Math.min(rule.bytes ?? payloadBytes, payloadBytes) };
}

/**
 * A task is due as soon as one of the rule's bounds is met: enough messages, enough bytes, or the
 * oldest message has waited for the window.
 */
export function decide(
  group: Pick<PendingGroup, "count" | "bytes" | "ageMs">,
  rule: PackingRule,
): Decision {
  const bounds = boundsOf(rule);
  if (group.count === 0) return { wait: undefined };
  if (group.count >= bounds.maxCount || group.bytes >= bounds.maxBytes) return { pack: bounds };
  if (rule.windowMs === undefined) return { wait: undefined };
  const left = rule.windowMs - group.ageMs;
  return left <= 0 ? { pack: bounds } : { wait: left };
}

/** Why a program can't compute tasks of this rule, if it can't. */
export function ruleProblem(
  rule: PackingRule,
  maxMessages: number | undefined,
): string | undefined {
  if (maxMessages === undefined || rule.count <= maxMessages) return undefined;
  return `packing.count is ${rule.count}, but the program takes at most ${maxMessages} messages`;
}

import type { PendingGroup } from "../da/da.ts";
import type { PackingRule } from "../project/types.ts";

/** Bounds on the next task of a group. */
export interface TaskBounds {
  readonly maxCount: number;
  readonly maxBytes: number;
}

/** What to do with a group now; `wait` in ms, undefined: until more messages come. */
export type Decision =
  | { readonly pack: TaskBounds }
  | { readonly wait: number | undefined };

/**
 * A task is due as soon as one of the rule's bounds is met: enough messages, enough bytes, or the
 * oldest message has waited for the window.
 */
export function decide(group: PendingGroup, rule: PackingRule): Decision {
  const bounds = { maxCount: rule.count, maxBytes: rule.bytes ?? Number.MAX_SAFE_INTEGER };
  if (group.count === 0) return { wait: undefined };
  if (group.count >= rule.count) return { pack: bounds };
  if (rule.bytes !== undefined && group.bytes >= rule.bytes) return { pack: bounds };
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

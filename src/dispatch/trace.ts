/** The spans of a task's leases and grants, as its machine goes from one state to the next. */
import type { Hex } from "viem";
import { attemptSpan, taskSpan } from "../trace_ids.ts";
import type { SpanAttributes, Tracing } from "../tracing.ts";
import type { State } from "./state.ts";

interface Attempt {
  readonly name: "lease" | "grant";
  readonly attributes: SpanAttributes;
}

export class TaskTrace {
  readonly #began = new Map<number, number>();

  constructor(private readonly taskId: Hex, private readonly tracing: Tracing) {}

  /** @param at ms by the database's clock */
  note(before: State, after: State, at: number): void {
    const [old, current] = [attempts(before), attempts(after)];
    for (const epoch of current.keys()) if (!old.has(epoch)) this.#began.set(epoch, at);
    for (const [epoch, { name, attributes }] of old) {
      if (current.has(epoch)) continue;
      this.tracing.record({
        name,
        own: attemptSpan(this.taskId, epoch),
        parent: taskSpan(this.taskId),
        // Of another process's time, after a restart.
        began: this.#began.get(epoch) ?? at,
        ended: at,
        attributes: { task: this.taskId, epoch, ...attributes, ...ending(after, epoch) },
      });
      this.#began.delete(epoch);
    }
  }
}

/** Those that are under way, by their epochs, which leases and grants of a task share. */
function attempts({ leases, outputs }: State): ReadonlyMap<number, Attempt> {
  const found = new Map<number, Attempt>();
  for (const { epoch, prover } of leases) {
    found.set(epoch, { name: "lease", attributes: { prover } });
  }
  for (const [output, { current, state }] of outputs.entries()) {
    if (!current || (state !== "granted" && state !== "sent")) continue;
    const { epoch, holder } = current;
    found.set(epoch, { name: "grant", attributes: { output, holder } });
  }
  return found;
}

/** What became of an output that is over. */
function ending({ outputs }: State, epoch: number): SpanAttributes {
  const output = outputs.find(({ grants }) => grants.at(-1)?.epoch === epoch);
  return output ? { state: output.state } : {};
}

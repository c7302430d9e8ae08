import type { NewStateEntry, TaskRecord } from "../da/da.ts";
import type { Desk } from "./desk.ts";

/** What log, metrics and listeners are told of a task. */
export class Told {
  /** States whose time was told, each once a task where this process alone drives it. */
  readonly #states = new Set<string>();

  constructor(private readonly desk: Desk) {}

  /** @param entries what was stored */
  note(record: TaskRecord, entries: readonly NewStateEntry[]): void {
    const { deps, clock } = this.desk;
    const { metrics, log } = deps;
    const { taskId, task, serial, packedAt } = record;
    const project = task.projectId.toString();
    for (const { state, by, comment } of entries) {
      // A task that is still packed did not reach that state here.
      if (state !== "packed") {
        metrics?.tasks.inc({ project, state });
        if (!this.#states.has(state)) {
          metrics?.taskSeconds.observe({ state }, (clock.at() - packedAt) / 1000);
        }
        this.#states.add(state);
        deps.onState?.(record, state);
      }
      const fields = { project, task: taskId, serial: serial.toString(), by, comment };
      log[state === "failed" ? "warn" : "info"](fields, state);
    }
  }
}

import type * as machine from "../machine.ts";
import type { EventBody, Rules, State, Step } from "../state.ts";
import { Judge } from "./judge.ts";

export type Machine = Pick<
  typeof machine,
  "create" | "load" | "step" | "wants" | "nextWake" | "done"
>;

/**
 * One task's machine, each step of which is shown to a judge. Whoever drives it does a step's
 * actions after `take`, and shows each to `judge.action` first.
 */
export class JudgedTask {
  readonly judge: Judge;
  state: State;
  #saved: State | undefined;

  constructor(private readonly m: Machine, private readonly rules: Rules, run: string) {
    this.judge = new Judge(rules);
    this.state = m.create(rules, run);
  }

  /** Lets an event happen; a durable step is saved. */
  take(at: number, body: EventBody): Step {
    const before = this.state;
    const next = this.m.step(before, { ...body, at });
    this.judge.step(at, before, next, body);
    this.state = next.state;
    if (next.durable) {
      this.#saved = next.state;
      this.judge.saved(next);
    }
    return next;
  }

  /** The driver is gone with all that was not saved; another one, named `run`, goes on from there. */
  restore(run: string): void {
    this.state = this.#saved
      ? this.m.load(JSON.stringify(this.#saved))
      : this.m.create(this.rules, run);
  }
}

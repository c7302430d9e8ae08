import * as machine from "../../src/dispatch/machine.ts";
import { TaskConduct } from "../../src/dispatch/score.ts";
import { JudgedTask } from "../../src/dispatch/testing/judged.ts";
import type { Enode } from "./enode.ts";
import type { Job } from "./population.ts";

/** A task's row in the database that all enodes share, and what became of it outside. */
export class SimTask {
  readonly judged: JudgedTask;
  /** Who drives it. */
  driver: Enode | undefined;
  /** What its driver saw of znodes in it. */
  conduct = new TaskConduct();
  /** When its driver looks at it next. */
  timerAt = Infinity;
  /** Numbers of the first znodes of the task's ranking, and of all, once they are needed. */
  first: readonly number[] | undefined;
  all: readonly number[] | undefined;
  /** Znodes that have an offer or a lease, and those that have a grant too, at its driver. */
  leased: readonly number[] = [];
  parts: readonly number[] = [];
  waits = false;
  /** When nothing more happened by itself. */
  endedAt: number | undefined;
  /** Whose result the router took. */
  acceptedOf: number | undefined;
  /** Proofs that hold, and were made to their end. */
  proofs = 0;
  dispatchedAt: number | undefined;

  constructor(readonly index: number, readonly job: Job) {
    this.judged = new JudgedTask(machine, job.rules, "nobody");
  }

  get state() {
    return this.judged.state;
  }
}

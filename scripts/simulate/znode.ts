/** A znode: accepts, proves and outputs as `src/prove` does, or does not, by its kind. */
import type { Action, EventBody } from "../../src/dispatch/state.ts";
import { key } from "../../src/dispatch/testing/judge.ts";
import { margin } from "../../src/prove/assignment.ts";
import type { Enode } from "./enode.ts";
import type { Profile } from "./population.ts";
import type { SimTask } from "./task.ts";
import type { World } from "./world.ts";

interface Assignment {
  readonly task: SimTask;
  readonly enode: Enode;
  readonly epoch: number;
  started: boolean;
  startedAt: number;
  renewedAt: number;
}

/** Until a frame is signed, and its task's signature checked, ms. */
const frameMs = 3;
/** Until a transaction is in a block, and then confirmed, ms. */
const [minedMs, confirmedMs] = [7_500, 5_000];

export class Znode {
  up = true;
  /** Cut off from all enodes. */
  cut = false;
  readonly #assignments = new Map<number, Assignment>();
  /** Tasks whose receipts are on its disk. */
  readonly #kept = new Set<number>();

  constructor(readonly profile: Profile, private readonly world: World) {}

  get index(): number {
    return this.profile.index;
  }

  get reachable(): boolean {
    return this.up && !this.cut;
  }

  die(): void {
    this.up = false;
    for (const a of [...this.#assignments.values()]) this.#end(a, false);
  }

  /** A frame of an enode arrived. */
  hear(enode: Enode, task: SimTask, action: Exclude<Action, { kind: "verify" }>): void {
    const { epoch } = action;
    if (action.kind === "lease") return this.#lease(enode, task, epoch);
    if (action.kind === "grant") return this.#grant(enode, task, action);
    const assignment = this.#assignments.get(task.index);
    const known = assignment?.epoch === epoch && assignment.enode === enode;
    if (action.kind === "cancel") {
      if (known) this.#end(assignment, false);
    } else if (known && !assignment.started) this.#prove(assignment);
  }

  #lease(enode: Enode, task: SimTask, epoch: number): void {
    const { prover, capacity } = this.profile;
    const known = this.#assignments.get(task.index);
    if (!known && this.#assignments.size >= capacity) {
      const refusal = { kind: "refuse", prover, epoch, retryable: true, reason: "busy" } as const;
      return this.#say(enode, task, refusal);
    }
    const { now } = this.world.clock;
    if (known?.epoch === epoch && known.enode === enode) known.renewedAt = now;
    else {
      if (known) this.#end(known, false);
      const fresh = { task, enode, epoch, started: false, startedAt: now, renewedAt: now };
      this.#assignments.set(task.index, fresh);
      this.#beat(fresh);
    }
    this.#say(enode, task, { kind: "accept", prover, epoch });
  }

  #prove(assignment: Assignment): void {
    const { clock, options } = this.world;
    const { task } = assignment;
    const { kind, speed } = this.profile;
    assignment.started = true;
    assignment.startedAt = clock.now;
    if (kind === "lazy") return;
    const work = kind === "liar"
      ? 1_000
      : this.#kept.has(task.index)
      ? options.verifyMs
      : task.job.workMs / speed;
    const { timeoutMs } = task.job.rules;
    clock.in(Math.min(work, timeoutMs), () => {
      if (!this.#has(assignment)) return;
      if (work > timeoutMs) return this.#giveUp(assignment);
      this.#finish(assignment);
    });
  }

  #finish(assignment: Assignment): void {
    const { task, enode, epoch } = assignment;
    const { prover, kind } = this.profile;
    if (kind !== "liar" && !this.#kept.has(task.index)) task.proofs++;
    if (kind !== "liar") this.#kept.add(task.index);
    const live = this.#live(assignment);
    this.#end(assignment, kind !== "liar");
    if (!live) return;
    task.judged.judge.truth.set(key(prover, epoch), kind === "liar" ? "invalid" : "valid");
    this.#say(enode, task, { kind: "receipt", prover, epoch });
  }

  #giveUp(assignment: Assignment): void {
    const { task, enode, epoch } = assignment;
    this.#end(assignment, false);
    const reason = "the proof took longer than the project allows";
    const { prover } = this.profile;
    this.#say(enode, task, { kind: "failure", prover, epoch, retryable: true, reason });
  }

  /** Renews the lease while there is work and a connection, and stops in time where there is none. */
  #beat(assignment: Assignment): void {
    const { clock, links } = this.world;
    const { enode, task, epoch } = assignment;
    clock.in(task.job.rules.leaseMs / 3, () => {
      if (!this.#has(assignment)) return;
      if (!this.#live(assignment)) return this.#end(assignment, false);
      this.#beat(assignment);
      // One lazy znode in two shows life until the project's time is over.
      const works = this.profile.kind !== "lazy" || this.index % 2 === 1;
      if (!assignment.started || !works || !links.has(enode, this)) return;
      this.#say(enode, task, { kind: "progress", prover: this.profile.prover, epoch });
      assignment.renewedAt = clock.now;
    });
  }

  #has(assignment: Assignment): boolean {
    return this.up && this.#assignments.get(assignment.task.index) === assignment;
  }

  #live({ renewedAt, task }: Assignment): boolean {
    return this.world.clock.now - renewedAt < task.job.rules.leaseMs * (1 - margin);
  }

  #end(assignment: Assignment, useful: boolean): void {
    const { clock, totals } = this.world;
    this.#assignments.delete(assignment.task.index);
    if (!assignment.started || this.profile.kind === "lazy" || this.profile.kind === "liar") return;
    const spent = clock.now - assignment.startedAt;
    totals.provedMs += spent;
    if (!useful) totals.abandonedMs += spent;
  }

  #grant(enode: Enode, task: SimTask, { epoch, output }: Action & { kind: "grant" }): void {
    if (this.profile.kind === "lazy") return;
    const { clock, random } = this.world;
    const say = (state: "sent" | "confirmed") =>
      this.up && this.#say(enode, task, {
        ...{ kind: "report", output, holder: this.profile.prover, epoch, state },
        ...{ reference: task.job.taskId, comment: "" },
      });
    clock.in(random.exponential(minedMs), () => {
      if (!this.up) return;
      // The router takes a task once; who comes second finds it done.
      task.acceptedOf ??= this.index;
      say("sent");
      clock.in(confirmedMs, () => say("confirmed"));
    });
  }

  #say(enode: Enode, task: SimTask, body: EventBody): void {
    const { clock, links } = this.world;
    clock.in(frameMs, () => links.toEnode(enode, this, () => enode.hear(this, task, body)));
  }
}

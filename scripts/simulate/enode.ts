/** An enode's dispatch: drives the machines of tasks as `src/dispatch/actor.ts` does. */
import type { Address } from "viem";
import { defaults } from "../../src/dispatch/deps.ts";
import { done, holders, nextWake, wants } from "../../src/dispatch/machine.ts";
import { leastBad, Scores, TaskConduct } from "../../src/dispatch/score.ts";
import { type Action, type EventBody, self } from "../../src/dispatch/state.ts";
import { key } from "../../src/dispatch/testing/judge.ts";
import type { SimTask } from "./task.ts";
import type { World } from "./world.ts";
import type { Znode } from "./znode.ts";

/** Until a step is committed, and its actions may follow, ms: less than a frame takes. */
const saveMs = 5;
/** How long a znode that said it is busy is left alone, ms. */
const busyMs = 500;
/** Until a task that found no znode looks again, ms. */
const waitMs = 500;

export class Enode {
  up = true;
  run: string;
  readonly #held = new Set<SimTask>();
  readonly #waiting = new Set<SimTask>();
  /** Tasks in which a znode has a part, by the znode's number. */
  readonly #parts = new Map<number, Set<SimTask>>();
  /** Offers and leases that a znode has of this enode. */
  readonly #busy: Uint16Array;
  readonly #restUntil: Float64Array;
  #scores: Scores;
  #checkedAt = 0;
  /** Most tasks that it drove at once. */
  mostHeld = 0;
  /** Longest that a receipt waited for its check, ms. */
  longestCheck = 0;

  constructor(readonly index: number, private readonly world: World) {
    this.run = `enode ${index}`;
    this.#busy = new Uint16Array(world.options.znodes);
    this.#restUntil = new Float64Array(world.options.znodes);
    this.#scores = this.#noScores();
  }

  #noScores(): Scores {
    return new Scores({ onBarred: (prover) => this.world.barred(prover) });
  }

  /** Tasks that it could take of the database. */
  get room(): number {
    if (!this.up) return 0;
    return 2 * this.world.capacity - this.#waiting.size;
  }

  /** The database gave it a task. */
  own(task: SimTask): void {
    const { clock, options } = this.world;
    task.driver = this;
    task.conduct = new TaskConduct();
    this.#held.add(task);
    this.mostHeld = Math.max(this.mostHeld, this.#held.size);
    // Nobody knows the hash of the next block when the task is signed.
    const block = Math.ceil(task.job.packedAt / options.blockMs) * options.blockMs;
    const { run } = this;
    clock.in(block - clock.now, () => {
      if (this.run !== run || task.driver !== this) return;
      this.post(task, { kind: "resume", run });
      for (const holder of holders(task.state)) {
        const znode = this.world.znodeOf(holder);
        if (znode && this.world.links.has(this, znode)) this.post(task, { kind: "linked", holder });
      }
    });
  }

  /** Its process ends; another enode gets its tasks when its hold is over. */
  die(): void {
    const { clock, links, database } = this.world;
    this.up = false;
    this.run += "'";
    const tasks = [...this.#held];
    for (const set of [this.#held, this.#waiting, this.#parts]) set.clear();
    this.#busy.fill(0);
    this.#scores = this.#noScores();
    links.closed(this);
    this.#checkedAt = 0;
    clock.in(defaults.holdMs, () => {
      for (const task of tasks) {
        task.judged.restore(this.run);
        Object.assign(task, {
          driver: undefined,
          timerAt: Infinity,
          waits: false,
          leased: [],
          parts: [],
        });
        database.push(task);
      }
      this.world.claim();
    });
  }

  linked(znode: Znode): void {
    this.#restUntil[znode.index] = 0;
    this.#each(znode, { kind: "linked", holder: znode.profile.prover });
  }

  gone(znode: Znode): void {
    this.#each(znode, { kind: "gone", prover: znode.profile.prover });
  }

  #each(znode: Znode, body: EventBody): void {
    for (const task of [...this.#parts.get(znode.index) ?? []]) this.post(task, body);
  }

  /** A frame of a znode arrived. */
  hear(znode: Znode, task: SimTask, body: EventBody): void {
    if (body.kind === "refuse" && body.retryable) {
      this.#restUntil[znode.index] = this.world.clock.now + busyMs;
    }
    // What is about a task of another enode is passed on to that one, by the database.
    task.driver?.post(task, body);
  }

  post(task: SimTask, body: EventBody): void {
    if (!this.up) return;
    const at = this.world.at;
    this.#step(task, at, body);
    this.#fill(task, at);
    this.#note(task);
    this.#rest(task, at);
  }

  #step(task: SimTask, at: number, body: EventBody): void {
    const { judged } = task;
    const before = judged.state;
    const next = judged.take(at, body);
    task.conduct.note(this.#scores, before, body, next.state, at);
    for (const { state } of next.log) this.world.reached(task, state);
    for (const action of next.actions) {
      judged.judge.action(at, task.state, action);
      this.#act(task, action);
    }
  }

  #act(task: SimTask, action: Action): void {
    const { clock, links } = this.world;
    const { run } = this;
    if (action.kind === "verify") return this.#verify(task, action.prover, action.epoch);
    const holder = "holder" in action ? action.holder : action.prover;
    const znode = this.world.znodeOf(holder);
    if (!znode) return;
    clock.in(saveMs, () => {
      if (this.run !== run) return;
      if (links.has(this, znode)) {
        links.toZnode(this, znode, () => znode.hear(this, task, action));
      } else if (action.kind === "lease" && task.driver === this) {
        this.post(task, { kind: "gone", prover: action.prover });
      }
    });
  }

  /** One receipt at a time, as in an enode's one process for checks. */
  #verify(task: SimTask, prover: Address, epoch: number): void {
    const { clock, options, totals } = this.world;
    const { run } = this;
    this.#checkedAt = Math.max(clock.now, this.#checkedAt) + options.verifyMs;
    const waits = this.#checkedAt - clock.now;
    this.longestCheck = Math.max(this.longestCheck, waits);
    clock.in(waits, () => {
      if (this.run !== run || task.driver !== this) return;
      const verdict = task.judged.judge.truth.get(key(prover, epoch)) ?? "invalid";
      if (verdict === "invalid") {
        totals.invalid++;
        this.#scores.charge(prover, "a proof that does not verify", this.world.at);
      }
      this.post(task, { kind: "verdict", prover, epoch, verdict, reason: "it does not hold" });
    });
  }

  #fill(task: SimTask, at: number): void {
    let waits = false;
    for (let w = wants(task.state, at); w.leases > 0; w = wants(task.state, at)) {
      const free = (p: Address) => !w.unavailable.has(p);
      const znode = this.#choose(task, (p) => free(p) && !w.tried.has(p)) ??
        this.#choose(task, free) ?? this.#lastResort(task, free);
      waits = znode === undefined;
      if (!znode) break;
      this.#step(task, at, { kind: "assign", prover: znode.profile.prover });
    }
    for (const { index: output, last } of wants(task.state, at).outputs) {
      const znode = this.#outputter(task, last);
      if (!znode) waits = true;
      else this.#step(task, at, { kind: "grant", output, holder: znode.profile.prover });
    }
    task.waits = waits;
    if (waits) this.#waiting.add(task);
    else this.#waiting.delete(task);
  }

  #barred(prover: Address): boolean {
    return this.#scores.barred(prover, this.world.at) !== undefined;
  }

  #offers(znode: Znode, { job }: SimTask): boolean {
    return this.world.links.has(this, znode) && znode.profile.offers[job.machine] === true;
  }

  #hasRoom({ index, profile }: Znode): boolean {
    return (this.#busy[index] ?? 0) < profile.capacity &&
      (this.#restUntil[index] ?? 0) <= this.world.clock.now;
  }

  /** The first of the task's ranking that could take it now. */
  #choose(task: SimTask, allowed: (prover: Address) => boolean) {
    const { znodes } = this.world;
    const fits = (i: number) => {
      const znode = znodes[i] as Znode;
      const { prover } = znode.profile;
      return this.#offers(znode, task) && this.#hasRoom(znode) && allowed(prover) &&
        !this.#barred(prover);
    };
    const found = this.world.orderOf(task, false).find(fits) ??
      this.world.orderOf(task, true).find(fits);
    return found === undefined ? undefined : znodes[found];
  }

  /** As `Assigning.free` where all who could are barred. */
  #lastResort(task: SimTask, allowed: (prover: Address) => boolean): Znode | undefined {
    const able = this.world.znodes
      .filter((znode) => this.#offers(znode, task) && allowed(znode.profile.prover));
    if (able.some(({ profile }) => !this.#barred(profile.prover))) return undefined;
    const idle = able.filter((znode) => this.#hasRoom(znode))
      .map(({ index, profile: { prover } }) => ({ index, prover, busy: this.#busy[index] ?? 0 }));
    const [least] = leastBad(idle, this.#scores, this.world.at);
    return least && this.world.znodes[least.index];
  }

  #outputter(task: SimTask, last: string | undefined): Znode | undefined {
    const { links, znodes } = this.world;
    const winner = this.world.znodeOf(task.state.winner?.prover ?? self);
    if (winner && winner.profile.prover !== last && links.has(this, winner)) return winner;
    const able = (z: Znode) => z.profile.prover !== last && links.has(this, z);
    return znodes.find((z) => able(z) && !this.#barred(z.profile.prover)) ?? znodes.find(able);
  }

  /** Keeps the tables of who has what. */
  #note(task: SimTask): void {
    const { state } = task;
    for (const i of task.leased) this.#busy[i] = (this.#busy[i] ?? 0) - 1;
    for (const i of task.parts) this.#parts.get(i)?.delete(task);
    const ended = done(state);
    const numbers = (list: Iterable<string>) =>
      ended ? [] : [...list].flatMap((holder) => this.world.znodeOf(holder)?.index ?? []);
    task.leased = numbers(state.leases.map(({ prover }) => prover));
    task.parts = numbers(holders(state));
    for (const i of task.leased) this.#busy[i] = (this.#busy[i] ?? 0) + 1;
    for (const i of task.parts) this.#parts.set(i, (this.#parts.get(i) ?? new Set()).add(task));
  }

  #rest(task: SimTask, at: number): void {
    const { clock } = this.world;
    if (done(task.state)) {
      this.#held.delete(task);
      this.world.ended(task);
      return;
    }
    const wake = nextWake(task.state, at);
    const due = Math.min(wake === undefined ? Infinity : wake - at, task.waits ? waitMs : Infinity);
    const timerAt = clock.now + Math.max(1, due);
    if (timerAt >= task.timerAt || timerAt === Infinity) return;
    task.timerAt = timerAt;
    clock.in(timerAt - clock.now, () => {
      if (task.driver !== this || task.timerAt !== timerAt) return;
      task.timerAt = Infinity;
      this.post(task, { kind: "tick" });
    });
  }
}

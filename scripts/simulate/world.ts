/** The network, and what happens to it. */
import { best } from "../../src/dispatch/ranking.ts";
import { VirtualClock } from "./clock.ts";
import { Enode } from "./enode.ts";
import { LinkTable } from "./links.ts";
import type { Options } from "./options.ts";
import { hashOf, makeJobs, makeZnodes, type Profile } from "./population.ts";
import { Random } from "./random.ts";
import { SimTask } from "./task.ts";
import { Znode } from "./znode.ts";

/** Machines take times since 1970. */
const epoch = 1_700_000_000_000;
/** First candidates of a task's ranking, which are nearly always enough. */
const firstFew = 16;
/** How long a znode that left is away, on average; a partition and an outage last, ms. */
const [awayMs, partitionMs, outageMs] = [60_000, 60_000, 120_000];
/** What is not over by then never will be. */
const longestMs = 6 * 3_600_000;

export interface Fault {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export class World {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly links: LinkTable;
  readonly znodes: readonly Znode[];
  readonly enodes: readonly Enode[];
  readonly tasks: readonly SimTask[];
  /** Tasks that no enode has, oldest first. */
  readonly database: SimTask[] = [];
  readonly faults: Fault[] = [];
  /** Tasks packed and not ended, each second. */
  readonly open: number[] = [];
  readonly totals = {
    ...{ events: 0, ended: 0, rankings: 0, fullRankings: 0, invalid: 0 },
    ...{ provedMs: 0, abandonedMs: 0, gossip: 0, gossipSent: 0 },
    bars: { honest: 0, slow: 0, lazy: 0, liar: 0 },
  };
  #packed = 0;
  #linkedCapacity = 0;
  readonly #profiles: readonly Profile[];
  readonly #byAddress = new Map<string, Znode>();

  constructor(readonly options: Options) {
    // Each part draws from numbers of its own, so that one option leaves the others' draws alone.
    this.random = new Random(options.seed);
    this.#profiles = makeZnodes(options, new Random(options.seed + 1e6));
    this.tasks = makeJobs(options, new Random(options.seed + 2e6))
      .map((job, i) => new SimTask(i, job));
    this.links = new LinkTable(this.clock, new Random(options.seed + 3e6), options);
    this.znodes = this.#profiles.map((profile) => new Znode(profile, this));
    for (const znode of this.znodes) this.#byAddress.set(znode.profile.prover, znode);
    this.#linkedCapacity = this.#profiles.reduce((sum, { capacity }) => sum + capacity, 0);
    this.enodes = Array.from({ length: options.enodes }, (_, i) => new Enode(i, this));
  }

  /** By the database's clock, ms. */
  get at(): number {
    return epoch + Math.round(this.clock.now);
  }

  /** Proofs that all znodes can make at once. */
  get capacity(): number {
    return this.#linkedCapacity;
  }

  znodeOf(address: string): Znode | undefined {
    return this.#byAddress.get(address);
  }

  run(): void {
    for (const znode of this.znodes) this.#dialAll(znode);
    this.#arrive(0);
    this.#sample();
    if (this.options.churn > 0) this.#churn();
    const last = this.tasks.at(-1)?.job.packedAt ?? 0;
    this.#partition(0.35 * last);
    this.#outage(0.65 * last);
    const over = () => this.totals.ended === this.tasks.length || this.clock.now > longestMs;
    this.totals.events = this.clock.run(over);
  }

  /** Gives what the database has to enodes that have room: which is first to ask is chance. */
  claim(): void {
    while (this.database.length > 0) {
      const able = this.enodes.filter((enode) => enode.room > 0);
      const enode = able[this.random.below(able.length)];
      const task = enode && this.database.shift();
      if (!enode || !task) return;
      enode.own(task);
    }
  }

  /** Numbers of the znodes in the order of the task's ranking: the first few, or all. */
  orderOf(task: SimTask, all: boolean): readonly number[] {
    const known = all ? task.all : task.first;
    if (known) return known;
    this.totals[all ? "fullRankings" : "rankings"]++;
    const block = Math.ceil(task.job.packedAt / this.options.blockMs);
    const seed = hashOf(`block ${this.options.seed} ${block}`);
    const count = all ? this.#profiles.length : firstFew;
    const order = best(seed, task.job.taskId, this.#profiles, count).map(({ index }) => index);
    return task[all ? "all" : "first"] = order;
  }

  /** A state was recorded, which is gossiped. */
  reached(task: SimTask, state: string): void {
    if (state === "packed") return;
    if (state === "dispatched") task.dispatchedAt ??= this.clock.now;
    this.#gossip(task.driver);
  }

  /** An enode barred a znode. */
  barred(prover: string): void {
    const znode = this.znodeOf(prover);
    if (znode) this.totals.bars[znode.profile.kind]++;
  }

  /** Nothing more happens to the task by itself. */
  ended(task: SimTask): void {
    if (task.endedAt !== undefined) return;
    task.endedAt = this.clock.now;
    task.first = task.all = undefined;
    this.totals.ended++;
  }

  /** Each linked peer gets each message, at once or when it asks; several share a frame. */
  #gossip(enode: Enode | undefined): void {
    this.totals.gossip++;
    if (enode) this.totals.gossipSent += this.links.count(enode);
  }

  #arrive(index: number): void {
    const task = this.tasks[index];
    if (!task) return;
    this.clock.in(task.job.packedAt - this.clock.now, () => {
      this.#packed++;
      this.database.push(task);
      this.#gossip(this.enodes[index % this.enodes.length]);
      this.claim();
      this.#arrive(index + 1);
    });
  }

  #sample(): void {
    this.open.push(this.#packed - this.totals.ended);
    this.clock.in(1_000, () => this.#sample());
  }

  #dialAll(znode: Znode): void {
    for (const enode of this.enodes) this.links.dial(enode, znode);
  }

  #leave(znode: Znode): void {
    for (const enode of this.enodes) this.links.silent(enode, znode);
  }

  #churn(): void {
    const { churn, znodes } = this.options;
    // So many leave in a second that `churn` of them are away.
    const everyMs = awayMs * (1 - churn) / churn / znodes;
    const next = () =>
      this.clock.in(this.random.exponential(everyMs), () => {
        const znode = this.znodes[this.random.below(znodes)] as Znode;
        if (znode.reachable) this.#kill(znode, this.random.exponential(awayMs));
        next();
      });
    next();
  }

  #kill(znode: Znode, ms: number): void {
    znode.die();
    this.#leave(znode);
    this.clock.in(ms, () => {
      znode.up = true;
      this.#dialAll(znode);
    });
  }

  #partition(from: number): void {
    const { partition } = this.options;
    if (partition === 0) return;
    this.faults.push({ name: "partition", from, to: from + partitionMs });
    this.clock.in(from, () => {
      const cut = this.znodes.filter(() => this.random.chance(partition));
      for (const znode of cut) {
        znode.cut = true;
        this.#leave(znode);
      }
      this.clock.in(partitionMs, () => {
        for (const znode of cut) {
          znode.cut = false;
          if (znode.up) this.#dialAll(znode);
        }
      });
    });
  }

  #outage(from: number): void {
    const { outage } = this.options;
    if (outage === 0) return;
    this.faults.push({ name: "outage", from, to: from + outageMs });
    this.clock.in(from, () => {
      for (const znode of this.znodes) {
        if (znode.up && this.random.chance(outage)) this.#kill(znode, outageMs);
      }
      const [enode] = this.enodes;
      if (!enode || this.enodes.length === 1) return;
      enode.die();
      this.clock.in(outageMs, () => {
        enode.up = true;
        for (const znode of this.znodes) this.links.dial(enode, znode);
      });
    });
  }
}

import { setImmediate } from "node:timers";
import type { Address, Hex } from "viem";
import { errorText } from "../log.ts";
import { Actor } from "./actor.ts";
import { Clock } from "./clock.ts";
import { defaults, type DispatchDeps, type DispatchOptions } from "./deps.ts";
import { type Desk, insist, pause, type TaskActor } from "./desk.ts";
import { watchFinality } from "./finality.ts";
import { whyNoRetry } from "./grants.ts";
import { load } from "./machine.ts";
import { OwnPlaces } from "./own_places.ts";
import { Peers } from "./peers.ts";
import { LinkReader } from "./reader.ts";
import { isEnodes } from "./rules.ts";
import { Semaphore } from "./semaphore.ts";
import { Signatures } from "./signatures.ts";
import { type Conduct, Standing } from "./standing.ts";
import { type EventBody, self } from "./state.ts";
import { Turns } from "./turns.ts";

export { type Candidate, type Choose, type DispatchDeps, type DispatchOptions } from "./deps.ts";

export interface Dispatch {
  /** Ends what is being saved, gives the tasks back to the database, and forgets the links. */
  stop(): Promise<void>;
  /**
   * Has a dead output of a task, or all of them, tried again (R6: as further attempts).
   * @param by who wants it, for the task's log
   */
  retry(taskId: Hex, output: number | undefined, by: string): Promise<Retried>;
  /** What is held against a znode. */
  conduct(prover: Address): Conduct;
  /** The linked znodes, and what they have. */
  znodes(): ReturnType<Peers["known"]>;
  /** What holds a task up here, for people; undefined where nothing is known to. */
  heldUpBy(taskId: Hex): string | undefined;
  /** Tasks in memory, those of them that wait for a znode, linked znodes, and what these have. */
  status(): Readonly<Record<"held" | "waiting" | "peers" | "leases", number>>;
}

/** Outputs that are tried again, or why none is. */
export type Retried = { readonly outputs: readonly number[] } | { readonly refused: string };

/**
 * The enode's dispatch stage, running: gives due tasks to linked znodes, judges what they prove,
 * and grants the outputs.
 *
 * @example
 * const dispatch = createDispatch({ store, now, projects, runtimes, links, network, … });
 * await dispatch.stop();
 */
export function createDispatch(deps: DispatchDeps): Dispatch {
  const dispatch = new Dispatcher(deps);
  dispatch.start();
  return dispatch;
}

/** Pause between questions whether a znode may still have work, ms. */
const eligibleMs = 5_000;
/** Most time that stopping waits for saves, ms. */
const stopMs = 8_000;

class Dispatcher implements Dispatch, Desk {
  readonly options: DispatchOptions;
  readonly clock: Clock;
  readonly peers = new Peers();
  readonly own: OwnPlaces;
  readonly standing: Standing;
  readonly turns = new Turns();
  readonly checks: Semaphore;
  readonly signatures: Signatures | undefined;
  readonly run = crypto.randomUUID();
  readonly isOwn;
  readonly #reader: LinkReader;
  readonly #driver: string;
  readonly #stop = new AbortController();
  readonly #actors = new Map<Hex, Actor>();
  readonly #waiting = new Map<TaskActor, number>();
  readonly #unsubscribe: (() => void)[] = [];
  #loops: Promise<unknown>[] = [];
  #wake: () => void = () => {};
  #awake = false;
  /** The last claim may have left due tasks behind. */
  #more = false;
  #nudging = false;
  #freeing = false;

  constructor(readonly deps: DispatchDeps) {
    this.options = { ...defaults, ...deps.options };
    const now = deps.now ?? (() => Promise.resolve(Date.now()));
    this.clock = new Clock(
      now,
      (error) => deps.log.warn(`the database's clock can't be read: ${errorText(error)}`),
    );
    this.standing = new Standing(deps, this.clock);
    this.checks = new Semaphore(this.options.checks);
    this.own = new OwnPlaces(this.options.ownOutputs, (taskId) => {
      const actor = this.signal.aborted ? undefined : this.#actors.get(taskId);
      void actor?.post({ kind: "tick" });
      return actor !== undefined;
    });
    this.signatures = deps.seeds && deps.signer && new Signatures(deps.network, deps.signer);
    this.isOwn = deps.isOwn ?? isEnodes;
    this.#driver = deps.driver ?? this.run;
    this.#reader = new LinkReader(this, {
      said: (taskId, event, brought) => this.#actor(taskId).post(event, brought),
      greeted: (prover, first) => {
        if (first) this.#each(prover, { kind: "linked", holder: prover });
        this.#nudge();
        this.#awaken();
      },
      gone: (prover) => this.#each(prover, { kind: "gone", prover }),
    });
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  start(): void {
    this.#loops = [this.#start()];
  }

  async #start(): Promise<void> {
    const { deps, options, signal } = this;
    await insist(this, () => this.clock.start(), Infinity).catch(() => undefined);
    await this.standing.remember();
    if (signal.aborted) return;
    this.#unsubscribe.push(
      deps.store.onPacked(() => this.#awaken()),
      deps.links.onLink((link) => void this.#reader.read(link)),
      deps.seeds?.onChange(() => void this.#refresh()) ?? (() => {}),
    );
    for (const link of deps.links.list()) void this.#reader.read(link);
    await Promise.all([
      this.#claimLoop(),
      this.#every(options.holdMs / 3, () => deps.store.renew(this.#driver, options.holdMs)),
      this.#every(eligibleMs, async () => {
        await this.#refresh();
        this.#nudge();
      }),
      this.#readReports(),
      this.#watchChain(),
    ]);
  }

  async retry(taskId: Hex, output: number | undefined, by: string): Promise<Retried> {
    const stored = async () => {
      const machine = (await this.deps.store.get(taskId))?.machine;
      return machine === null || machine === undefined ? undefined : load(machine);
    };
    const before = await stored();
    const refused = before ? whyNoRetry(before, output) : "it is not proved yet";
    if (!before || refused !== undefined) return { refused: refused ?? "" };
    await this.#actor(taskId).post({ kind: "retry", output, by });
    const after = await stored();
    const outputs = before.outputs.flatMap(({ state, attempt }, i) => {
      const now = after?.outputs[i];
      const goesOn = state === "dead" && now && (now.state !== "dead" || now.attempt > attempt);
      return goesOn ? [i] : [];
    });
    return outputs.length > 0 ? { outputs } : { refused: "it could not be stored; ask again" };
  }

  conduct(prover: Address): Conduct {
    return this.standing.of(prover);
  }

  znodes() {
    return this.peers.known();
  }

  heldUpBy(taskId: Hex): string | undefined {
    return this.#actors.get(taskId)?.heldUpBy;
  }

  async stop(): Promise<void> {
    if (this.signal.aborted) return;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    const saves = [...this.#actors.values()].map((actor) => actor.working);
    const late = new AbortController();
    await Promise.race([Promise.allSettled(saves), pause(stopMs, late.signal)]);
    late.abort();
    this.#stop.abort(new Error("dispatch stops"));
    this.#wake();
    this.clock.stop();
    for (const actor of [...this.#actors.values()]) actor.retire();
    for (const peer of this.peers.all()) peer.close("dispatch stops");
    await Promise.allSettled(this.#loops);
    try {
      // Other drivers need not wait until the hold is over.
      await this.deps.store.renew(this.#driver, 0);
    } catch (error) {
      this.deps.log.warn(`claims were not given back: ${errorText(error)}`);
    }
  }

  status() {
    return {
      held: this.#actors.size,
      waiting: this.#waiting.size,
      peers: this.peers.all().length,
      leases: this.peers.leases,
    };
  }

  /** Lets waiting tasks look again, as many as could find a place. */
  freed(): void {
    if (this.#freeing) return;
    this.#freeing = true;
    // Many places become free at once.
    setImmediate(() => {
      this.#freeing = false;
      if (this.signal.aborted) return;
      let { free } = this.peers;
      for (const waiter of [...this.#waiting.keys()]) {
        if (free <= 0) return;
        const actor = this.#actors.get(waiter.taskId);
        if (!actor?.placeable) continue;
        free--;
        void actor.post({ kind: "tick" });
      }
    });
  }

  waits(actor: TaskActor, waiting: boolean): void {
    if (!waiting) {
      const few = this.#waiting.delete(actor) && this.#waiting.size <= this.options.lookahead / 2;
      if (few && this.#more) this.#awaken();
    } else if (!this.#waiting.has(actor)) this.#waiting.set(actor, performance.now());
  }

  retired(actor: TaskActor): void {
    if (this.#actors.get(actor.taskId) === actor) this.#actors.delete(actor.taskId);
    this.waits(actor, false);
  }

  #actor(taskId: Hex): Actor {
    const known = this.#actors.get(taskId);
    if (known) return known;
    const actor = new Actor(taskId, this);
    this.#actors.set(taskId, actor);
    return actor;
  }

  #awaken(): void {
    this.#awake = true;
    this.#wake();
  }

  async #claimLoop(): Promise<void> {
    const { deps, options, signal } = this;
    while (!signal.aborted) {
      this.#awake = false;
      let full = false;
      try {
        full = await this.#claim();
      } catch (error) {
        if (signal.aborted) return;
        deps.log.warn(`tasks can't be claimed: ${errorText(error)}`);
        await pause(options.idleMs, signal);
      }
      if (full || this.#awake) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, options.idleMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Takes what is due, as far as there is room; true when there may be more. */
  async #claim(): Promise<boolean> {
    const { deps, options } = this;
    const lookahead = Math.max(options.lookahead, 2 * this.peers.capacity);
    this.#evict(lookahead);
    const room = Math.min(lookahead - this.#waiting.size, options.held - this.#actors.size);
    this.#more = room <= 0;
    if (this.#more) return false;
    const records = await deps.store.claim(this.#driver, options.holdMs, room);
    for (const record of records) {
      const actor = this.#actor(record.taskId);
      // Counted until its first batch is done; afterwards it says so itself.
      this.waits(actor, true);
      void actor.own(record);
    }
    return this.#more = records.length === room;
  }

  /** Makes room: who waits long goes back to the database, so that nobody stands in the way. */
  #evict(lookahead: number): void {
    const { held, holdMs } = this.options;
    const old = performance.now() - holdMs;
    for (const [waiter, since] of this.#waiting) {
      if (this.#waiting.size < lookahead || since > old) break;
      const actor = this.#actors.get(waiter.taskId);
      if (actor?.idle) actor.retire();
    }
    for (const actor of this.#actors.values()) {
      if (this.#actors.size < held) break;
      if (actor.idle) actor.retire();
    }
  }

  /** The chain moved on: stakes are others, and seeds of tasks are known. */
  async #refresh(): Promise<void> {
    await Promise.all(this.peers.all().map((peer) => peer.refresh()));
    for (const actor of this.#actors.values()) {
      if (actor.seedless && actor.idle && !this.signal.aborted) void actor.post({ kind: "tick" });
    }
  }

  /** Lets all waiting tasks look again: there may be another znode. */
  #nudge(): void {
    if (this.#nudging) return;
    this.#nudging = true;
    queueMicrotask(() => {
      this.#nudging = false;
      if (this.signal.aborted) return;
      for (const waiter of [...this.#waiting.keys()]) {
        const actor = this.#actors.get(waiter.taskId);
        if (actor?.idle) void actor.post({ kind: "tick" });
      }
    });
  }

  async #every(ms: number, work: () => Promise<void>): Promise<void> {
    while (!this.signal.aborted) {
      try {
        await work();
      } catch (error) {
        if (!this.signal.aborted) this.deps.log.warn(`dispatch: ${errorText(error)}`);
      }
      await pause(ms, this.signal);
    }
  }

  async #watchChain(): Promise<void> {
    const { deps: { chain, isAccepted, store, log }, clock, signal } = this;
    if (!chain || !isAccepted) return;
    await watchFinality({
      ...chain,
      isAccepted,
      store,
      now: () => Promise.resolve(clock.at()),
      onLost: (taskId) => this.#actor(taskId).post({ kind: "lost" }),
      log,
      signal,
    });
  }

  async #readReports(): Promise<void> {
    const source = this.deps.outputs?.reports;
    if (!source) return;
    try {
      while (!this.signal.aborted) {
        const next = await source.receive(this.signal);
        if (next.done) return;
        const { taskId, epoch, ...report } = next.value;
        void this.#actor(taskId)
          .post({ kind: "report", holder: self, epoch: Number(epoch), ...report });
      }
    } catch (error) {
      if (!this.signal.aborted) this.deps.log.error(`reports end: ${errorText(error)}`);
    }
  }

  /** Gives an event to every task that the znode has to do with. */
  #each(prover: Address, body: EventBody): void {
    for (const actor of this.#actors.values()) {
      if (actor.concerns(prover)) void actor.post(body);
    }
  }
}

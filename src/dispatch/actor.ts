/**
 * Drives the machine of one task: takes events a batch at a time, finds znodes for what the
 * machine wants, saves, and only then acts.
 */
import type { Address, Hex } from "viem";
import { ProgramError, type Receipt } from "../../runtimes/runtime.ts";
import type { NewStateEntry, StatementRecord, TaskRecord } from "../da/da.ts";
import { errorText, type Log } from "../log.ts";
import { Acting } from "./acting.ts";
import { resultText } from "./check.ts";
import { Checks } from "./checks.ts";
import { Assigning } from "./assigning.ts";
import { type Brought, type Desk, fromKey, insist, keyOf, type TaskActor } from "./desk.ts";
import { Loaded } from "./loaded.ts";
import { pausedOutput } from "./grants.ts";
import { create, done, holders, load, nextWake, step, wants } from "./machine.ts";
import { placeOf, Places } from "./places.ts";
import { rulesOf } from "./rules.ts";
import { TaskConduct } from "./score.ts";
import { type EventBody, self, type State, type Step } from "./state.ts";
import { Told } from "./told.ts";
import { TaskTrace } from "./trace.ts";
import { Witness } from "./witness.ts";

const longestTimer = 2 ** 31 - 1;
/** Times that a program which should load may fail to. */
const programTries = 3;

type Apply = (body: EventBody) => void;

export class Actor implements TaskActor {
  #record: TaskRecord | undefined;
  #state: State | undefined;
  /** The database gave the task to this node; other nodes' tasks only get their events passed on. */
  #owned = false;
  #prepared = false;
  #failingSince: number | undefined;
  #failures = 0;
  #mail: EventBody[] = [];
  #working: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #loaded: Loaded;
  readonly #checks: Checks;
  readonly #witness: Witness;
  readonly #places: Places;
  readonly #told: Told;
  readonly #assigning: Assigning;
  readonly #acting: Acting;
  readonly #conduct = new TaskConduct();
  readonly #trace: TaskTrace | undefined;

  constructor(readonly taskId: Hex, private readonly desk: Desk) {
    this.#loaded = new Loaded(desk);
    this.#assigning = new Assigning(desk, taskId);
    this.#acting = new Acting(desk, this, this.#loaded);
    this.#witness = new Witness(desk);
    this.#places = new Places(desk, taskId);
    this.#told = new Told(desk);
    this.#trace = desk.deps.tracing && new TaskTrace(taskId, desk.deps.tracing);
    this.#checks = new Checks(desk, this, this.#loaded, this.#witness);
  }

  /** Nothing is under way: the task can be read again from the database at no loss. */
  get idle(): boolean {
    return !this.#working && this.#mail.length === 0 && !this.#checks.running;
  }

  /** Resolves when the batch under way is dealt with. */
  get working(): Promise<void> {
    return this.#working ?? Promise.resolve();
  }

  /** Whether the task, left alone, is waiting for a znode and there is one with room. */
  get placeable(): boolean {
    const [state, version] = [this.#state, this.#loaded.known];
    if (!state || !version || !this.#owned || !this.idle) return false;
    const wanted = wants(state, this.desk.clock.at());
    return wanted.leases > 0 && this.#assigning.free(version, wanted).length > 0;
  }

  /** Whether the task waits for the block by which znodes are ranked. */
  get seedless(): boolean {
    return this.#assigning.seedless;
  }

  /** What the task is held up by, for people; undefined where nothing is, or another node knows. */
  get heldUpBy(): string | undefined {
    // Why may tell of the operator's endpoints, and is in the log.
    if (this.#failingSince !== undefined) return "waits for its project, which can't be had now";
    const [record, state, version] = [this.#record, this.#state, this.#loaded.known];
    if (!record || !state || !version || !this.#owned || !this.idle) return undefined;
    const at = this.desk.clock.at();
    const { leases, outputs } = wants(state, at);
    if (leases > 0) return this.#assigning.whyNone(record, version);
    if (outputs.length === 0) return pausedOutput(state, at);
    return outputs.some(({ self: own }) => !own)
      ? "waits for a znode that may output it"
      : "waits while this enode does as many outputs of its kind as it can at once";
  }

  concerns(prover: Address): boolean {
    return this.#state !== undefined && holders(this.#state).has(prover);
  }

  /** The database gave the task to this node. */
  own(record: TaskRecord): Promise<void> {
    if (!this.#owned || (this.#record?.revision ?? -1) < record.revision) {
      this.#record = record;
      this.#state = undefined;
      this.#owned = true;
    }
    return this.post({ kind: "tick" });
  }

  /** Resolves when the event was dealt with; what it starts goes on. */
  post(body: EventBody, { receipt, acceptance, claim }: Brought = {}): Promise<void> {
    if (receipt && body.kind === "receipt") this.#checks.offer(body.prover, body.epoch, receipt);
    if (acceptance) this.#witness.accepted(acceptance);
    if (claim) this.#witness.claimed(claim);
    this.#mail.push(body);
    return this.#working ??= this.#work();
  }

  /** Forgets the task; the database still has it. */
  retire(): void {
    clearTimeout(this.#timer);
    this.#places.take(undefined);
    this.desk.retired(this);
  }

  async #work(): Promise<void> {
    // Whoever posts sees `#working` set before anything happens.
    await Promise.resolve();
    try {
      while (this.#mail.length > 0 && !this.desk.signal.aborted) {
        const began = await this.#begin();
        if (began === "unknown") this.#mail = [];
        if (began !== "ready") break;
        await this.#turn(this.#mail.splice(0));
      }
    } catch (error) {
      if (!this.desk.signal.aborted) {
        this.#log.error({ task: this.taskId }, `dispatch failed: ${errorText(error)}`);
      }
      this.#mail = [];
      this.#record = this.#state = undefined;
    }
    this.#working = undefined;
    this.#rest();
  }

  /** Sleeps until something is due, or leaves. */
  #rest(): void {
    const state = this.#state;
    // A task that waits for its project has its own timer.
    if (this.desk.signal.aborted || this.#failingSince !== undefined) return;
    clearTimeout(this.#timer);
    if (!state || done(state) || !this.#owned) {
      if (this.idle) this.retire();
      return;
    }
    const at = this.desk.clock.at();
    const wake = nextWake(state, at);
    if (wake !== undefined) this.#tickIn(wake - at);
  }

  #tickIn(ms: number): void {
    clearTimeout(this.#timer);
    const delay = Math.min(Math.max(1, ms), longestTimer);
    this.#timer = setTimeout(() => void this.post({ kind: "tick" }), delay);
  }

  /** Brings record, state and, where this node drives the task, its project into memory. */
  async #begin(): Promise<"ready" | "unknown" | "later"> {
    const { deps, options, run, isOwn, signal } = this.desk;
    this.#record ??= await insist(this.desk, () => deps.store.get(this.taskId));
    const record = this.#record;
    // A task that nobody drove yet has no lease that a frame could be about.
    if (!record || (record.machine === null && !this.#owned)) return "unknown";
    if (!this.#state && record.machine !== null) this.#adopt(record.machine);
    if (this.#state && (this.#prepared || done(this.#state) || !this.#owned)) return "ready";
    try {
      const version = await this.#loaded.version(record.task);
      this.#state ??= create(rulesOf(version, options, isOwn, deps.outputs !== undefined), run);
      if (this.#state.winner === null) {
        const reason = await this.#loaded.whyHopeless(record);
        if (reason !== undefined) this.#mail.push({ kind: "abort", reason });
      }
    } catch (error) {
      if (signal.aborted) throw error;
      if (this.#putOff(error)) return "later";
    }
    this.#prepared = true;
    this.#failingSince = undefined;
    return "ready";
  }

  /** Takes over a stored state; when it is another process's, its machine is told so. */
  #adopt(machine: string): void {
    const { peers, run } = this.desk;
    this.#state = load(machine);
    if (!this.#owned || this.#state.run === run) return;
    const linked = [...holders(this.#state)].filter((h) => h !== self && peers.get(h))
      .map((holder) => ({ kind: "linked" as const, holder }));
    this.#mail.unshift({ kind: "resume", run }, ...linked);
  }

  /** Project or program can't be had now: false when that has gone on for too long. */
  #putOff(error: unknown): boolean {
    const { options, run, isOwn } = this.desk;
    const now = performance.now();
    this.#failingSince ??= now;
    this.#failures++;
    const late = now - this.#failingSince >= options.projectMs;
    if (!late && !(error instanceof ProgramError && this.#failures >= programTries)) {
      this.#log.warn({ task: this.taskId }, `a task waits for its project: ${errorText(error)}`);
      // It is no other task's turn that it takes.
      this.desk.waits(this, false);
      this.#tickIn(Math.min(30_000, options.backoffMs * 2 ** Math.min(this.#failures, 10)));
      return true;
    }
    const none = { redundancy: 1, attempts: 1, timeoutSeconds: 1, outputs: [] };
    this.#state ??= create(rulesOf(none, options, isOwn, true), run);
    const reason = `the project can't be used: ${errorText(error)}`;
    // A proved task keeps waiting for a holder, and its project may come back.
    if (this.#state.winner === null) this.#mail.push({ kind: "abort", reason });
    return false;
  }

  async #turn(batch: readonly EventBody[]): Promise<void> {
    for (let events = batch;;) {
      const turn = this.desk.turns.take();
      if (turn) await turn;
      const at = this.desk.clock.at();
      const steps: Step[] = [];
      const taken: string[] = [], judged: string[] = [];
      const told: [State, EventBody, State][] = [];
      let state = this.#state as State;
      const apply = (body: EventBody) => {
        const next = step(state, { ...body, at });
        told.push([state, body, next.state]);
        if (body.kind === "accept" && next.durable) taken.push(keyOf(body.prover, body.epoch));
        if (body.kind === "verdict" && next.durable) judged.push(keyOf(body.prover, body.epoch));
        state = next.state;
        steps.push(next);
      };
      for (const body of events) {
        if (!this.#waits(body, state)) apply(body);
      }
      const waiting = this.#fill(apply, () => state, at);
      // Before the save, so that no other task takes the same place meanwhile.
      this.#places.take(state, this.#record?.task.projectId);
      const statements = this.#witness.records(taken, judged);
      if (steps.some((s) => s.durable) && !await this.#save(steps, state, at, statements)) {
        events = await this.#reload(events);
        continue;
      }
      this.#state = state;
      for (const [before, event, after] of told) {
        this.#trace?.note(before, after, at);
        this.#conduct.note(this.desk.standing.scores, before, event, after, at);
      }
      this.desk.waits(this, waiting);
      const accepted = this.#receiptOf(steps);
      this.#witness.settle(state, judged);
      this.#checks.keep(state);
      const record = this.#record as TaskRecord;
      for (const action of steps.flatMap((s) => s.actions)) {
        if (action.kind === "verify") this.#checks.verify(record, action.prover, action.epoch);
        else this.#acting.act(action, record, state, accepted);
      }
      return;
    }
  }

  /** Whether the chain is asked first whether it can be true; then it is posted again. */
  #waits(body: EventBody, state: State): boolean {
    if (body.kind === "report") return this.#checks.doubted(state, body);
    if (body.kind !== "accept" || !this.#record) return false;
    return this.#checks.unnamed(this.#record, state, body);
  }

  async #save(
    steps: readonly Step[],
    state: State,
    at: number,
    statements: readonly StatementRecord[],
  ): Promise<boolean> {
    const { deps, options } = this.desk;
    const record = this.#record as TaskRecord;
    const receipt = this.#receiptOf(steps);
    const assignments = await this.#assigning.taken(state);
    const update = {
      taskId: this.taskId,
      revision: record.revision,
      phase: state.phase,
      machine: JSON.stringify(state),
      // A task that another node drives is shown to it at once.
      wakeAt: done(state) ? null : this.#owned ? wakeOf(state, at, options.holdMs) : at,
      dead: state.outputs.some((output) => output.state === "dead"),
      log: steps.flatMap((s) =>
        s.log.map((e) => e.state === "proved" && s.accepted ? withResult(e, receipt?.receipt) : e)
      ),
      outputs: steps.flatMap((s) => s.outputs),
      statements,
      ...(receipt ? { receipt } : {}),
      ...(assignments.length > 0 ? { assignments } : {}),
    };
    if (!await insist(this.desk, () => deps.store.save(update))) return false;
    const { phase, machine } = update;
    this.#record = { ...record, revision: record.revision + 1, phase, machine };
    this.#assigning.stored(assignments);
    this.#told.note(this.#record, update.log);
    return true;
  }

  /** Somebody else saved: the events are held against what is stored now. */
  async #reload(events: readonly EventBody[]): Promise<readonly EventBody[]> {
    const { deps, run } = this.desk;
    const record = await insist(this.desk, () => deps.store.get(this.taskId));
    if (!record) throw new Error("the task is gone");
    this.#record = record;
    if (record.machine === null) return events;
    this.#state = load(record.machine);
    this.#owned &&= this.#state.run === run;
    // Checks are not stored; what a lost answer of the database left undone is done again.
    const receipts = this.#checks.waiting
      .map((key) => ({ kind: "receipt" as const, ...fromKey(key) }));
    const linked = this.#owned
      ? [...holders(this.#state)].map((holder) => ({ kind: "linked" as const, holder }))
      : [];
    return [...linked, ...receipts, ...events.filter((e) => e.kind !== "receipt")];
  }

  /** Finds znodes for what the machine wants; true when some are missing. */
  #fill(apply: Apply, state: () => State, at: number): boolean {
    const { peers } = this.desk;
    const [record, version] = [this.#record, this.#loaded.known];
    const assigning = this.#assigning;
    assigning.seedless = false;
    if (!this.#owned || !version || !record) return false;
    const { allow } = version.provers;
    let waiting = false;
    for (let w = wants(state(), at); w.leases > 0; w = wants(state(), at)) {
      const chosen = assigning.choose(record, version, w, state(), at);
      // Who waits for a block takes no other task's turn.
      waiting = chosen === undefined && !assigning.seedless;
      if (!chosen) break;
      apply({ kind: "assign", prover: chosen.prover });
      assigning.sign(state().epoch, chosen);
    }
    const winner = state().winner?.prover;
    for (const { index: output, self: own, last } of wants(state(), at).outputs) {
      if (own) {
        this.#grantSelf(output, apply, state);
        continue;
      }
      const able = peers.outputters(allow);
      const others = able.filter((p) => p !== last);
      const good = others.filter((p) => this.desk.standing.barred(p) === undefined);
      const pool = [good, others].find((list) => list.length > 0) ?? able;
      const holder = pool.find((p) => p === winner) ?? pool[0];
      if (holder === undefined) waiting = true;
      else apply({ kind: "grant", output, holder });
    }
    return waiting;
  }

  /** Where it can be begun; else the task waits for its turn, which is no znode's. */
  #grantSelf(output: number, apply: Apply, state: () => State): void {
    const { desk: { own }, taskId } = this;
    const projectId = this.#record?.task.projectId ?? 0n;
    const place = placeOf(state(), output, projectId);
    if (!own.isFree(place)) return own.wait(place, taskId);
    apply({ kind: "grant", output, holder: self });
    // Another output of the task may be of the same kind.
    this.#places.take(state(), projectId);
  }

  /** The receipt to store with a step that accepted one. */
  #receiptOf(steps: readonly Step[]) {
    const winner = steps.find((s) => s.accepted)?.state.winner;
    if (!winner) return undefined;
    const { prover, epoch, verdict } = winner;
    const receipt = this.#checks.receipt(prover, epoch);
    if (!receipt) throw new Error("the accepted receipt is not at hand");
    return { prover, receipt, verdict };
  }

  get #log(): Log {
    return this.desk.deps.log;
  }
}

/**
 * When the database shows the task again: within the hold, so that another process soon notices when
 * this one died. Where all outputs pause, nobody could do anything before.
 */
function wakeOf(state: State, at: number, holdMs: number): number {
  const next = nextWake(state, at) ?? Infinity;
  const pauses = state.phase === "proved" && next < Infinity && holders(state).size === 0 &&
    wants(state, at).outputs.length === 0;
  return pauses ? next : Math.min(next, at + holdMs);
}

function withResult(entry: NewStateEntry, receipt: Receipt | undefined): NewStateEntry {
  return receipt ? { ...entry, result: resultText(receipt) } : entry;
}

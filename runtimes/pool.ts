import { type CageKind, Keeper } from "./cage.ts";
import { type Call, Cell } from "./cell.ts";
import { ProgramError } from "./runtime.ts";
import { Turns } from "./turns.ts";

export type { Call } from "./cell.ts";

export interface PoolOptions {
  /** Processes alive at once, and so calls that run at once. */
  readonly size: number;
  /** Programs kept loaded in one process. */
  readonly programsPerChild?: number;
  /** Longest answer taken from a process, in bytes; one that sends more dies. */
  readonly maxReplyBytes?: number;
  /** Seconds after its last call when a process is replaced, so that its memory is free; left out: never. */
  readonly idleSeconds?: number;
  /** Milliseconds between two samples of the processes' memory. */
  readonly sampleInterval?: number;
}

interface Waiting {
  readonly call: Call;
  readonly start: (cell: Cell) => void;
  readonly reject: (error: unknown) => void;
}

/** Times that a program may be passed over by one that is already loaded in the free process. */
const maxPasses = 4;
/** Starts that may fail in a row before the calls that wait for them fail. */
const maxStartFailures = 3;
/** Part of the memory limit above which an idle process is replaced, not used again. */
const recycleAbove = 0.75;

/**
 * Child processes that run untrusted code, can be killed, and are replaced when they die.
 *
 * Programs take turns, so that one with many tasks can't starve the others; within that, a call
 * goes to a process that has its program loaded. Calls wait without bound: the callers' own limits
 * on calls in flight are the back-pressure, and `waiting` shows when to hold back.
 *
 * @example
 * const pool = new ChildPool({ size: 2 });
 * const value = await pool.call({ kind, programId, source, method: "prove", args, limits, signal });
 */
export class ChildPool {
  readonly #cells = new Set<Cell>();
  readonly #turns = new Turns<Waiting>(maxPasses);
  readonly #resting = new Map<Cell, ReturnType<typeof setTimeout>>();
  #keeper: Keeper | undefined;
  #sampler: ReturnType<typeof setInterval> | undefined;
  #startFailures = 0;
  #closed = false;
  #peakMemory = 0;

  constructor(private readonly options: PoolOptions) {
    if (!Number.isSafeInteger(options.size) || options.size < 1) {
      throw new RangeError(`a pool needs at least one process, got ${options.size}`);
    }
  }

  /** Calls that run now. */
  get running(): number {
    return [...this.#cells].filter((cell) => cell.limits !== undefined).length;
  }

  /** Calls that wait for a process. */
  get waiting(): number {
    return this.#turns.size;
  }

  /** Process ids of the children. */
  get pids(): number[] {
    return [...this.#cells].flatMap((cell) => cell.pid ?? []);
  }

  /** Highest resident bytes that any one process was seen with. */
  get peakMemory(): number {
    return [...this.#cells].reduce((max, c) => Math.max(max, c.peakMemory), this.#peakMemory);
  }

  /**
   * Runs a call. Its time limit counts from when a process takes it.
   * @throws {ProgramError}
   * @throws the signal's reason when it aborts; a running process is killed
   */
  call(call: Call): Promise<unknown> {
    if (this.#closed) return Promise.reject(stopping());
    if (call.signal.aborted) return Promise.reject(call.signal.reason);
    return new Promise((resolve, reject) => {
      const settled = () => call.signal.removeEventListener("abort", abort);
      const waiting: Waiting = {
        call,
        start: (cell) => (settled(), cell.run(call).then(resolve, reject)),
        reject: (error) => (settled(), reject(error)),
      };
      const abort = () => {
        this.#turns.remove(call.programId, waiting);
        reject(call.signal.reason);
      };
      call.signal.addEventListener("abort", abort, { once: true });
      this.#turns.add(call.programId, waiting);
      this.#pump();
    });
  }

  /** Kills every process and fails every call. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sampler);
    this.#rejectWaiting(() => true, stopping());
    for (const cell of this.#cells) cell.kill(stopping());
    await Promise.all([...this.#cells].map((cell) => cell.exited));
    await this.#keeper?.close();
  }

  #pump(): void {
    if (this.#closed) return;
    for (let match = this.#match(); match; match = this.#match()) {
      const { memoryBytes } = match.item.call.limits;
      if (match.cell.memory <= memoryBytes * recycleAbove) {
        this.#turns.take(match.owner).start(match.cell);
      } else if (match.cell.settled) match.cell.kill();
      // The next sample tells what it gave back.
      else break;
    }
    this.#provision();
    if (this.running > 0) this.#sampler ??= this.#startSampler();
  }

  /** The next call, and an idle cell for it. */
  #match(): { owner: string; item: Waiting; cell: Cell } | undefined {
    const idle = [...this.#cells].filter((cell) => cell.idle)
      .sort((a, b) => a.programs.size - b.programs.size);
    const turns = this.#turns.heads().map(({ owner, item }) => {
      const fitting = idle.filter((cell) => cell.kind === item.call.kind);
      const warm = fitting.find((cell) => cell.programs.has(owner));
      return { owner, item, warm, cell: warm ?? fitting[0] };
    });
    const front = turns[0];
    const first = front && this.#turns.due(front.owner)
      // A due program whose kind of cell is missing waits for one to be made from an idle cell.
      ? (front.cell ? front : this.#arriving(front.item.call.kind) ? turns[1] : undefined)
      : turns.find((turn) => turn.warm) ?? turns.find((turn) => turn.cell);
    return first?.cell ? { owner: first.owner, item: first.item, cell: first.cell } : undefined;
  }

  /** Whether a cell of this kind is starting, or one that ends will make room for it. */
  #arriving(kind: CageKind): boolean {
    return [...this.#cells].some((cell) => cell.doomed || (cell.starting && cell.kind === kind));
  }

  /** Starts cells for the calls that no cell takes, as far as the size allows. */
  #provision(): void {
    const wanted = new Map<CageKind, number>();
    for (const { call: { kind } } of this.#turns.items()) {
      wanted.set(kind, (wanted.get(kind) ?? 0) + 1);
    }
    for (const [kind, calls] of wanted) {
      const starting = [...this.#cells].filter((c) => c.kind === kind && c.starting).length;
      for (let lack = calls - starting; lack > 0 && this.#room; lack--) this.#start(kind);
      if (this.#room || this.#arriving(kind)) continue;
      // Whoever is idle now is of a kind that nobody waits for, or has had its turns.
      [...this.#cells].find((cell) => cell.idle && cell.kind !== kind)?.kill();
    }
  }

  get #room(): boolean {
    return this.#cells.size < this.options.size;
  }

  #start(kind: CageKind): void {
    this.#keeper ??= new Keeper((reason) => {
      this.#keeper = undefined;
      // Unwatched, cells are unbounded in memory and would outlive this process.
      for (const cell of this.#cells) {
        cell.kill(new ProgramError("crash", reason.message, { cause: reason }));
      }
    });
    const cell = new Cell(kind, {
      maxReplyBytes: this.options.maxReplyBytes ?? 64 * 1024 * 1024,
      maxPrograms: this.options.programsPerChild ?? 4,
      startSeconds: 30,
    }, {
      ready: () => {
        this.#startFailures = 0;
        this.#pump();
      },
      free: () => {
        this.#pump();
        this.#rest(cell);
      },
      gone: (startFailure) => this.#onGone(cell, startFailure),
    });
    this.#cells.add(cell);
    if (cell.pid !== undefined) this.#keeper.add(cell.pid);
  }

  /** Ends a cell that has had no further call for a while. */
  #rest(cell: Cell): void {
    const { idleSeconds } = this.options;
    clearTimeout(this.#resting.get(cell));
    if (idleSeconds === undefined) return;
    const end = () => cell.idle ? cell.kill() : undefined;
    this.#resting.set(cell, setTimeout(end, idleSeconds * 1000));
  }

  #onGone(cell: Cell, startFailure: string | undefined): void {
    if (!this.#cells.delete(cell)) return;
    clearTimeout(this.#resting.get(cell));
    this.#resting.delete(cell);
    this.#peakMemory = Math.max(this.#peakMemory, cell.peakMemory);
    if (cell.pid !== undefined) this.#keeper?.remove(cell.pid);
    if (this.#closed) return;
    if (startFailure !== undefined && ++this.#startFailures >= maxStartFailures) {
      this.#startFailures = 0;
      const error = new ProgramError("crash", `the prover process ${startFailure}`);
      this.#rejectWaiting((call) => call.kind === cell.kind, error);
    }
    this.#pump();
    // The next call should not have to wait for a process to start.
    if (startFailure === undefined && this.#room) this.#start(cell.kind);
  }

  #startSampler(): ReturnType<typeof setInterval> {
    let asking = false;
    return setInterval(async () => {
      if (asking || !this.#keeper) return;
      asking = true;
      // Taken before the sample, so that a last one tells what the last call left behind.
      const resting = this.running === 0;
      const idle = [...this.#cells].filter((cell) => cell.idle);
      const sample = await this.#keeper.memory();
      asking = false;
      for (const cell of this.#cells) {
        const bytes = sample.get(cell.pid ?? 0);
        if (bytes !== undefined) cell.sampled(bytes);
      }
      const settling = idle.filter((cell) => cell.idle && !cell.settled);
      for (const cell of settling) cell.settled = true;
      if (settling.length > 0) this.#pump();
      if (resting && this.running === 0) {
        clearInterval(this.#sampler);
        this.#sampler = undefined;
      }
    }, this.options.sampleInterval ?? 100);
  }

  #rejectWaiting(which: (call: Call) => boolean, error: ProgramError): void {
    for (const waiting of this.#turns.items().filter(({ call }) => which(call))) {
      this.#turns.remove(waiting.call.programId, waiting);
      waiting.reject(error);
    }
  }
}

const stopping = () => new ProgramError("crash", "this node is stopping");

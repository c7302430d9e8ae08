import { ProgramError, type Progress } from "./runtime.ts";
import { Turns } from "./turns.ts";
import type { WorkReply, WorkRequest } from "./worker.ts";

export interface WorkerPoolOptions {
  /** A module that calls `serveWork`. */
  readonly module: URL;
  readonly size: number;
  /** Milliseconds that a cancelled job has to notice; its worker is replaced after that. */
  readonly grace?: number;
}

/** One job of a pool. */
export interface Work {
  /** Jobs of one owner keep their order; owners take turns. */
  readonly owner: string;
  readonly method: string;
  readonly args: unknown;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

interface Waiting {
  readonly work: Work;
  readonly start: (slot: Slot) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Web Workers for our own provers. A job is cancelled by a shared flag that it looks at: what never
 * looks can't be stopped, for `terminate()` does not end a WASM loop. Code of strangers belongs into
 * a `ChildPool`.
 */
export class WorkerPool {
  readonly #slots = new Set<Slot>();
  readonly #turns = new Turns<Waiting>(0);
  #closed = false;

  constructor(private readonly options: WorkerPoolOptions) {}

  get running(): number {
    return [...this.#slots].filter((slot) => !slot.idle).length;
  }

  get waiting(): number {
    return this.#turns.size;
  }

  /**
   * Runs a job. Its time limit counts from when a worker takes it.
   * @throws {ProgramError}
   * @throws the signal's reason when it aborts; the worker is free again once the job notices
   */
  run(work: Work): Promise<unknown> {
    if (this.#closed) return Promise.reject(stopping());
    if (work.signal.aborted) return Promise.reject(work.signal.reason);
    return new Promise((resolve, reject) => {
      const settled = () => work.signal.removeEventListener("abort", abort);
      const waiting: Waiting = {
        work,
        start: (slot) => (settled(), slot.run(work).then(resolve, reject)),
        reject: (error) => (settled(), reject(error)),
      };
      const abort = () => {
        this.#turns.remove(work.owner, waiting);
        reject(work.signal.reason);
      };
      work.signal.addEventListener("abort", abort, { once: true });
      this.#turns.add(work.owner, waiting);
      this.#pump();
    });
  }

  /** Fails every job and terminates the workers. */
  close(): void {
    this.#closed = true;
    for (const waiting of this.#turns.items()) waiting.reject(stopping());
    for (const slot of this.#slots) slot.end(stopping());
  }

  #pump(): void {
    if (this.#closed) return;
    for (let head = this.#turns.heads()[0]; head; head = this.#turns.heads()[0]) {
      let slot = [...this.#slots].find((candidate) => candidate.idle);
      if (!slot && this.#slots.size < this.options.size) {
        slot = new Slot(this.options.module, this.options.grace ?? 5000, {
          free: () => this.#pump(),
          gone: (ended) => {
            this.#slots.delete(ended);
            this.#pump();
          },
        });
        this.#slots.add(slot);
      }
      if (!slot) return;
      this.#turns.take(head.owner).start(slot);
    }
  }
}

interface Running {
  readonly id: number;
  readonly work: Work;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly clear: () => void;
}

/** A worker and the job that it runs, or is stopping. */
class Slot {
  readonly #worker: Worker;
  /** What waits for the worker to listen; a message that comes before is lost. */
  #unsent: WorkRequest | undefined;
  #ready = false;
  #flag = new Int32Array(new SharedArrayBuffer(4));
  #running: Running | undefined;
  #ended = false;
  #id = 0;
  #graceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    module: URL,
    private readonly grace: number,
    private readonly events: { free(): void; gone(slot: Slot): void },
  ) {
    this.#worker = new Worker(module, { type: "module" });
    this.#worker.onmessage = ({ data }) => this.#onReply(data as WorkReply);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.end(new ProgramError("crash", `its worker failed: ${event.message}`));
    };
  }

  /** Busy until the worker has said that the job is over, however it ended for the caller. */
  get idle(): boolean {
    return !this.#ended && this.#running === undefined && this.#graceTimer === undefined;
  }

  run(work: Work): Promise<unknown> {
    const { method, args, timeoutSeconds, signal } = work;
    const id = ++this.#id;
    const flag = new SharedArrayBuffer(4);
    this.#flag = new Int32Array(flag);
    return new Promise((resolve, reject) => {
      const abort = () => this.#cancel(signal.reason);
      const late = new ProgramError("timeout", `took longer than ${timeoutSeconds} s`);
      const timer = setTimeout(() => this.#cancel(late), timeoutSeconds * 1000);
      const clear = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#running = { id, work, resolve, reject, clear };
      const request: WorkRequest = { id, flag, method, args };
      if (this.#ready) this.#worker.postMessage(request);
      else this.#unsent = request;
    });
  }

  end(reason: ProgramError): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#graceTimer);
    // A worker that spins outlives its termination, and keeps this process from ending.
    Atomics.store(this.#flag, 0, 1);
    this.#worker.terminate();
    this.#take()?.reject(reason);
    this.events.gone(this);
  }

  #cancel(reason: unknown): void {
    Atomics.store(this.#flag, 0, 1);
    this.#take()?.reject(reason);
    const overdue = new ProgramError("crash", "its worker did not notice that it was cancelled");
    this.#graceTimer = setTimeout(() => this.end(overdue), this.grace);
  }

  #take(): Running | undefined {
    const running = this.#running;
    this.#running = undefined;
    running?.clear();
    return running;
  }

  #begin(): void {
    this.#ready = true;
    if (this.#unsent) this.#worker.postMessage(this.#unsent);
    this.#unsent = undefined;
  }

  #onReply(reply: WorkReply): void {
    if (reply.k === "ready") return this.#begin();
    if (reply.id !== this.#id) return;
    if (reply.k === "progress") return this.#running?.work.onProgress?.(reply.progress);
    clearTimeout(this.#graceTimer);
    this.#graceTimer = undefined;
    const running = this.#take();
    if (reply.k === "done") running?.resolve(reply.value);
    else running?.reject(new ProgramError(reply.kind, reply.message));
    this.events.free();
  }
}

const stopping = () => new ProgramError("crash", "this node is stopping");

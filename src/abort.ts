/** The promise's outcome, or the signal's reason if that comes first. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Resolves after `ms`, or at once when the signal aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}

/** Waits between tries: doubling, with jitter so that many nodes don't come back at once. */
export class Backoff {
  #next: number;

  constructor(private readonly firstMs: number, private readonly lastMs: number) {
    this.#next = firstMs;
  }

  /** Milliseconds to wait now: between half of the step and the step. */
  next(): number {
    const step = this.#next;
    this.#next = Math.min(step * 2, this.lastMs);
    return step * (0.5 + Math.random() / 2);
  }

  reset(): void {
    this.#next = this.firstMs;
  }
}

import { setImmediate } from "node:timers";

/** How long work goes on before frames and timers are looked at, ms. */
const turnMs = 10;

/**
 * Shares the thread between the steps of many tasks and all else: where hundreds of tasks become
 * due at once, heartbeats and acceptances must not wait until each has found its znode.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #began = 0;
  #taken = false;

  /** To be awaited right before the work; undefined where that must begin without waiting at all. */
  take(): Promise<void> | undefined {
    if (!this.#taken) {
      this.#taken = true;
      this.#began = performance.now();
      setImmediate(() => void this.#next());
    } else if (this.#waiting.length > 0 || performance.now() - this.#began >= turnMs) {
      return new Promise((resolve) => this.#waiting.push(resolve));
    }
    return undefined;
  }

  async #next(): Promise<void> {
    this.#began = performance.now();
    while (performance.now() - this.#began < turnMs) {
      const go = this.#waiting.shift();
      if (!go) break;
      go();
      // Whoever goes on does so before this does.
      await undefined;
    }
    this.#taken = this.#waiting.length > 0;
    if (this.#taken) setImmediate(() => void this.#next());
  }
}

import type { Log } from "./log.ts";
import { errorText } from "./log.ts";

/** What runs when the node stops: the last registered first. */
export class Shutdown {
  #steps: { name: string; stop: () => unknown }[] = [];
  #running: Promise<void> | undefined;
  readonly #controller = new AbortController();

  constructor(private readonly log: Log) {}

  /** Aborts when the shutdown begins. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  add(name: string, stop: () => unknown): void {
    this.#steps.push({ name, stop });
  }

  /** Runs every step, each bounded by `stepMs`; a failing step is logged and passed over. */
  run(stepMs = 10_000): Promise<void> {
    return this.#running ??= this.#run(stepMs);
  }

  async #run(stepMs: number): Promise<void> {
    this.#controller.abort(new Error("the node is stopping"));
    for (const { name, stop } of this.#steps.reverse()) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`took more than ${stepMs} ms`)), stepMs);
      });
      try {
        await Promise.race([stop(), late]);
      } catch (error) {
        this.log.warn({ step: name }, `could not stop cleanly: ${errorText(error)}`);
      } finally {
        clearTimeout(timer);
      }
    }
  }
}

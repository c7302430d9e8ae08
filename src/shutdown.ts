import process from "node:process";
import { errorText, type Log } from "./log.ts";

/** A signal that comes twice within this time is one, ms. */
const onceMs = 1_000;

/**
 * Calls `stop` at the first of the signals and `force` at a later one. Ctrl-C reaches everything
 * at a terminal, and task runners (`bun run`, `deno task`) pass it on once more.
 */
export function onSignal(
  stop: () => void,
  force: () => void,
  signals: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM"],
): void {
  let first: number | undefined;
  const heard = () => {
    if (first === undefined) {
      first = performance.now();
      stop();
    } else if (performance.now() - first > onceMs) force();
  };
  for (const signal of signals) process.on(signal, heard);
}

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

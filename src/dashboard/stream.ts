/** `GET /overview/events`: one summary a second for all who look, and none while nobody does. */
import { OverloadedError } from "../da/da.ts";
import type { Summary } from "./summary.ts";

export interface StreamOptions {
  readonly next: () => Promise<Summary>;
  /** Called before a summary is told that is another one than the last. */
  readonly onChange?: () => void;
  /** Streams that may be open at once. Default 200. */
  readonly listeners?: number;
  /** Milliseconds between summaries. Default 1000. */
  readonly everyMs?: number;
  /** Milliseconds after which the same summary is told again. Default 15,000. */
  readonly sameMs?: number;
}

/** The pause is so many times what the summary took: a slow database is not asked the more. */
const restTimes = 10;
/** Events that may wait for a client before its stream ends. */
const mostWaiting = 8;
const encoder = new TextEncoder();
type Listener = ReadableStreamDefaultController<Uint8Array>;

export class SummaryStream {
  readonly #listeners = new Set<Listener>();
  #latest:
    | { readonly event: Uint8Array; readonly at: number; readonly content: string }
    | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking = false;
  #closed = false;

  constructor(private readonly options: StreamOptions) {}

  /** How many look. */
  get size(): number {
    return this.#listeners.size;
  }

  /** @throws {OverloadedError} when too many streams are open */
  open(): Response {
    if (this.#closed || this.#listeners.size >= (this.options.listeners ?? 200)) {
      throw new OverloadedError(5, "too many streams are open");
    }
    let listener: Listener | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        listener = controller;
        controller.enqueue(encoder.encode("retry: 2000\n\n"));
        if (this.#latest) controller.enqueue(this.#latest.event);
        this.#listeners.add(controller);
        if (!this.#looking && this.#timer === undefined) void this.#look();
      },
      cancel: () => {
        if (listener) this.#leave(listener);
      },
    }, { highWaterMark: mostWaiting });
    return new Response(body, {
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      },
    });
  }

  /** Ends all streams. */
  close(): void {
    this.#closed = true;
    for (const listener of this.#listeners) {
      this.#leave(listener);
      listener.close();
    }
  }

  #leave(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    clearTimeout(this.#timer);
    // It grows old while nobody looks.
    this.#timer = this.#latest = undefined;
  }

  async #look(): Promise<void> {
    this.#looking = true;
    const { everyMs = 1000, sameMs = 15_000 } = this.options;
    const started = performance.now();
    try {
      const summary = await this.options.next();
      const now = performance.now();
      const { time: _, ...content } = summary;
      const text = JSON.stringify(content);
      const same = this.#latest?.content === text && now - this.#latest.at < sameMs;
      if (!same) {
        const event = encoder.encode(`event: summary\ndata: ${JSON.stringify(summary)}\n\n`);
        if (this.#latest?.content !== text) this.options.onChange?.();
        this.#latest = { event, at: now, content: text };
        this.#tell(event);
      }
    } catch {
      // The database is away: that it still tries keeps the streams.
      this.#tell(encoder.encode("event: away\ndata: {}\n\n"));
    } finally {
      this.#looking = false;
    }
    if (this.#listeners.size === 0) {
      this.#latest = undefined;
      return;
    }
    const took = performance.now() - started;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#look();
    }, Math.max(everyMs, restTimes * took));
  }

  #tell(event: Uint8Array): void {
    for (const listener of this.#listeners) {
      if ((listener.desiredSize ?? 0) > 0) {
        listener.enqueue(event);
        continue;
      }
      // It takes nothing any more; who is there comes back.
      this.#leave(listener);
      listener.close();
    }
  }
}

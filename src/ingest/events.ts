/** `GET /message/:id/events`: a message's life as server-sent events. */
import type { MessageStatus } from "../da/da.ts";
import { OverloadedError } from "../da/da.ts";
import { failure, messageStates } from "./answers.ts";

export interface EventsOptions {
  readonly status: (id: string) => Promise<MessageStatus | undefined>;
  /** Streams that may be open at once. Default 1000. */
  readonly listeners?: number;
  /** Milliseconds between looks at a message: at first, and at most when nothing happens. */
  readonly lookMs?: readonly [first: number, last: number];
  /** Milliseconds after which a silent stream gets a comment, so that proxies keep it. */
  readonly keepAliveMs?: number;
}

interface State {
  readonly state: string;
}
interface Listener {
  /** States that it was told. */
  told: number;
  /** When it was last told something, ms. */
  at: number;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
}
interface Watch {
  readonly listeners: Set<Listener>;
  waitMs: number;
  /** When to look again, ms; Infinity while it is looked at. */
  nextAt: number;
  known: number;
}

/** Messages that are looked at together: watching must not take the database from storing. */
const looksAtOnce = 4;
const tickMs = 100;
const ends = (states: readonly State[]) => /^(outputted|failed)$/.test(states.at(-1)?.state ?? "");
const encoder = new TextEncoder();

/** Looks at watched messages, however many listen to one, and tells what is new. */
export class MessageEvents {
  #watches = new Map<string, Watch>();
  #listeners = 0;
  #looking = 0;
  #closed = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #most: number;
  readonly #lookMs: readonly [first: number, last: number];
  readonly #keepAliveMs: number;

  constructor(readonly options: EventsOptions) {
    this.#most = options.listeners ?? 1000;
    this.#lookMs = options.lookMs ?? [300, 5000];
    this.#keepAliveMs = options.keepAliveMs ?? 15_000;
  }

  /**
   * The stream. An event's id is how many states there were with it; a client that comes back with
   * one as `Last-Event-ID` is told the rest, and 204 when there will be none.
   *
   * @throws {OverloadedError} when too many streams are open
   */
  async open(request: Request, id: string): Promise<Response> {
    if (this.#closed || this.#listeners >= this.#most) {
      throw new OverloadedError(5, "too many event streams are open");
    }
    this.#listeners++;
    try {
      const states = statesOf(await this.options.status(id));
      if (!states) return this.#free(failure(404, `there is no message ${id.slice(0, 64)} here`));
      const told = toldBefore(request, states.length);
      const ended = ends(states);
      if (ended && told === states.length) return this.#free(new Response(null, { status: 204 }));
      return this.#stream(id, states, told, ended);
    } catch (error) {
      this.#listeners--;
      throw error;
    }
  }

  /** Ends all streams; clients come back with where they were. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const { listeners } of this.#watches.values()) {
      for (const { controller } of listeners) controller.close();
    }
    this.#watches.clear();
  }

  #free(response: Response): Response {
    this.#listeners--;
    return response;
  }

  #stream(id: string, states: readonly State[], told: number, ended: boolean): Response {
    let listener: Listener | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        // Says at once that it listens, and how soon to come back.
        controller.enqueue(encoder.encode("retry: 3000\n\n"));
        listener = { told, at: performance.now(), controller };
        tell(listener, states);
        if (ended) {
          this.#listeners--;
          controller.close();
        } else this.#watch(id, listener, states.length);
      },
      cancel: () => {
        if (listener) this.#leave(id, listener);
      },
    });
    return new Response(body, {
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      },
    });
  }

  #watch(id: string, listener: Listener, known: number): void {
    let watch = this.#watches.get(id);
    if (!watch) {
      const [waitMs] = this.#lookMs;
      watch = { listeners: new Set(), waitMs, nextAt: performance.now() + waitMs, known };
      this.#watches.set(id, watch);
    }
    watch.listeners.add(listener);
    this.#timer ??= setInterval(() => this.#tick(), tickMs);
  }

  #leave(id: string, listener: Listener): void {
    const watch = this.#watches.get(id);
    if (!watch?.listeners.delete(listener)) return;
    this.#listeners--;
    if (watch.listeners.size === 0) this.#watches.delete(id);
    if (this.#watches.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const now = performance.now();
    for (const [id, watch] of this.#watches) {
      for (const listener of watch.listeners) {
        if (now - listener.at < this.#keepAliveMs) continue;
        listener.at = now;
        listener.controller.enqueue(encoder.encode(":\n\n"));
      }
      if (watch.nextAt > now || this.#looking >= looksAtOnce) continue;
      // Behind those that wait for their turn.
      this.#watches.delete(id);
      this.#watches.set(id, watch);
      void this.#look(id, watch);
    }
  }

  async #look(id: string, watch: Watch): Promise<void> {
    this.#looking++;
    watch.nextAt = Infinity;
    const [first, last] = this.#lookMs;
    try {
      const states = statesOf(await this.options.status(id)) ?? [];
      watch.waitMs = states.length === watch.known ? Math.min(last, watch.waitMs * 1.5) : first;
      watch.known = states.length;
      for (const listener of watch.listeners) {
        tell(listener, states);
        if (!ends(states)) continue;
        listener.controller.close();
        this.#leave(id, listener);
      }
    } catch {
      // The database is away: later.
      watch.waitMs = last;
    } finally {
      this.#looking--;
      watch.nextAt = performance.now() + watch.waitMs;
    }
  }
}

const statesOf = (status: MessageStatus | undefined) =>
  status && messageStates(status.receivedAt, status.states) as State[];

/** States that the client has by its `Last-Event-ID`; all again when it can't have so many. */
function toldBefore(request: Request, most: number): number {
  const text = request.headers.get("last-event-id") ?? "";
  const told = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  return told <= most ? told : 0;
}

function tell(listener: Listener, states: readonly State[]): void {
  const now = performance.now();
  for (; listener.told < states.length; listener.told++) {
    const state = states[listener.told];
    listener.at = now;
    const event = `id: ${listener.told + 1}\nevent: state\ndata: ${JSON.stringify(state)}\n\n`;
    listener.controller.enqueue(encoder.encode(event));
  }
}

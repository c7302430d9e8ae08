/** Thrown by `send` on a channel that was closed, and by readers when it was closed with a reason. */
export class ChannelClosedError extends Error {
  constructor(reason?: unknown) {
    super("channel is closed", reason === undefined ? undefined : { cause: reason });
    this.name = "ChannelClosedError";
  }
}

/** The writing end of a channel. */
export interface Sink<T> {
  /** Resolves once the value has a place; waits while the channel is full. */
  send(value: T, signal?: AbortSignal): Promise<void>;
  /** Takes the value only if there is room now. */
  trySend(value: T): boolean;
  /** No more values; with a reason, readers see it as an error after the last value. */
  close(reason?: unknown): void;
  readonly closed: boolean;
}

/** The reading end of a channel. Each value goes to exactly one reader. */
export interface Source<T> extends AsyncIterable<T> {
  receive(signal?: AbortSignal): Promise<IteratorResult<T, undefined>>;
  readonly size: number;
}

interface Waiter<V> {
  settle: (value: V) => void;
  fail: (error: unknown) => void;
}

/**
 * A typed, bounded, first-in-first-out queue between two stages.
 *
 * A full channel makes its producers wait, so that back-pressure travels upstream to ingestion.
 *
 * @example
 * const jobs = new Channel<Job>(16);
 * await jobs.send(job, signal);
 * for await (const job of jobs) await work(job);
 */
export class Channel<T> implements Sink<T>, Source<T> {
  #queue: T[] = [];
  #head = 0;
  #readers = new Set<Waiter<IteratorResult<T, undefined>>>();
  #writers = new Set<Waiter<void> & { value: T }>();
  #closed = false;
  #reason: unknown;

  /** @param capacity most values waiting to be read, ≥ 1 */
  constructor(readonly capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new RangeError(`channel capacity must be a positive integer, got ${capacity}`);
    }
  }

  get size(): number {
    return this.#queue.length - this.#head;
  }

  get closed(): boolean {
    return this.#closed;
  }

  trySend(value: T): boolean {
    if (this.#closed) return false;
    for (const reader of this.#readers) {
      this.#readers.delete(reader);
      reader.settle({ value, done: false });
      return true;
    }
    if (this.size >= this.capacity) return false;
    this.#queue.push(value);
    return true;
  }

  send(value: T, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#closed) return Promise.reject(new ChannelClosedError(this.#reason));
    if (this.trySend(value)) return Promise.resolve();
    return wait<void, Waiter<void> & { value: T }>(this.#writers, { value }, signal);
  }

  receive(signal?: AbortSignal): Promise<IteratorResult<T, undefined>> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.size > 0) {
      const value = this.#shift();
      for (const writer of this.#writers) {
        this.#writers.delete(writer);
        this.#queue.push(writer.value);
        writer.settle();
        break;
      }
      return Promise.resolve({ value, done: false });
    }
    if (this.#closed) return this.#end();
    return wait(this.#readers, {}, signal);
  }

  close(reason?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reason = reason;
    for (const writer of this.#writers) writer.fail(new ChannelClosedError(reason));
    this.#writers.clear();
    for (const reader of this.#readers) this.#end().then(reader.settle, reader.fail);
    this.#readers.clear();
  }

  /** Reads until the channel is closed. Leaving the loop early leaves the channel open. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    while (true) {
      const next = await this.receive();
      if (next.done) return;
      yield next.value;
    }
  }

  #shift(): T {
    const value = this.#queue[this.#head] as T;
    // The slot is cleared so that a read value can be collected before the array is compacted.
    this.#queue[this.#head++] = undefined as T;
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return value;
  }

  #end(): Promise<IteratorResult<T, undefined>> {
    return this.#reason === undefined
      ? Promise.resolve({ value: undefined, done: true })
      : Promise.reject(new ChannelClosedError(this.#reason));
  }
}

function wait<V, W extends Waiter<V>>(
  waiters: Set<W>,
  extra: Omit<W, keyof Waiter<V>>,
  signal?: AbortSignal,
): Promise<V> {
  return new Promise<V>((resolve, reject) => {
    const done = () => signal?.removeEventListener("abort", abort);
    const waiter = {
      ...extra,
      settle: (value: V) => (done(), resolve(value)),
      fail: (error: unknown) => (done(), reject(error)),
    } as unknown as W;
    const abort = () => {
      waiters.delete(waiter);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    waiters.add(waiter);
  });
}

/** Two channels crossed over: what one end sends, the other receives. */
export interface Duplex<Out, In> {
  readonly sink: Sink<Out>;
  readonly source: Source<In>;
}

/** An in-process pair of connected ends. */
export function duplexPair<A, B>(capacity: number): [Duplex<A, B>, Duplex<B, A>] {
  const ab = new Channel<A>(capacity);
  const ba = new Channel<B>(capacity);
  return [{ sink: ab, source: ba }, { sink: ba, source: ab }];
}

/** The least that a message-based transport (a `MessagePort`, a child's IPC pipe) must offer. */
export interface Carrier {
  post(frame: Frame): void;
  /** Called once; frames arrive in order. */
  listen(onFrame: (frame: Frame) => void, onClose: (reason?: unknown) => void): void;
  close(): void;
}

/** `credit` grants the peer that many more values, so a slow reader slows a remote writer. */
export type Frame =
  | { readonly k: "value"; readonly v: unknown }
  | { readonly k: "credit"; readonly n: number }
  | { readonly k: "end"; readonly error?: string };

/**
 * A duplex over a carrier, with the same back-pressure as in-process: at most `capacity` values
 * are unread on either side.
 *
 * @param parse checks what comes from the other side; its failure closes the duplex
 */
export function carried<Out, In>(
  carrier: Carrier,
  capacity: number,
  parse: (value: unknown) => In,
): Duplex<Out, In> {
  const inbox = new Channel<In>(capacity);
  const outbox = new Channel<Out>(capacity);
  const credit = new Channel<true>(Number.MAX_SAFE_INTEGER);
  let ended = false;
  const end = (reason?: unknown) => {
    if (ended) return;
    ended = true;
    inbox.close(reason);
    outbox.close(reason);
    credit.close(reason);
    carrier.close();
  };
  carrier.listen((frame) => {
    if (frame.k === "credit") {
      for (let i = 0; i < Math.min(frame.n, capacity); i++) credit.trySend(true);
    } else if (frame.k === "end") {
      end(frame.error === undefined ? undefined : new Error(frame.error));
    } else {
      try {
        if (!inbox.trySend(parse(frame.v))) end(new Error("peer sent more than its credit"));
      } catch (error) {
        end(error);
      }
    }
  }, end);
  carrier.post({ k: "credit", n: capacity });
  void (async () => {
    try {
      for await (const value of outbox) {
        if ((await credit.receive()).done) return;
        carrier.post({ k: "value", v: value });
      }
      if (!ended) carrier.post({ k: "end" });
    } catch (error) {
      end(error);
    }
  })();
  const source: Source<In> = {
    get size() {
      return inbox.size;
    },
    async receive(signal) {
      const next = await inbox.receive(signal);
      if (!next.done && !ended) carrier.post({ k: "credit", n: 1 });
      return next;
    },
    async *[Symbol.asyncIterator]() {
      while (true) {
        const next = await this.receive();
        if (next.done) return;
        yield next.value;
      }
    },
  };
  const sink: Sink<Out> = {
    send: (value, signal) => outbox.send(value, signal),
    trySend: (value) => outbox.trySend(value),
    close: (reason) => {
      if (reason !== undefined) {
        if (!ended) carrier.post({ k: "end", error: String((reason as Error).message ?? reason) });
        end(reason);
      } else outbox.close();
    },
    get closed() {
      return outbox.closed;
    },
  };
  return { sink, source };
}

/** Carries a duplex over a `MessagePort` (web or `node:worker_threads`). */
export function overPort(port: MessagePort): Carrier {
  return {
    post: (frame) => port.postMessage(frame),
    listen(onFrame, onClose) {
      port.addEventListener("message", (event) => onFrame(event.data as Frame));
      port.addEventListener("messageerror", () => onClose(new Error("unreadable frame")));
      port.addEventListener("close", () => onClose());
      port.start();
    },
    close: () => port.close(),
  };
}

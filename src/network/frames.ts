/** Frames over a libp2p stream: a length as uint32, big-endian, then that many bytes. */
import type { Stream, StreamMessageEvent } from "@libp2p/interface";
import { Uint8ArrayList } from "uint8arraylist";
import { Channel, type Duplex } from "../channel.ts";
import { heedPauses } from "./paused.ts";

const headerBytes = 4;
/** Unread bytes at which the peer is asked to wait; a larger frame is still read whole. */
const highWater = 64 * 1024;
/** Time that an orderly end may take, ms. */
const closeMs = 3_000;

/** Reads and writes whole frames, as fast as the slower side allows. */
export class FrameStream {
  /** Settles when the stream is gone in both directions: with the reason, if it broke. */
  readonly gone: Promise<unknown>;
  readonly #unread = new Uint8ArrayList();
  /** Bytes that the reader waits for. */
  #need = headerBytes;
  #ended = false;
  #resuming = false;
  #error: unknown;
  #wake: () => void = () => {};
  #open = true;
  #drained: () => void = () => {};

  constructor(private readonly stream: Stream) {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.gone = promise;
    heedPauses(stream);
    stream.addEventListener("close", (event) => {
      this.#open = false;
      this.#end(event.error);
      this.#drained();
      resolve(event.error);
    });
    for (const event of ["drain", "idle"] as const) {
      // Later than the stream's own listener, which sends what it can.
      stream.addEventListener(event, () => setTimeout(() => this.#drained()));
    }
    stream.addEventListener("end", () => this.#end());
    stream.addEventListener("message", (event) => this.#take(event));
    if (stream.readableEnded) this.#end();
    if (stream.timeline.close !== undefined) resolve(undefined);
  }

  /**
   * The next frame; undefined when the peer ended the stream between two frames.
   * One read at a time. `limit` is in bytes.
   * @throws when the frame is larger, when the stream breaks, or ends within a frame
   */
  async read(limit: number): Promise<Uint8Array | undefined> {
    while (true) {
      this.#need = headerBytes;
      if (this.#unread.byteLength >= headerBytes) {
        const length = this.#unread.getUint32(0);
        if (length > limit) throw new Error(`frame of ${length} bytes, of ${limit} allowed`);
        this.#need += length;
        if (this.#unread.byteLength >= this.#need) {
          const frame = this.#unread.slice(headerBytes, this.#need);
          this.#unread.consume(this.#need);
          return frame;
        }
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) {
        if (this.#unread.byteLength > 0) throw new Error("the stream ended within a frame");
        return undefined;
      }
      const more = new Promise<void>((resolve) => this.#wake = resolve);
      this.#resume();
      await more;
    }
  }

  /** Resolves when the next frame may be written. */
  async write(frame: Uint8Array): Promise<void> {
    const header = new Uint8Array(headerBytes);
    new DataView(header.buffer).setUint32(0, frame.length);
    this.stream.send(new Uint8ArrayList(header, frame));
    // `stream.onDrain()` waits only the first time it is used.
    while (this.stream.writeBufferLength > highWater && this.#open) {
      await new Promise<void>((resolve) => this.#drained = resolve);
    }
  }

  /** Ends our side, and the stream if the peer does not end its side soon. */
  async finish(): Promise<void> {
    const timer = setTimeout(() => this.abort(new Error("the peer did not close")), closeMs);
    try {
      await this.stream.close({ signal: AbortSignal.timeout(closeMs) });
      await this.gone;
    } catch (error) {
      this.abort(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Drops what is unsent and unread. */
  abort(reason: unknown): void {
    this.stream.abort(reason instanceof Error ? reason : new Error("closed", { cause: reason }));
  }

  #take({ data }: StreamMessageEvent): void {
    this.#unread.append(data);
    this.#pauseIfFull();
    if (this.#unread.byteLength >= this.#need) this.#wake();
  }

  #resume(): void {
    if (this.stream.readStatus !== "paused") return;
    this.#resuming = true;
    this.stream.resume();
    this.#resuming = false;
    this.#pauseIfFull();
  }

  #pauseIfFull(): void {
    // `resume()` hands over what it holds before it opens yamux's window: a pause in between would
    // be undone there, and the peer would go on until the stream's buffer overflows.
    if (this.#resuming || this.stream.readStatus !== "readable") return;
    if (this.#unread.byteLength >= Math.max(highWater, this.#need)) this.stream.pause();
  }

  #end(error?: unknown): void {
    this.#ended = true;
    this.#error ??= error;
    this.#wake();
  }
}

/**
 * The stream as a channel each way. Ending either side ends the stream: what was sent before is
 * still delivered, and closing the sink with a reason, or a frame over `maxFrame` bytes, drops it.
 */
export function framesOver(stream: FrameStream, maxFrame: number): Duplex<Uint8Array, Uint8Array> {
  const inbox = new Channel<Uint8Array>(1);
  const outbox = new Channel<Uint8Array>(1);
  const reading = async () => {
    try {
      for (let f = await stream.read(maxFrame); f; f = await stream.read(maxFrame)) {
        await inbox.send(f);
      }
      inbox.close();
    } catch (error) {
      inbox.close(error);
      stream.abort(error);
    }
    outbox.close();
  };
  const writing = async () => {
    try {
      for await (const frame of outbox) await stream.write(frame);
      await stream.finish();
    } catch (error) {
      stream.abort(error);
    }
  };
  void reading();
  void writing();
  void stream.gone.then((reason) => {
    outbox.close(reason);
    // Wakes a reader's send into an inbox that nobody empties any more.
    inbox.close(reason);
  });
  let closing: ReturnType<typeof setTimeout> | undefined;
  void stream.gone.then(() => clearTimeout(closing));
  return {
    source: inbox,
    sink: {
      send: (frame, signal) => outbox.send(frame, signal),
      trySend: (frame) => outbox.trySend(frame),
      get closed() {
        return outbox.closed;
      },
      close(reason) {
        outbox.close(reason);
        // A peer that takes nothing does not keep the stream open either.
        closing ??= setTimeout(() => stream.abort(reason ?? new Error("closed")), 2 * closeMs);
      },
    },
  };
}

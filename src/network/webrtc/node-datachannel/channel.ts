import { Buffer } from "node:buffer";
import type { RTCDataChannel as Channel } from "werift";
import { Emitter } from "./emitter.ts";

/** Most time that the last bytes of a channel may take, ms. */
const drainMs = 5_000;

type Handler = ((event: Event) => void) | null;

/** A data channel of werift with the interface of browsers, as far as libp2p uses it. */
export class RTCDataChannel extends Emitter {
  binaryType: BinaryType = "arraybuffer";
  onopen: Handler = null;
  onmessage: Handler = null;
  onbufferedamountlow: Handler = null;
  onclosing: Handler = null;
  onclose: Handler = null;
  onerror: Handler = null;

  #closing = false;

  constructor(private readonly channel: Channel) {
    super();
    channel.onMessage.subscribe((data) => {
      this.fire("message", { data: typeof data === "string" ? data : arrayBufferOf(data) });
    });
    channel.bufferedAmountLow.subscribe(() => this.fire("bufferedamountlow"));
    channel.stateChange.subscribe((state) => {
      if (state === "open") this.fire("open");
      if (state === "closing") this.fire("closing");
      if (state === "closed") this.fire("close");
    });
  }

  get id(): number | null {
    return this.channel.id ?? null;
  }
  get label(): string {
    return this.channel.label;
  }
  get protocol(): string {
    return this.channel.protocol;
  }
  get negotiated(): boolean {
    return this.channel.negotiated;
  }
  get ordered(): boolean {
    return this.channel.ordered;
  }
  get readyState(): string {
    const { readyState } = this.channel;
    return this.#closing && readyState !== "closed" ? "closing" : readyState;
  }
  get bufferedAmount(): number {
    return this.channel.bufferedAmount;
  }
  get bufferedAmountLowThreshold(): number {
    return this.channel.bufferedAmountLowThreshold;
  }
  set bufferedAmountLowThreshold(bytes: number) {
    this.channel.bufferedAmountLowThreshold = bytes;
  }

  send(data: string | ArrayBuffer | ArrayBufferView): void {
    if (this.readyState !== "open") {
      throw new DOMException("the data channel is not open", "InvalidStateError");
    }
    if (typeof data === "string") return this.channel.send(data);
    // A copy: it may wait in a queue, and the caller may use its buffer again.
    this.channel.send(
      ArrayBuffer.isView(data)
        ? Buffer.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
        : Buffer.from(new Uint8Array(data)),
    );
  }

  /** Ends the channel when what was sent on it has arrived. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    void this.#drain().then(() => this.channel.close());
  }

  /** werift would reset the stream at once, and the peer would lose what is on its way. */
  async #drain(): Promise<void> {
    const endsAt = performance.now() + drainMs;
    do {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (["closing", "closed"].includes(this.channel.readyState)) return;
    } while (this.#isUnsent() && performance.now() < endsAt);
  }

  #isUnsent(): boolean {
    if (this.channel.bufferedAmount > 0) return true;
    const sctp = this.channel.sctp.sctp as unknown as Queues;
    const isOurs = (chunk: Chunk) => chunk.streamId === this.channel.id;
    return sctp.outboundQueue.some(isOurs) || sctp.sentQueue.some(isOurs);
  }
}

interface Chunk {
  readonly streamId: number;
}

/** What werift has not sent yet, and what the peer has not acknowledged. */
interface Queues {
  readonly outboundQueue: readonly Chunk[];
  readonly sentQueue: readonly Chunk[];
}

function arrayBufferOf(data: Uint8Array): ArrayBuffer {
  return new Uint8Array(data).buffer;
}

import { Buffer } from "node:buffer";
import type { RTCDataChannel as Channel } from "werift";
import { Emitter } from "./emitter.ts";
import { windowBytes } from "./sctp.ts";

/** Most time that the last bytes of a channel may take, ms. */
const drainMs = 5_000;

/** Most bytes that are held while the channel is paused: twice the window, which the peer heeds. */
const mostHeld = 2 * windowBytes;
/** Pauses after which the peer is told that there is room again, ms. */
const windowTellsMs = [0, 200, 1_000, 3_000] as const;
/** werift's number for an association that is up. */
const established = 4;

type Handler = ((event: Event) => void) | null;

/** A data channel of werift with the interface of browsers, as far as libp2p uses it. */
export class RTCDataChannel extends Emitter {
  binaryType: BinaryType = "arraybuffer";
  onopen: Handler = null;
  onbufferedamountlow: Handler = null;
  onclosing: Handler = null;
  onclose: Handler = null;
  onerror: Handler = null;

  #closing = false;
  #paused = false;
  #onmessage: Handler = null;
  readonly #held: (string | Uint8Array)[] = [];
  #heldBytes = 0;
  #telling: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly channel: Channel) {
    super();
    channel.onMessage.subscribe((data) => {
      if (this.#waits) this.#hold(data);
      else this.#deliver(data);
    });
    channel.bufferedAmountLow.subscribe(() => this.fire("bufferedamountlow"));
    channel.stateChange.subscribe((state) => {
      if (state === "open") this.fire("open");
      if (state === "closing") this.fire("closing");
      if (state === "closed") {
        this.resume();
        this.#drop();
        this.fire("close");
      }
    });
  }

  /** What comes before there is a handler is kept for it. */
  get onmessage(): Handler {
    return this.#onmessage;
  }
  set onmessage(handler: Handler) {
    this.#onmessage = handler;
    this.#release();
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

  /** Has the peer wait, which takes what it sent into account when it sends on any channel. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#release();
  }

  get #waits(): boolean {
    return this.#paused || this.#onmessage === null;
  }

  #release(): void {
    if (this.#held.length === 0) return;
    while (!this.#waits && this.#held.length > 0) {
      const data = this.#held.shift() as string | Uint8Array;
      this.#count(-data.length);
      this.#deliver(data);
    }
    this.#tellWindow(windowTellsMs);
  }

  #deliver(data: string | Uint8Array): void {
    this.fire("message", { data: typeof data === "string" ? data : arrayBufferOf(data) });
  }

  #hold(data: string | Uint8Array): void {
    this.#held.push(data);
    this.#count(data.length);
    if (this.#heldBytes <= mostHeld) return;
    this.#drop();
    this.fire("error", { error: new Error("the peer does not wait") });
  }

  #drop(): void {
    this.#held.length = 0;
    this.#count(-this.#heldBytes);
  }

  /** What is held is not room in the window that SCTP tells the peer of. */
  #count(bytes: number): void {
    this.#heldBytes += bytes;
    this.#association.advertisedRwnd -= bytes;
  }

  /** Tells the peer that there is room again, more than once: it would wait for ever if it was lost. */
  #tellWindow([ms, ...rest]: readonly number[]): void {
    clearTimeout(this.#telling);
    if (ms === undefined || this.#waits) return;
    this.#telling = setTimeout(() => {
      const association = this.#association;
      if (association.associationState !== established) return;
      association.sackNeeded = true;
      association.sendSack().catch(() => {});
      this.#tellWindow(rest);
    }, ms);
  }

  get #association(): Association {
    return this.channel.sctp.sctp as unknown as Association;
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
    const isOurs = (chunk: Chunk) => chunk.streamId === this.channel.id;
    const sctp = this.#association;
    return sctp.outboundQueue.some(isOurs) || sctp.sentQueue.some(isOurs);
  }
}

interface Chunk {
  readonly streamId: number;
}

/** Parts of werift's SCTP that it keeps to itself. */
interface Association {
  /** What is not sent yet, and what the peer has not acknowledged. */
  readonly outboundQueue: readonly Chunk[];
  readonly sentQueue: readonly Chunk[];
  readonly associationState: number;
  /** Bytes that the peer may send, over all channels. */
  advertisedRwnd: number;
  sackNeeded: boolean;
  sendSack(): Promise<void>;
}

function arrayBufferOf(data: Uint8Array): ArrayBuffer {
  return new Uint8Array(data).buffer;
}

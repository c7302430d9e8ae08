import { setImmediate } from "node:timers";
import type { Address } from "viem";
import type { Duplex } from "../channel.ts";
import {
  type DigestSigner,
  type Encoded,
  encodeMessage,
  fitting,
  limits,
  type Network,
  type OpenFrame,
  openFrame,
  readMessage,
  sealAll,
  type WireBody,
  WireError,
  type WireKind,
  type WireMessage,
} from "../protocol/index.ts";
import { Patience } from "./patience.ts";

/** An encrypted, ordered, framed connection to one peer; what libp2p and tests provide. */
export interface Connection {
  /** The operator address that the peer's key is bound to. */
  readonly remote: Address;
  readonly frames: Duplex<Uint8Array, Uint8Array>;
}

/** Who we are on a link. */
export interface LinkIdentity {
  readonly network: Network;
  readonly signer: DigestSigner;
}

export interface LinkOptions {
  /** Called for each frame that is refused; it is dropped, and the link goes on. */
  readonly onRefused?: (error: WireError) => void;
  readonly maxSkewMs?: number;
  /** With what the peer sends wrong; the link ends with it. */
  readonly patience?: Pick<Patience, "ended" | "spend">;
}

/** Refusals that a peer may cause at once, and again every second. */
export const refusals = { burst: 64, perSecond: 4 } as const;
/** A refused frame costs as much as one more refusal for so many bytes. */
const refusalBytes = 64 * 1024;

interface Unsent {
  readonly message: Encoded;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Least time between the starts of two frames, ms: with hundreds of messages a second a frame
 * carries a dozen, and its cost is small beside theirs.
 */
const spacingMs = 20;

/**
 * A connection that speaks the protocol: signs what it sends, checks what it receives. What is
 * sent in one turn of the event loop, or soon after a frame, shares the next frame and signature:
 * each costs about as much as what it takes to prove that a message came from its sender.
 */
export class Link {
  #unsent: Unsent[] = [];
  #sending = false;
  #sentAt = -Infinity;
  readonly #patience: Pick<Patience, "ended" | "spend">;
  #refused = 0;

  constructor(
    readonly connection: Connection,
    private readonly identity: LinkIdentity,
    private readonly options: LinkOptions = {},
  ) {
    this.#patience = options.patience ?? new Patience(refusals.burst, refusals.perSecond);
  }

  get remote(): Address {
    return this.connection.remote;
  }

  /** Whether there is still somebody to send to. */
  get open(): boolean {
    return !this.connection.frames.sink.closed;
  }

  /** Messages and frames of the peer that were refused for their form, or for who signed them. */
  get refused(): number {
    return this.#refused;
  }

  /** Waits while the peer is slow. */
  send<K extends WireKind>(kind: K, body: WireBody<K>): Promise<void> {
    return new Promise((resolve, reject) => {
      const message = encodeMessage(kind, body, this.identity.signer.address);
      this.#unsent.push({ message, resolve, reject });
      if (this.#sending) return;
      this.#sending = true;
      void this.#send();
    });
  }

  async #send(): Promise<void> {
    const { network, signer } = this.identity;
    while (this.#unsent.length > 0) {
      const early = this.#sentAt + spacingMs - performance.now();
      await new Promise<void>((go) => early > 0 ? setTimeout(go, early) : setImmediate(go));
      this.#sentAt = performance.now();
      const batch = this.#take();
      try {
        const frame = await sealAll(network, signer, this.remote, batch.map((u) => u.message));
        await this.connection.frames.sink.send(frame);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#sending = false;
  }

  #take(): Unsent[] {
    const messages = this.#unsent.map(({ message }) => message);
    return this.#unsent.splice(0, fitting(messages, limits.directFrame));
  }

  /** Messages signed by the peer, in order, until the connection or the patience ends. */
  async *messages(): AsyncGenerator<WireMessage, void, undefined> {
    for await (const frame of this.connection.frames.source) {
      const opened = this.#checked(frame, () => this.#open(frame));
      for (const bytes of opened?.messages ?? []) {
        const message = this.#checked(bytes, () => readMessage(bytes, opened as OpenFrame));
        if (message) yield message;
        else if (this.#patience.ended) break;
      }
      if (this.#patience.ended) return this.close(new Error("too much was refused"));
    }
  }

  #open(frame: Uint8Array): OpenFrame {
    const opened = openFrame(frame, {
      network: this.identity.network,
      self: this.identity.signer.address,
      maxBytes: limits.directFrame,
      maxSkewMs: this.options.maxSkewMs ?? 300_000,
    });
    if (opened.from === this.remote) return opened;
    throw new WireError("signature", "frame is signed by another key than the peer's");
  }

  #checked<T>(bytes: Uint8Array, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#patience.spend(1 + bytes.length / refusalBytes);
      // What is stale may be so by the clock of this machine.
      if (error.kind !== "stale") this.#refused++;
      this.options.onRefused?.(error);
      return undefined;
    }
  }

  close(reason?: unknown): void {
    this.connection.frames.sink.close(reason);
  }
}

/** The links that dispatch works with; they come and go. */
export interface Links {
  list(): Link[];
  /** Called for each link that appears. Returns the unsubscriber. */
  onLink(listener: (link: Link) => void): () => void;
}

/** Several sources of links as one. */
export function mergeLinks(...parts: readonly Links[]): Links {
  return {
    list: () => parts.flatMap((part) => part.list()),
    onLink(listener) {
      const stops = parts.map((part) => part.onLink(listener));
      return () => stops.forEach((stop) => stop());
    },
  };
}

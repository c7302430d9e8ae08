import type { Address } from "viem";
import type { Duplex } from "../channel.ts";
import {
  type DigestSigner,
  limits,
  type Network,
  open,
  seal,
  type WireBody,
  WireError,
  type WireKind,
  type WireMessage,
} from "../protocol/index.ts";

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
}

/** A connection that speaks the protocol: signs what it sends, checks what it receives. */
export class Link {
  constructor(
    readonly connection: Connection,
    private readonly identity: LinkIdentity,
    private readonly options: LinkOptions = {},
  ) {}

  get remote(): Address {
    return this.connection.remote;
  }

  /** Waits while the peer is slow. */
  async send<K extends WireKind>(kind: K, body: WireBody<K>, signal?: AbortSignal): Promise<void> {
    const { network, signer } = this.identity;
    const frame = await seal(network, signer, this.remote, kind, body);
    await this.connection.frames.sink.send(frame, signal);
  }

  /** Messages signed by the peer, in order, until the connection ends. */
  async *messages(): AsyncGenerator<WireMessage, void, undefined> {
    for await (const frame of this.connection.frames.source) {
      try {
        const message = await open(frame, {
          network: this.identity.network,
          self: this.identity.signer.address,
          maxBytes: limits.directFrame,
          maxSkewMs: this.options.maxSkewMs ?? 300_000,
        });
        if (message.from !== this.remote) {
          throw new WireError("signature", "frame is signed by another key than the peer's");
        }
        yield message;
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        this.options.onRefused?.(error);
      }
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

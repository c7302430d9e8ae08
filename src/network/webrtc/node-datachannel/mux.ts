/** Many ICE-lite connections over one UDP socket, told apart by the user name of their STUN. */
import { Buffer } from "node:buffer";
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import {
  type Address,
  Candidate,
  candidateFoundation,
  candidatePriority,
  classes,
  type IceConnection,
  Message,
  methods,
  parseMessage,
  StunProtocol,
} from "werift";
import { makeRoom } from "./udp.ts";

export interface IceUdpMuxRequest {
  /** The user name's part for us. */
  readonly ufrag: string;
  readonly localUfrag: string;
  readonly remoteUfrag: string;
  readonly host: string;
  readonly port: number;
}

/** Most connections that have begun and are not up yet, in all and of one address. */
const [mostWaiting, mostWaitingOfHost] = [128, 16];
/** Most addresses from which one peer may try. */
const mostAddresses = 16;
/** A connection that was told of and that nobody takes is forgotten after so long, ms. */
const waitingMs = 15_000;

interface Waiting {
  readonly begun: true;
  readonly mux: IceUdpMuxListener;
  readonly host: string;
  readonly port: number;
  readonly first: Buffer;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Connections that a listener told of, by their user name, until somebody takes them. */
const waiting = new Map<string, Waiting>();

export class IceUdpMuxListener {
  readonly #socket: Socket;
  /** By the peer's address, of which it may have several, and by its user name. */
  readonly #byAddress = new Map<string, MuxedStun>();
  readonly #byUfrag = new Map<string, MuxedStun>();
  #unhandled: ((request: IceUdpMuxRequest) => void) | undefined;

  constructor(readonly port: number, readonly host: string = "0.0.0.0") {
    this.#socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4" });
    this.#socket.on("message", (data, { address, port }) => this.take(data, address, port));
    this.#socket.on("error", (error: NodeJS.ErrnoException) => {
      // A peer is gone.
      if (error.code === "ECONNREFUSED") return;
      console.error(`the UDP socket of webrtc-direct on port ${this.port}: ${error.message}`);
    });
    this.#socket.once("listening", () => makeRoom(this.#socket));
    this.#socket.bind(port, host);
  }

  onUnhandledStunRequest(callback: (request: IceUdpMuxRequest) => void): void {
    this.#unhandled = callback;
  }

  stop(): void {
    this.#unhandled = undefined;
    for (const [ufrag, { mux, timer }] of waiting) {
      if (mux !== this) continue;
      clearTimeout(timer);
      waiting.delete(ufrag);
    }
    try {
      this.#socket.close();
    } catch {
      // It is closed.
    }
  }

  send(data: Uint8Array, [host, port]: Address): void {
    try {
      this.#socket.send(data, port, host);
    } catch {
      // Closed, or the network is gone; what is lost is sent again.
    }
  }

  add(ufrag: string, muxed: MuxedStun): void {
    this.#byUfrag.set(ufrag, muxed);
  }

  remove(muxed: MuxedStun): void {
    for (const map of [this.#byAddress, this.#byUfrag]) {
      for (const [name, other] of map) if (other === muxed) map.delete(name);
    }
  }

  take(data: Buffer, host: string, port: number): void {
    const known = this.#byAddress.get(nameOf(host, port));
    if (known) return known.receive(data, [host, port]);
    const request = parse(data);
    if (request?.messageMethod !== methods.BINDING) return;
    if (request.messageClass !== classes.REQUEST) return;
    const name = request.getAttributeValue("USERNAME");
    if (name === undefined) return this.#tellAddress(request, host, port);
    const [ufrag = "", remoteUfrag = ""] = String(name).split(":");
    // Who knows the user name knows the password; anybody else has made it up.
    if (waiting.has(ufrag) || !parse(data, ufrag)) return;
    const muxed = this.#byUfrag.get(ufrag);
    if (muxed) return muxed.receiveAt(data, [host, port], this.#byAddress);
    if (!this.#unhandled || this.#isFull(host)) return;
    const timer = setTimeout(() => waiting.delete(ufrag), waitingMs);
    waiting.set(ufrag, { begun: true, mux: this, host, port, first: data, timer });
    this.#unhandled({ ufrag, localUfrag: ufrag, remoteUfrag, host, port });
  }

  #isFull(host: string): boolean {
    const begun = [...waiting.values(), ...this.#byUfrag.values()].filter(({ begun }) => begun);
    if (begun.length >= mostWaiting) return true;
    return begun.filter((other) => other.host === host).length >= mostWaitingOfHost;
  }

  /** A STUN server's answer, for peers behind a NAT that have no other one. */
  #tellAddress({ transactionId }: Message, host: string, port: number): void {
    const response = new Message(methods.BINDING, classes.RESPONSE, transactionId);
    response.setAttribute("XOR-MAPPED-ADDRESS", [host, port]);
    response.addFingerprint();
    this.send(response.bytes, [host, port]);
  }
}

function parse(data: Buffer, key?: string): Message | undefined {
  try {
    return parseMessage(data, key === undefined ? undefined : Buffer.from(key));
  } catch {
    return undefined;
  }
}

/** The part of a listener's socket that is one connection's. */
class MuxedStun extends StunProtocol {
  #addresses = 0;

  constructor(
    readonly mux: IceUdpMuxListener,
    private readonly connection: IceConnection,
    /** The peer's. */
    readonly host: string,
  ) {
    super();
    const transport = {
      type: "udp",
      closed: false,
      address: { address: mux.host, family: "IPv4", port: mux.port },
      addressFamily: isIPv6(mux.host) ? 6 : 4,
      send: (data: Buffer, to: Address) => Promise.resolve(mux.send(data, to)),
      close: () => {
        transport.closed = true;
        mux.remove(this);
        return Promise.resolve();
      },
    };
    Object.assign(this, { transport });
  }

  /** Whether it isn't up yet. */
  get begun(): boolean {
    return this.connection.nominated === undefined;
  }

  /** From an address that is new. */
  receiveAt(data: Buffer, from: Address, addresses: Map<string, MuxedStun>): void {
    if (this.#addresses++ >= mostAddresses) return;
    addresses.set(nameOf(...from), this);
    this.receive(data, from);
  }

  receive(data: Buffer, from: Address): void {
    (this as unknown as { datagramReceived(data: Buffer, from: Address): void })
      .datagramReceived(data, from);
  }
}

/** Has a connection use the socket of the listener that told of it, and open none. */
export function takeFromMux(connection: IceConnection, ufrag: () => string | undefined): void {
  const inside = connection as unknown as {
    protocols: StunProtocol[];
    ensureProtocol(protocol: StunProtocol): void;
    appendLocalCandidate(candidate: Candidate): void;
    getCandidatePromises(): Promise<unknown>[];
  };
  inside.getCandidatePromises = () => {
    const from = waiting.get(ufrag() ?? "");
    if (!from) return [];
    clearTimeout(from.timer);
    waiting.delete(ufrag() ?? "");
    const { mux, host, port, first } = from;
    const muxed = new MuxedStun(mux, connection, host);
    inside.ensureProtocol(muxed);
    muxed.localIp = mux.host;
    muxed.localCandidate = new Candidate(
      candidateFoundation("host", "udp", mux.host),
      1,
      "udp",
      candidatePriority("host", { transport: "udp" }),
      mux.host,
      mux.port,
      "host",
    );
    inside.protocols.push(muxed);
    inside.appendLocalCandidate(muxed.localCandidate);
    mux.add(ufrag() ?? "", muxed);
    mux.take(first, host, port);
    return [];
  };
}

const nameOf = (host: string, port: number): string => `${host} ${port}`;

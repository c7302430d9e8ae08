/** `RTCPeerConnection` and its kind over werift, as far as libp2p uses them. */
import {
  type IceConnection,
  RTCCertificate,
  RTCPeerConnection as Werift,
  type RTCPeerConnectionConfig,
} from "werift";
import { RTCDataChannel } from "./channel.ts";
import { Emitter } from "./emitter.ts";
import { takeFromMux } from "./mux.ts";
import type { PeerConnection } from "./peer.ts";
import { steady } from "./sctp.ts";
import { surviveSocketErrors } from "./udp.ts";

export { RTCDataChannel } from "./channel.ts";

surviveSocketErrors();

export class RTCSessionDescription {
  readonly type: RTCSdpType;
  readonly sdp: string;

  constructor({ type, sdp = "" }: RTCSessionDescriptionInit) {
    this.type = type;
    this.sdp = sdp;
  }

  toJSON(): RTCSessionDescriptionInit {
    return { type: this.type, sdp: this.sdp };
  }
}

export class RTCIceCandidate {
  readonly candidate: string;
  readonly sdpMid: string | null;
  readonly sdpMLineIndex: number | null;
  readonly usernameFragment: string | null;

  constructor(init: RTCIceCandidateInit = {}) {
    this.candidate = init.candidate ?? "";
    this.sdpMid = init.sdpMid ?? null;
    this.sdpMLineIndex = init.sdpMLineIndex ?? null;
    this.usernameFragment = init.usernameFragment ?? null;
  }

  toJSON(): RTCIceCandidateInit {
    const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = this;
    return { candidate, sdpMid, sdpMLineIndex, usernameFragment };
  }
}

export interface Configuration {
  readonly iceServers?: readonly { readonly urls: string | readonly string[] }[];
  /** Addresses to offer beside those of the interfaces; `"loopback"`: no other than 127.0.0.1. */
  readonly hosts?: readonly string[] | "loopback";
  readonly peerConnection?: PeerConnection;
}

const mostChannelId = 65_534;
/** Most time that a STUN server may take to tell our address, s. */
const stunSeconds = 2;

type Handler = ((event: never) => void) | null;

export class RTCPeerConnection extends Emitter {
  onconnectionstatechange: Handler = null;
  ondatachannel: Handler = null;
  onicecandidate: Handler = null;
  onicecandidateerror: Handler = null;
  oniceconnectionstatechange: Handler = null;
  onicegatheringstatechange: Handler = null;
  onnegotiationneeded: Handler = null;
  onsignalingstatechange: Handler = null;
  readonly #werift: Werift;
  readonly #settings: PeerConnection | undefined;
  #closed = false;

  constructor(configuration: Configuration = {}) {
    super();
    this.#settings = configuration.peerConnection;
    this.#werift = new Werift(weriftConfig(configuration));
    this.#settings?.attach(this.#werift);
    this.#watch();
    this.#onTransport((transport) => {
      const { connection } = transport.iceTransport;
      if (!hasStun(configuration)) connection.stunServer = undefined as never;
      if (configuration.hosts === "loopback") onlyLoopback(connection);
      transport.onStateChange.subscribe((state) => {
        // The peer ended it; a browser's connection closes then too.
        if (state === "closed" || state === "failed") this.close();
      });
      const { enableIceUdpMux, disableFingerprintVerification } = this.#settings?.config ?? {};
      if (disableFingerprintVerification) {
        Object.assign(transport, { verifyRemoteCertificateFingerprint: () => {} });
      }
      if (enableIceUdpMux) {
        takeFromMux(connection, () => this.#settings?.ufrag);
        // The client's offer says that it is active, which werift would answer with the same.
        Object.defineProperty(transport, "role", { get: () => "server", set() {} });
      }
      catching(transport, "dataReceiver", () => this.close());
    });
    const { sctpManager } = this.#werift as unknown as Internals;
    const create = sctpManager.createSctpTransport.bind(sctpManager);
    sctpManager.createSctpTransport = (...options) => {
      const sctp = create(...options);
      catching(sctp, "datachannelReceive", () => this.close());
      steady(sctp);
      numberChannels(sctp, () => this.#werift.dtlsTransports[0]?.role ?? "server");
      return sctp;
    };
  }

  get connectionState(): RTCPeerConnectionState {
    return this.#closed ? "closed" : this.#werift.connectionState;
  }
  get iceConnectionState(): string {
    return this.#werift.iceConnectionState;
  }
  get iceGatheringState(): string {
    return this.#werift.iceGatheringState;
  }
  get signalingState(): string {
    return this.#werift.signalingState;
  }
  get localDescription(): RTCSessionDescription | null {
    return this.#werift.localDescription as RTCSessionDescription | null;
  }
  get remoteDescription(): RTCSessionDescription | null {
    return this.#werift.remoteDescription as RTCSessionDescription | null;
  }

  createDataChannel(label: string, options: RTCDataChannelInit = {}): RTCDataChannel {
    return new RTCDataChannel(this.#werift.createDataChannel(label, options));
  }

  createOffer(): Promise<RTCSessionDescriptionInit> {
    return this.#werift.createOffer() as Promise<RTCSessionDescriptionInit>;
  }

  createAnswer(): Promise<RTCSessionDescriptionInit> {
    return this.#werift.createAnswer() as Promise<RTCSessionDescriptionInit>;
  }

  async setLocalDescription({ type, sdp = "" }: RTCSessionDescriptionInit): Promise<void> {
    await this.#werift.setLocalDescription({ type, sdp } as never);
  }

  async setRemoteDescription({ type, sdp = "" }: RTCSessionDescriptionInit): Promise<void> {
    await this.#werift.setRemoteDescription({ type, sdp } as never);
  }

  async addIceCandidate(candidate?: RTCIceCandidateInit): Promise<void> {
    await this.#werift.addIceCandidate((candidate ?? {}) as never);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#werift.close().catch(() => {});
    // node-datachannel tells its owner, and libp2p waits for it.
    this.fire("connectionstatechange");
    this.fire("close");
  }

  #watch(): void {
    const werift = this.#werift;
    werift.connectionStateChange.subscribe(() => {
      if (!this.#closed) this.fire("connectionstatechange");
    });
    werift.iceConnectionStateChange.subscribe(() => this.fire("iceconnectionstatechange"));
    werift.iceGatheringStateChange.subscribe(() => this.fire("icegatheringstatechange"));
    werift.signalingStateChange.subscribe(() => this.fire("signalingstatechange"));
    werift.onDataChannel.subscribe((channel) =>
      this.fire("datachannel", { channel: new RTCDataChannel(channel) })
    );
    werift.onIceCandidate.subscribe((candidate) => {
      const init = candidate?.toJSON() as RTCIceCandidateInit | undefined;
      this.fire("icecandidate", { candidate: init ? new RTCIceCandidate(init) : null });
    });
  }

  /** Sees each transport when it is made, before it does anything. */
  #onTransport(seen: (transport: Transport) => void): void {
    const { secureManager } = this.#werift as unknown as Internals;
    const create = secureManager.createTransport.bind(secureManager);
    secureManager.createTransport = (options) => {
      const transport = create(options);
      seen(transport);
      return transport;
    };
  }
}

type Transport = Werift["dtlsTransports"][number];

/** Parts of werift's class that it keeps to itself. */
interface Internals {
  readonly sctpManager: { createSctpTransport(...options: unknown[]): object };
  readonly secureManager: { createTransport(options?: object): Transport };
}

/** Has a function that is an object's property, now or later, fail without a trace but `failed`. */
function catching<K extends string>(object: object, name: K, failed: () => void): void {
  type Receive = (...data: unknown[]) => unknown;
  const safe = (receive: Receive): Receive => async (...data) => {
    try {
      await receive(...data);
    } catch {
      // The peer broke the protocol.
      failed();
    }
  };
  let current = safe((object as Record<K, Receive>)[name]);
  Object.defineProperty(object, name, {
    configurable: true,
    get: () => current,
    set: (receive: Receive) => current = safe(receive),
  });
}

/**
 * Numbers channels: evenly at the DTLS client (RFC 8832 §6), where werift has the controlled agent
 * do so, which is the server where that is ICE-lite; and none twice, as werift answers the end of a
 * channel with a reset that would also end a new one of that number.
 */
function numberChannels(sctp: object, role: () => string): void {
  let next: number | undefined;
  Object.defineProperty(sctp, "dataChannelId", {
    get() {
      const first = role() === "client" ? 0 : 1;
      const id = next ?? first;
      next = id + 2 > mostChannelId ? first : id + 2;
      return id;
    },
    set() {},
  });
}

function weriftConfig({ iceServers = [], hosts, peerConnection }: Configuration) {
  const { certificatePemFile, keyPemFile, enableIceUdpMux, maxMessageSize } =
    peerConnection?.config ?? {};
  const config: RTCPeerConnectionConfig = {
    iceServers: iceServers.map(({ urls }) => ({ urls: [urls].flat()[0] ?? "" }))
      .filter(({ urls }) => urls.startsWith("stun:")),
    iceUseIpv6: true,
    iceStunGatherTimeout: stunSeconds,
  };
  if (Array.isArray(hosts)) config.iceAdditionalHostAddresses = [...hosts];
  if (hosts === "loopback") config.iceAdditionalHostAddresses = ["127.0.0.1"];
  if (enableIceUdpMux) config.iceLite = true;
  if (maxMessageSize !== undefined) config.maxMessageSize = maxMessageSize;
  if (certificatePemFile && keyPemFile) {
    // ECDSA with SHA-256.
    const signature = { hash: 4, signature: 3 } as const;
    config.certificates = [new RTCCertificate(keyPemFile, certificatePemFile, signature)];
  }
  return config;
}

function hasStun({ iceServers = [] }: Configuration): boolean {
  return iceServers.some(({ urls }) => [urls].flat()[0]?.startsWith("stun:"));
}

/** Has no other socket opened than one of loopback. */
function onlyLoopback(connection: IceConnection): void {
  const inside = connection as unknown as {
    getCandidatePromises(addresses: string[], timeout?: number): Promise<unknown>[];
  };
  const gather = inside.getCandidatePromises.bind(inside);
  inside.getCandidatePromises = (addresses, timeout) =>
    gather(addresses.filter((address) => address === "127.0.0.1"), timeout);
}

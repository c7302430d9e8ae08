import { createHash } from "node:crypto";
import type { RTCPeerConnection as Werift } from "werift";

export interface CertificateFingerprint {
  readonly algorithm: string;
  /** Hex bytes with colons between them. */
  readonly value: string;
}

/** The settings that libp2p makes; others of node-datachannel are not known here. */
export interface PeerConnectionConfig {
  /** The certificate and its PKCS #8 key as PEM texts. */
  readonly certificatePemFile?: string;
  readonly keyPemFile?: string;
  /** Whether any certificate of the peer is good: Noise checks its fingerprint later. */
  readonly disableFingerprintVerification?: boolean;
  /** Whether it takes its packets from the `IceUdpMuxListener` that told of its peer. */
  readonly enableIceUdpMux?: boolean;
  readonly maxMessageSize?: number;
  readonly iceServers?: readonly string[];
}

/** Settings of a connection beyond the browsers', given to `RTCPeerConnection` as one of its own. */
export class PeerConnection {
  #werift: Werift | undefined;
  #ufrag: string | undefined;

  constructor(readonly name: string, readonly config: PeerConnectionConfig) {}

  /** The connection that has these settings. */
  attach(werift: Werift): void {
    this.#werift = werift;
  }

  get ufrag(): string | undefined {
    return this.#ufrag;
  }

  /** ICE's user and password, which webrtc-direct has both sides choose alike. */
  setLocalDescription(_type: string, ice: { iceUfrag: string; icePwd: string }): void {
    this.#ufrag = ice.iceUfrag;
    for (const { connection } of this.#werift?.iceTransports ?? []) {
      connection.localUsername = ice.iceUfrag;
      connection.localPassword = ice.icePwd;
      // By this map werift finds the password of a request.
      (connection as unknown as { userHistory: Record<string, string> })
        .userHistory[ice.iceUfrag] = ice.icePwd;
    }
  }

  /** Of the certificate that the peer showed in its DTLS handshake. */
  remoteFingerprint(): CertificateFingerprint {
    const certificate = this.#werift?.dtlsTransports[0]?.dtls?.remoteCertificate;
    if (!certificate) throw new Error("the peer has shown no certificate");
    const hex = createHash("sha256").update(certificate).digest("hex").toUpperCase();
    return { algorithm: "sha-256", value: hex.match(/../g)!.join(":") };
  }

  state(): string {
    return this.#werift?.connectionState ?? "new";
  }

  close(): void {}
}

/**
 * What @libp2p/webrtc imports of node-datachannel, over werift, which is TypeScript alone: the
 * package of that name is a native module that its install script downloads.
 */
export { IceUdpMuxListener, type IceUdpMuxRequest } from "./mux.ts";
export { type CertificateFingerprint, PeerConnection, type PeerConnectionConfig } from "./peer.ts";

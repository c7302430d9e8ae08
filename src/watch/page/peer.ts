/** The page as a libp2p peer of the enode's: it hears its gossip, and is trusted with nothing. */
import { gossipsub } from "@libp2p/gossipsub";
import { identify } from "@libp2p/identify";
import { noise } from "@libp2p/noise";
import { ping } from "@libp2p/ping";
import { webRTCDirect } from "@libp2p/webrtc";
import { webSockets } from "@libp2p/websockets";
import { yamux } from "@libp2p/yamux";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import type { Log } from "../../log.ts";
import { Dialler } from "../../network/dial.ts";
import type { Host } from "../../network/host.ts";
import { limits } from "../../protocol/index.ts";

/** A new peer, each time that the page is opened. */
export async function openPeer(): Promise<Host> {
  const host = await createLibp2p({
    transports: [webSockets(), webRTCDirect()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // Addresses of a private network are those of whoever served the page.
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify(),
      ping: ping(),
      pubsub: gossipsub({ maxInboundDataLength: 8 * limits.gossipFrame }),
    },
  });
  // It has all that gossip and dialling use.
  return host as unknown as Host;
}

/** Keeps a connection to the enode, whatever happens. */
export function keepConnected(host: Host, addresses: readonly string[], log: Log): void {
  const dialler = new Dialler(host, {
    link: () => Promise.reject(new Error("a page has no links")),
    minRedialMs: 500,
    maxRedialMs: 15_000,
    enodeMs: 1_000,
    log,
    signal: new AbortController().signal,
  });
  dialler.keep(addresses.map((text): Multiaddr => multiaddr(text)));
}

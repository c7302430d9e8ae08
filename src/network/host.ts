/** This process as a libp2p peer: Noise, Yamux, gossip and a DHT, and nothing that is native. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { GossipSub } from "@libp2p/gossipsub";
import { identify } from "@libp2p/identify";
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import type { Libp2p, PrivateKey } from "@libp2p/interface";
import { type KadDHT, kadDHT, passthroughMapper } from "@libp2p/kad-dht";
import { mdns } from "@libp2p/mdns";
import { noise } from "@libp2p/noise";
import { type Ping, ping } from "@libp2p/ping";
import { yamux } from "@libp2p/yamux";
import { createLibp2p } from "libp2p";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import { runtimeName } from "../platform.ts";
import { limits } from "../protocol/index.ts";
import { wasmCrypto } from "./cipher.ts";
import { boundedGossip } from "./bounded_gossip.ts";
import { PeerScores, scoreParams, thresholds } from "./peer_scores.ts";
import type { RelayLimits } from "./relay.ts";
import { isRelayed } from "./relayed.ts";
import { steadyTcp } from "./tcp.ts";

export interface HostOptions {
  /** Where the peer key is kept. */
  readonly directory: string;
  /**
   * Multiaddrs to listen on; none: only dials. By `/p2p-circuit` the peer is reached through
   * whichever relays it finds, by `<relay's multiaddr>/p2p-circuit` through that one.
   */
  readonly listen: readonly string[];
  /** Multiaddrs of peers that were named to it. */
  readonly known?: readonly string[];
  /** Whether peers are reached by WebRTC and through relays too. */
  readonly webrtc?: boolean;
  /** Whether others are reached through this peer, and within which limits; needs `webrtc`. */
  readonly relay?: boolean | Partial<RelayLimits>;
  /** Multiaddrs that peers are told in place of those. */
  readonly announce?: readonly string[];
  /** Names the network: peers of another one have another DHT. */
  readonly chainId?: number;
  /** Whether peers on the local network are looked for. */
  readonly mdns?: boolean;
  /** What gossip makes of peers. */
  readonly scores?: PeerScores;
  /** Pause between pings, ms. */
  readonly pingMs?: number;
  /** A peer that owes a ping for so long is dead, ms. */
  readonly deadMs?: number;
}

/**
 * A message is sent to some peers of its topic at once, and its name to all others with the next
 * heartbeats, upon which they ask for it: znodes that only dial have it of nobody but their enodes.
 * Many messages then share a frame.
 */
// Peers are found over the DHT; who subscribes to a topic is mostly znodes, which nobody can dial.
const gossipMesh = { floodPublish: false, D: 8, Dlo: 6, Dhi: 12, gossipFactor: 1, mcacheGossip: 2 };

/** What runs beside the links on a node's peer. */
export type Host = Libp2p<{ ping: Ping; pubsub: GossipSub; dht: KadDHT }>;

/** The DHT's protocol, with the original's prefix. */
export const dhtProtocol = (chainId: number): string => `/iotex${chainId}/kad/1.0.0`;

/** Starts the peer. A peer that stops answering loses its connection after `pingMs + deadMs`. */
export async function createHost(options: HostOptions): Promise<Host> {
  const { directory, listen, announce = [], chainId = 2, pingMs = 5_000, deadMs = 8_000 } = options;
  const { known = [], relay = false } = options;
  const more = options.webrtc ? await import("./transports.ts") : undefined;
  const relaying = more && relay
    ? more.relaying(() => host, relay === true ? {} : relay)
    : undefined;
  const host: Host = await createLibp2p({
    privateKey: await peerKey(directory),
    addresses: { listen: more?.listenAddresses(listen) ?? [...listen], announce: [...announce] },
    transports: await more?.transports({ directory, listen, known }, () => host) ?? [steadyTcp],
    // Bun's crypto has no ChaCha20-Poly1305, to which noise turns for large frames.
    connectionEncrypters: [noise(runtimeName === "bun" ? { crypto: wasmCrypto } : {})],
    streamMuxers: [
      yamux({
        maxInboundStreams: 64,
        maxEarlyStreams: 8,
        // A paused reader keeps at most a window, which must stay under a stream's read buffer.
        streamOptions: { maxStreamWindowSize: 1024 * 1024, maxReadBufferLength: 2 * 1024 * 1024 },
      }),
    ],
    peerDiscovery: options.mdns ? [mdns({ serviceTag: `_w3bstream-${chainId}._udp.local` })] : [],
    nodeInfo: { userAgent: "w3bstream" },
    services: {
      identify: identify(),
      ping: ping(),
      ...(relaying ? { relay: relaying.service } : {}),
      pubsub: boundedGossip({
        ...gossipMesh,
        scoreParams: scoreParams(options.scores ?? new PeerScores()),
        scoreThresholds: thresholds,
        allowPublishToZeroTopicPeers: true,
        maxInboundStreams: 2,
        maxOutboundStreams: 2,
        // The library drops longer messages, and the stream of one much longer, unread.
        maxInboundDataLength: 8 * limits.gossipFrame,
        maxOutboundBufferSize: 1024 * 1024,
        // A KiB a topic, as the library counts; what it keeps of one is a tenth of that.
        maxTopicBytesPerPeer: 4 * 1024 * 1024,
        messageProcessingConcurrency: 8,
        decodeRpcLimits: {
          maxSubscriptions: 256,
          maxMessages: 64,
          maxIhaveMessageIDs: 512,
          maxIwantMessageIDs: 512,
          maxIdontwantMessageIDs: 512,
          maxControlMessages: 256,
          maxPeerInfos: 16,
        },
      }),
      dht: kadDHT({
        protocol: dhtProtocol(chainId),
        // Only who can be dialled can be asked.
        clientMode: listen.every(isRelayed),
        // Nodes of one network may well be on one private network.
        peerInfoMapper: passthroughMapper,
        allowQueryWithZeroPeers: true,
        maxInboundStreams: 16,
        maxOutboundStreams: 32,
      }),
    },
    connectionGater: relaying?.gater ?? {},
    connectionManager: {
      maxConnections: 512,
      maxIncomingPendingConnections: 32,
      inboundConnectionThreshold: 10,
    },
    connectionMonitor: {
      pingInterval: pingMs,
      pingTimeout: { minTimeout: deadMs, maxTimeout: deadMs },
    },
  });
  relaying?.watch(host);
  return host;
}

/** The key that makes the peer id: made on the first start, then the same for ever. */
async function peerKey(directory: string): Promise<PrivateKey> {
  const path = join(directory, "peer.key");
  try {
    return privateKeyFromProtobuf(hexToBytes((await readFile(path, "utf8")).trim() as Hex));
  } catch (error) {
    // Neither the file's content nor what the parser says of it may reach a log.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      throw new Error(`${path} can't be read as a peer key`);
    }
  }
  await mkdir(directory, { recursive: true });
  const key = await generateKeyPair("Ed25519");
  await writeFile(path, `${bytesToHex(privateKeyToProtobuf(key))}\n`, { mode: 0o600, flag: "wx" });
  await chmod(path, 0o600);
  return key;
}

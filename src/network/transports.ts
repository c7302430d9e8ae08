/**
 * The ways to another peer beside TCP: WebSocket, WebRTC, and through a relay to one behind a NAT.
 * A large library: loaded only where it is asked for.
 */
// First here: Deno can't load it from within a package, where it stands for one of npm.
import "./webrtc/node-datachannel/index.ts";
import "./webrtc/node-datachannel/polyfill.ts";
import {
  circuitRelayTransport,
  type CircuitRelayTransportComponents,
} from "@libp2p/circuit-relay-v2";
import type { AbortOptions, Libp2p, Transport } from "@libp2p/interface";
import { webRTC, webRTCDirect } from "@libp2p/webrtc";
import { transportCertificate } from "./certificate.ts";
import { isRelayed } from "./relayed.ts";
import { steadyTcp } from "./tcp.ts";
import type { Configuration } from "./webrtc/node-datachannel/polyfill.ts";
import { steadyWebSockets } from "./websockets.ts";

export { relaying } from "./relay.ts";

/**
 * Bytes that wait below a stream: those of all streams wait in one line, and a ping behind them must
 * not come too late.
 */
const dataChannel = { maxBufferedAmount: 256 * 1024 } as const;

/** Adds what must be listened on beside `/p2p-circuit`, so that peers come over directly. */
export function listenAddresses(listen: readonly string[]): string[] {
  return listen.some(isRelayed) ? [...listen, "/webrtc"] : [...listen];
}

export interface TransportOptions {
  /** Where the certificate of webrtc-direct is kept. */
  readonly directory: string;
  /** Where the peer listens; where that and `known` is on loopback, so is WebRTC. */
  readonly listen: readonly string[];
  /** The peers that were named to it. */
  readonly known: readonly string[];
}

/** @param host the peer, once it is there */
export async function transports(
  { directory, listen, known }: TransportOptions,
  host: () => Libp2p | undefined,
) {
  const isDirect = listen.some((address) => address.includes("/webrtc-direct"));
  const certificate = isDirect ? await transportCertificate(directory) : undefined;
  const addresses = [...listen, ...known].filter((address) => address.startsWith("/ip"));
  const local = addresses.length > 0 &&
    addresses.every((address) => /^\/ip4\/127\.|^\/ip6\/::1\//.test(address));
  const rtcConfiguration = async () => {
    const configuration: Configuration = local
      ? { iceServers: [], hosts: "loopback" }
      : { iceServers: (await stunServers(host())).map((urls) => ({ urls })) };
    return configuration as RTCConfiguration;
  };
  return [
    steadyTcp,
    steadyWebSockets,
    calmRelays,
    webRTC({ rtcConfiguration, dataChannel }),
    webRTCDirect({ rtcConfiguration, dataChannel, ...(certificate ? { certificate } : {}) }),
  ];
}

/**
 * Relays are looked for among the peers that this one is connected to. The library would walk
 * through the DHT as well, again and again without a pause while that is empty.
 */
function calmRelays(components: CircuitRelayTransportComponents): Transport {
  const randomWalk = {
    // deno-lint-ignore require-yield
    async *walk({ signal }: AbortOptions = {}) {
      await new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    },
  };
  const calm = new Proxy(components, {
    get: (all, name) => name === "randomWalk" ? randomWalk : Reflect.get(all, name),
  });
  return circuitRelayTransport()(calm);
}

/** Peers we are connected to that listen for webrtc-direct: there they tell anyone his address. */
async function stunServers(host: Libp2p | undefined): Promise<string[]> {
  for (const { remotePeer } of host?.getConnections() ?? []) {
    const known = await host?.peerStore.get(remotePeer).catch(() => undefined);
    for (const { multiaddr } of known?.addresses ?? []) {
      const [, ip, port] = /^\/ip4\/([\d.]+)\/udp\/(\d+)\/webrtc-direct/.exec(`${multiaddr}`) ?? [];
      if (ip && !ip.startsWith("127.")) return [`stun:${ip}:${port}`];
    }
  }
  return [];
}

/** A peer through which others are reached, and what it gives each. */
import { circuitRelayServer, type CircuitRelayService } from "@libp2p/circuit-relay-v2";
import type { Libp2p, PeerId } from "@libp2p/interface";

/**
 * A relay carries the handshake of two peers that then connect directly, and no work: ten seconds
 * and some 20 KiB are enough.
 */
export const relayLimits = {
  /** Peers that may be reached through this one, in all and of one address. */
  reservations: 128,
  reservationsOfHost: 8,
  /** A reservation lasts so long, ms; who still wants it asks again in time. */
  reservationMs: 30 * 60_000,
  /** One relayed connection, ms, and bytes of both directions together. */
  durationMs: 60_000,
  bytes: 256 * 1024,
  /** Relayed connections under way: that one connection asked for, and to one peer. */
  streams: 8,
  streamsTo: 32,
} as const;
export type RelayLimits = { readonly [K in keyof typeof relayLimits]: number };

/** @param host the peer, once it is there */
export function relaying(host: () => Libp2p | undefined, changes: Partial<RelayLimits>) {
  const limits: RelayLimits = { ...relayLimits, ...changes };
  return {
    service: circuitRelayServer({
      maxInboundHopStreams: limits.streams,
      maxOutboundHopStreams: limits.streams,
      maxOutboundStopStreams: limits.streamsTo,
      reservations: {
        maxReservations: limits.reservations,
        reservationTtl: limits.reservationMs,
        defaultDurationLimit: limits.durationMs,
        defaultDataLimit: BigInt(limits.bytes),
      },
    }),
    /** The library bounds reservations in all only, not those of one address. */
    gater: { denyInboundRelayReservation: (peer: PeerId) => isCrowded(host(), peer, limits) },
    watch: endReservations,
  };
}

function isCrowded(host: Libp2p | undefined, peer: PeerId, limits: RelayLimits): boolean {
  const { relay, own } = partsOf(host, peer);
  if (!relay || own.length === 0) return true;
  const others = [...relay.reservations].filter(([id]) => !id.equals(peer))
    .map(([, { addr }]) => hostOf(`${addr}`));
  return own.some((address) =>
    others.filter((other) => other === address).length >= limits.reservationsOfHost
  );
}

/** Has reservations end with their peers' last connections, which the library leaves till they expire. */
function endReservations(host: Libp2p): void {
  host.addEventListener("peer:disconnect", ({ detail: peer }) => {
    const { relay, own } = partsOf(host, peer);
    const reservation = relay?.reservations.get(peer);
    if (!relay || !reservation || own.length > 0) return;
    const { signal } = reservation as unknown as { signal: { clear(): void } };
    signal.clear();
    relay.reservations.delete(peer);
  });
}

function partsOf(host: Libp2p | undefined, peer: PeerId) {
  const { relay } = (host?.services ?? {}) as { relay?: CircuitRelayService };
  const own = host?.getConnections(peer).map(({ remoteAddr }) => hostOf(`${remoteAddr}`)) ?? [];
  return { relay, own };
}

/** The IP address of a multiaddr. */
const hostOf = (address: string): string => address.split("/")[2] ?? "";

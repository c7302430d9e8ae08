/** Addresses and peers that are reached through a relay. */
import type { CircuitRelayService } from "@libp2p/circuit-relay-v2";
import type { Libp2p } from "@libp2p/interface";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";

/** Whether an address is one through a relay. */
export const isRelayed = (address: string): boolean => address.includes("/p2p-circuit");

/** Whether an address needs more than TCP. */
export const needsMore = (address: string): boolean =>
  isRelayed(address) || /\/(webrtc|ws)/.test(address);

/** An address through a relay, as one by which the peers connect to each other directly. */
export function directly(address: Multiaddr): Multiaddr {
  const text = address.toString();
  if (text.includes("/p2p-circuit/webrtc")) return address;
  return isRelayed(text) ? multiaddr(text.replace("/p2p-circuit", "/p2p-circuit/webrtc")) : address;
}

/** Whether a peer is to be reached through this one. */
export function isReserved(host: Libp2p, peer: string): boolean {
  const { relay } = host.services as { relay?: CircuitRelayService };
  return relay !== undefined && [...relay.reservations.keys()].some((id) => id.toString() === peer);
}

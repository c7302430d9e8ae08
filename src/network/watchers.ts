/** Pages that hear an enode's gossip, and have no link. */
import type { Connection } from "@libp2p/interface";
import type { GossipSub } from "@libp2p/gossipsub";

/** Most pages that are kept connected, in all and of one address. */
export const watcherLimits = { all: 64, ofHost: 8 } as const;

/** By these a page comes; other peers have no use for gossip alone. */
const byPages = /\/(ws|wss|webrtc-direct)(\/|$)/;

export class Watchers {
  readonly #kept = new Map<Connection, string>();

  constructor(private readonly pubsub: Pick<GossipSub, "getTopics" | "getSubscribers">) {}

  /** Whether the connection is a page's that listens to a topic of ours, and there is room. */
  keeps(connection: Connection): boolean {
    const address = connection.remoteAddr.toString();
    if (connection.limits || !byPages.test(address) || !this.#listens(connection)) return false;
    for (const known of this.#kept.keys()) {
      if (known.status !== "open") this.#kept.delete(known);
    }
    if (this.#kept.has(connection)) return true;
    const [, , host = ""] = address.split("/");
    const ofHost = [...this.#kept.values()].filter((other) => other === host).length;
    // Behind a proxy on this machine all come from loopback.
    const crowded = ofHost >= watcherLimits.ofHost && !host.startsWith("127.");
    if (crowded || this.#kept.size >= watcherLimits.all) return false;
    this.#kept.set(connection, host);
    return true;
  }

  #listens({ remotePeer }: Connection): boolean {
    return this.pubsub.getTopics().some((topic) =>
      this.pubsub.getSubscribers(topic).some((peer) => peer.equals(remotePeer))
    );
  }
}

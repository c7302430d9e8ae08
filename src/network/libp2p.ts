/** Links between processes: one encrypted stream a peer, bound to the operator's key. */
import type { Connection as PeerConnection, Libp2p, PeerInfo, Stream } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { Address } from "viem";
import { errorText, type Log } from "../log.ts";
import { limits, taskProtocol, type WireError } from "../protocol/index.ts";
import { bindingBytes, type LinkRole, openBinding, sealBinding } from "./binding.ts";
import { Dialler } from "./dial.ts";
import { framesOver, FrameStream } from "./frames.ts";
import type { Host } from "./host.ts";
import { Link, type LinkIdentity, type Links, refusals } from "./link.ts";
import { LinkSet } from "./local.ts";
import { Patiences } from "./patience.ts";
import { isReserved } from "./relayed.ts";
import { Watchers } from "./watchers.ts";

export interface PeerLinksOptions {
  readonly host: Libp2p;
  readonly identity: LinkIdentity;
  /** An enode accepts znodes, a znode dials enodes. */
  readonly role: LinkRole;
  /** Peers that are kept: enodes, to which a znode links, and boot nodes. Each has its peer id. */
  readonly dial?: readonly Multiaddr[];
  /** Enodes that a znode links to beside those. */
  readonly mostFound?: number;
  /** Whether the address may be linked at all; what it may do is checked for each frame. */
  readonly mayLink: (remote: Address) => Promise<boolean>;
  readonly log: Log;
  readonly onRefused?: (error: WireError) => void;
  /** Called for each peer that gets no link. */
  readonly onTurnedAway?: () => void;
  readonly options?: Partial<PeerLinksTimes>;
}

export interface PeerLinksTimes {
  /** Both bindings must be exchanged and checked by then. */
  readonly handshakeMs: number;
  /** An accepted connection without a link is closed after so long. */
  readonly idleMs: number;
  /** First and longest pause between dials. */
  readonly minRedialMs: number;
  readonly maxRedialMs: number;
  /** Until another enode that was named as a boot node is dialled again. */
  readonly enodeMs: number;
  readonly maxSkewMs: number;
}

const times: PeerLinksTimes = {
  handshakeMs: 5_000,
  idleMs: 10_000,
  minRedialMs: 250,
  maxRedialMs: 15_000,
  enodeMs: 600_000,
  maxSkewMs: 300_000,
};

/** Most streams whose peer hasn't proved yet for whom it speaks. */
const maxPending = 64;
/** Most peers that speak for one address. */
const maxPerAddress = 4;
/** A frame's envelope may be larger than the frame that `open` takes by so much. */
const slack = 1024;

export interface PeerLinks extends Links {
  /** A peer that may be an enode: a znode may link to it, all the more where it has few znodes. */
  found(peer: PeerInfo, short?: boolean): void;
  /** The address that a linked peer speaks for. */
  remoteOf(peer: string): Address | undefined;
  /** Ends all links and stops dialling; the host is the caller's. */
  close(): Promise<void>;
}

/** Accepts or dials, depending on the role. */
export async function linkPeers(options: PeerLinksOptions): Promise<PeerLinks> {
  const links = new Libp2pLinks(options);
  await links.start();
  return links;
}

interface Entry {
  readonly link: Link;
  readonly connection: PeerConnection;
  readonly stream: FrameStream;
}

class Libp2pLinks extends LinkSet implements PeerLinks {
  readonly #stop = new AbortController();
  readonly #entries = new Map<string, Entry>();
  readonly #pending = new Map<string, number>();
  readonly #patience = new Patiences<Address>(refusals.burst, refusals.perSecond);
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #times: PeerLinksTimes;
  #waiting = 0;
  readonly #dialler: Dialler;
  readonly #watchers: Watchers | undefined;

  constructor(private readonly deps: PeerLinksOptions) {
    super();
    this.#times = { ...times, ...deps.options };
    const { pubsub } = deps.host.services as Partial<Host["services"]>;
    this.#watchers = pubsub && new Watchers(pubsub);
    this.#dialler = new Dialler(deps.host, {
      ...(deps.role === "znode" ? { protocol: taskProtocol } : {}),
      link: (stream, connection) => this.#establish(stream, connection),
      ...(deps.mostFound === undefined ? {} : { mostFound: deps.mostFound }),
      log: deps.log,
      signal: this.#stop.signal,
      ...this.#times,
    });
  }

  async start(): Promise<void> {
    const { host, role, dial = [] } = this.deps;
    this.#dialler.keep(dial);
    if (role === "znode") return;
    host.addEventListener("connection:open", this.#onConnection);
    await host.handle(taskProtocol, (stream, connection) => this.#accept(stream, connection), {
      maxInboundStreams: 2,
    });
    // Whoever came before the protocol was spoken tries again on a new connection.
    for (const connection of host.getConnections()) this.#limit(connection);
  }

  found(peer: PeerInfo, short = false): void {
    if (this.deps.role === "znode") this.#dialler.found(peer, short);
  }

  remoteOf(peer: string): Address | undefined {
    return this.#entries.get(peer)?.link.remote;
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error("the links are closed"));
    this.deps.host.removeEventListener("connection:open", this.#onConnection);
    if (this.deps.role === "enode") await this.deps.host.unhandle(taskProtocol);
    for (const timer of this.#timers) clearTimeout(timer);
    const entries = [...this.#entries.values()];
    for (const { link } of entries) link.close();
    await Promise.all([...entries.map(({ stream }) => stream.gone), this.#dialler.ended()]);
  }

  readonly #onConnection = ({ detail }: CustomEvent<PeerConnection>) => this.#limit(detail);

  /** Closes an accepted connection that no link uses after a while. */
  #limit(connection: PeerConnection): void {
    if (connection.direction !== "inbound") return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#release(connection);
    }, this.#times.idleMs);
    this.#timers.add(timer);
  }

  /** Closes a connection that no link uses. */
  #release(connection: PeerConnection): void {
    const peer = connection.remotePeer.toString();
    if (this.#pending.has(peer) || this.#entries.get(peer)?.connection === connection) return;
    if (isReserved(this.deps.host, peer) || this.#watchers?.keeps(connection)) return;
    connection.close().catch((error) => connection.abort(error));
  }

  #accept(stream: Stream, connection: PeerConnection): void {
    const peer = connection.remotePeer.toString();
    if (this.#waiting >= maxPending || this.#pending.has(peer)) {
      return stream.abort(new Error("too many streams wait for their handshake"));
    }
    this.#establish(stream, connection).catch((error) => {
      this.deps.log.debug({ peer }, `peer refused: ${errorText(error)}`);
      this.deps.onTurnedAway?.();
      this.#release(connection);
    });
  }

  /** Exchanges bindings; answers a promise of the link's end. */
  async #establish(raw: Stream, connection: PeerConnection): Promise<{ ended: Promise<void> }> {
    const peer = connection.remotePeer.toString();
    const stream = new FrameStream(raw);
    const timer = setTimeout(
      () => stream.abort(new Error("the handshake took too long")),
      this.#times.handshakeMs,
    );
    this.#waiting++;
    this.#pending.set(peer, (this.#pending.get(peer) ?? 0) + 1);
    try {
      const remote = await Promise.race([
        this.#greet(stream, peer),
        stream.gone.then(() => {
          throw new Error("the stream ended in its handshake");
        }),
      ]);
      return this.#add(stream, connection, remote);
    } catch (error) {
      stream.abort(error);
      throw error;
    } finally {
      clearTimeout(timer);
      this.#waiting--;
      const left = (this.#pending.get(peer) ?? 1) - 1;
      if (left > 0) this.#pending.set(peer, left);
      else this.#pending.delete(peer);
    }
  }

  async #greet(stream: FrameStream, peer: string): Promise<Address> {
    const { host, identity, role, mayLink } = this.deps;
    const self = host.peerId.toString();
    const binding = { peerId: self, remotePeerId: peer, at: Date.now(), role };
    await stream.write(await sealBinding(identity, binding));
    const frame = await stream.read(bindingBytes);
    if (!frame) throw new Error("the peer said nothing");
    const expected = {
      peerId: peer,
      remotePeerId: self,
      role: role === "enode" ? "znode" : "enode",
    } as const;
    const remote = await openBinding(frame, identity.network, expected, this.#times.maxSkewMs);
    if (!await mayLink(remote)) throw new Error(`${remote} may not be linked`);
    if (this.#patience.with(remote).ended) throw new Error(`${remote} sent too much that is wrong`);
    return remote;
  }

  #add(
    stream: FrameStream,
    connection: PeerConnection,
    remote: Address,
  ): { ended: Promise<void> } {
    const peer = connection.remotePeer.toString();
    const { log, identity, onRefused } = this.deps;
    this.#stop.signal.throwIfAborted();
    const old = this.#entries.get(peer);
    const same = this.list().filter((link) => link.remote === remote && link !== old?.link);
    if (same.length >= maxPerAddress) throw new Error(`${remote} has too many links`);
    // The newest stream wins: the peer would not have opened it if the other were of use.
    old?.link.close(new Error("replaced by a newer stream"));
    const frames = framesOver(stream, limits.directFrame + slack);
    const patience = this.#patience.with(remote);
    const link = new Link({ remote, frames }, identity, {
      patience,
      ...(onRefused ? { onRefused } : {}),
    });
    const entry = { link, connection, stream };
    this.#entries.set(peer, entry);
    log.info({ peer, remote }, "linked");
    const ended = stream.gone.then(() => {
      if (this.#entries.get(peer) === entry) this.#entries.delete(peer);
      this.remove(link);
      this.#release(connection);
      log.info({ peer, remote }, "link ended");
    });
    this.add(link);
    return { ended };
  }
}

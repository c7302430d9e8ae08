/** GossipSub whose memory no peer can fill. */
import {
  type GossipSub,
  gossipsub,
  type GossipSubComponents,
  type GossipsubOpts,
} from "@libp2p/gossipsub";
import type { Connection, PeerId, Stream } from "@libp2p/interface";
import { type Rpc, splitRpc } from "./split_rpc.ts";

/** What one stream may bring, bytes at once and again every second. */
const [burst, perSecond] = [1024 * 1024, 512 * 1024];

/** Parts of the library's class that it keeps to itself. */
interface Internals {
  onIncomingStream(stream: Stream, connection: Connection): void;
  handlePeerReadStreamError(error: Error, peer: PeerId): void;
  readonly streamsInbound: Map<string, { readonly rawStream: Stream }>;
  sendRpc(peer: string, rpc: Rpc): boolean;
  /** What goes with the next RPC to a peer. */
  readonly control: Map<string, unknown>;
  readonly gossip: Map<string, unknown>;
  piggybackControl(peer: string, rpc: Rpc, control: unknown): void;
  piggybackGossip(peer: string, rpc: Rpc, ihave: unknown): void;
}

/**
 * The library queues all that a stream brings, however long it takes to deal with it, and when a
 * peer breaks the protocol it closes only its own end and queues on. And it says all at once that it
 * has to say, such as its topics, of which a peer takes a bounded number.
 */
export function boundedGossip(
  options: Partial<GossipsubOpts>,
): (components: GossipSubComponents) => GossipSub {
  const make = gossipsub(options);
  return (components) => {
    const service = make(components) as GossipSub;
    const inside = service as unknown as Internals;
    const accept = inside.onIncomingStream.bind(service);
    inside.onIncomingStream = (stream, connection) => {
      throttle(stream);
      accept(stream, connection);
    };
    const fail = inside.handlePeerReadStreamError.bind(service);
    inside.handlePeerReadStreamError = (error, peer) => {
      inside.streamsInbound.get(peer.toString())?.rawStream.abort(error);
      fail(error, peer);
    };
    const send = inside.sendRpc.bind(service);
    inside.sendRpc = (peer, rpc) => {
      const [control, ihave] = [inside.control.get(peer), inside.gossip.get(peer)];
      if (control !== undefined) inside.piggybackControl(peer, rpc, control);
      if (ihave !== undefined) inside.piggybackGossip(peer, rpc, ihave);
      inside.control.delete(peer);
      inside.gossip.delete(peer);
      return splitRpc(rpc).map((part) => send(peer, part)).every(Boolean);
    };
    return service;
  };
}

/** Has the peer wait once it sent more than its share. */
function throttle(stream: Stream): void {
  let left = burst, at = performance.now(), resuming = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const refill = () => {
    const now = performance.now();
    left = Math.min(burst, left + (now - at) / 1_000 * perSecond);
    at = now;
  };
  const pauseIfSpent = () => {
    // `resume()` hands over what it holds before it opens yamux's window: a pause in between would
    // be undone there.
    if (left > 0 || resuming || stream.readStatus !== "readable") return;
    stream.pause();
    timer = setTimeout(resume, 1 - left / perSecond * 1_000);
  };
  const resume = () => {
    if (stream.readStatus !== "paused") return;
    resuming = true;
    stream.resume();
    resuming = false;
    refill();
    pauseIfSpent();
  };
  stream.addEventListener("message", ({ data }) => {
    refill();
    left -= data.byteLength;
    pauseIfSpent();
  });
  stream.addEventListener("close", () => clearTimeout(timer));
}

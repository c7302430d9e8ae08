/** Keeps a stream to each of some peers, for ever. */
import type { Connection, Libp2p, PeerInfo, Stream } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import type { Multiaddr } from "@multiformats/multiaddr";
import { errorText, type Log } from "../log.ts";
import { taskProtocol } from "../protocol/index.ts";
import { EnodeChoice, mostFound, mostKnown } from "./enode_choice.ts";
import { directly } from "./relayed.ts";

export interface DialOptions {
  /** Left out: the connection itself is kept. */
  readonly protocol?: string;
  /** Makes a link of a stream; `ended` settles when it is over. */
  readonly link: (stream: Stream, connection: Connection) => Promise<{ ended: Promise<void> }>;
  readonly minRedialMs: number;
  readonly maxRedialMs: number;
  /** Until an enode is dialled again that was named as a boot node. */
  readonly enodeMs: number;
  /** Peers that nobody named and that are dialled all the same, at once. */
  readonly mostFound?: number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** A dial that takes longer has failed, ms; one by WebRTC through a relay takes seconds. */
const dialMs = 15_000;
/** After a link that lasted so long, the next dial is tried at once again, ms. */
const goodMs = 10_000;

/** It ends connections that no link uses; what it knew of the DHT, this peer knows by then. */
const enodeText = "this boot node is an enode, and is dialled only now and then";

const bootNodeText = "connected to a boot node";

/** Peers are found one by one; which of them to dial is chosen so much later, ms. */
const gatherMs = 300;
/** Dials after which a peer that nobody named is forgotten, until it is found again. */
const foundTries = 4;

/** One loop for each peer, which may have several addresses; they end with the signal. */
export class Dialler {
  readonly #loops = new Map<string, Promise<void>>();
  readonly #choice: EnodeChoice;
  readonly #addresses = new Map<string, Multiaddr[]>();
  #gathering: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: Libp2p, private readonly options: DialOptions) {
    this.#choice = new EnodeChoice(host.peerId.toString(), options.mostFound ?? mostFound);
    options.signal.addEventListener("abort", () => clearTimeout(this.#gathering), { once: true });
  }

  /** Keeps a stream to these, whatever happens. */
  keep(addresses: readonly Multiaddr[]): void {
    for (const [peer, list] of Map.groupBy(addresses, peerIdOf)) {
      this.#loops.set(peer, keep(this.host, peer, list, Infinity, this.options));
    }
  }

  /**
   * Some of the peers that were found are tried, and kept while they are of use.
   * @param short whether it said that few are connected to it
   */
  found({ id, multiaddrs }: PeerInfo, short = false): void {
    const peer = id.toString();
    if (this.options.signal.aborted || this.#loops.has(peer)) return;
    if (multiaddrs.length === 0 || id.equals(this.host.peerId)) return;
    const list = multiaddrs.slice(0, 16)
      .map((m) => peerIdOf(m) === "" ? m.encapsulate(`/p2p/${peer}`) : m)
      .filter((m) => peerIdOf(m) === peer);
    if (list.length === 0) return;
    this.#choice.add(peer, short, performance.now());
    this.#addresses.delete(peer);
    this.#addresses.set(peer, list);
    if (this.#addresses.size > mostKnown) {
      this.#addresses.delete(this.#addresses.keys().next().value as string);
    }
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      this.#dial();
    }, gatherMs);
  }

  #dial(): void {
    for (const peer of this.#choice.next(performance.now())) {
      const list = this.#addresses.get(peer) ?? [];
      const loop = keep(this.host, peer, list, foundTries, this.options).finally(() => {
        this.#loops.delete(peer);
        this.#choice.ended(peer, performance.now());
        if (!this.options.signal.aborted) this.#dial();
      });
      this.#loops.set(peer, loop);
    }
  }

  /** Resolves when all loops have ended, after the signal. */
  async ended(): Promise<void> {
    await Promise.all(this.#loops.values());
  }
}

/** The peer id that ends a multiaddr; "" when there is none, or it isn't one. */
export function peerIdOf(address: Multiaddr): string {
  const last = address.getComponents().at(-1);
  try {
    return last?.name === "p2p" ? peerIdFromString(last.value ?? "").toString() : "";
  } catch {
    return "";
  }
}

async function keep(
  host: Libp2p,
  peer: string,
  addresses: Multiaddr[],
  tries: number,
  { protocol, link, minRedialMs, maxRedialMs, enodeMs, log, signal }: DialOptions,
): Promise<void> {
  let pauseMs = minRedialMs;
  let said = "";
  for (let failures = 0; !signal.aborted && failures < tries;) {
    let connection: Connection | undefined;
    let linkedAt = Infinity;
    let isEnode = false;
    try {
      const soon = AbortSignal.any([signal, AbortSignal.timeout(dialMs)]);
      connection = await host.dial(addresses.map(directly), { signal: soon });
      leaveRelay(host, connection);
      const stream = await streamOf(connection, protocol, soon);
      // A boot node has no work to give; it is kept for what it knows.
      if (!stream && tries !== Infinity) return;
      // An enode that has just started doesn't speak it yet.
      const againMs = protocol === undefined ? Infinity : maxRedialMs;
      const { ended } = stream
        ? await link(stream, connection)
        : closing(connection, signal, againMs);
      if (stream) said = "";
      else if (![enodeText, bootNodeText].includes(said)) {
        said = bootNodeText;
        log.info({ peer }, said);
      }
      failures = 0;
      linkedAt = performance.now();
      await ended;
      isEnode = protocol === undefined && await speaks(host, connection, taskProtocol);
      if (isEnode && said !== enodeText) {
        said = enodeText;
        log.info({ peer }, said);
      }
    } catch (error) {
      // A connection that can't carry the stream is not worth keeping.
      connection?.abort(error instanceof Error ? error : new Error(String(error)));
      const text = errorText(error);
      failures++;
      if (!signal.aborted) {
        log[text === said ? "debug" : "warn"]({ peer }, `the peer can't be reached: ${text}`);
      }
      said = text;
    }
    if (performance.now() - linkedAt >= goodMs) pauseMs = minRedialMs;
    // Many znodes that lost one enode must not all come back in the same moment.
    await pause((isEnode ? enodeMs : pauseMs) * (0.5 + Math.random()), signal);
    pauseMs = Math.min(pauseMs * 2, maxRedialMs);
  }
}

/** Ends what goes through a relay to a peer that is now connected directly. */
function leaveRelay(host: Libp2p, { remotePeer }: Connection): void {
  for (const other of host.getConnections(remotePeer)) {
    if (other.limits) other.close().catch((error) => other.abort(error));
  }
}

/** Undefined when the peer doesn't speak the protocol, or none is asked for. */
async function streamOf(
  connection: Connection,
  protocol: string | undefined,
  signal: AbortSignal,
): Promise<Stream | undefined> {
  if (protocol === undefined) return undefined;
  try {
    return await connection.newStream(protocol, { signal });
  } catch (error) {
    if (error instanceof Error && error.name === "UnsupportedProtocolError") return undefined;
    throw error;
  }
}

/** Whether the peer said that it speaks a protocol. */
async function speaks(host: Libp2p, { remotePeer }: Connection, name: string): Promise<boolean> {
  const known = await host.peerStore.get(remotePeer).catch(() => undefined);
  return known?.protocols.includes(name) ?? false;
}

/** Waits for a connection's end, and no longer than `ms`; with the signal it is left as it is. */
function closing(
  connection: Connection,
  signal: AbortSignal,
  ms: number,
): { ended: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => resolve();
  const timer = ms === Infinity ? undefined : setTimeout(done, ms);
  connection.addEventListener("close", done, { once: true });
  signal.addEventListener("abort", done, { once: true });
  if (connection.status !== "open" || signal.aborted) resolve();
  const over = () => {
    clearTimeout(timer);
    connection.removeEventListener("close", done);
    signal.removeEventListener("abort", done);
  };
  return { ended: promise.finally(over) };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}

/** Keeps a stream to each of some peers, for ever. */
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import type { Multiaddr } from "@multiformats/multiaddr";
import { errorText, type Log } from "../log.ts";

export interface DialOptions {
  readonly protocol: string;
  /** Makes a link of a stream; `ended` settles when it is over. */
  readonly link: (stream: Stream, connection: Connection) => Promise<{ ended: Promise<void> }>;
  readonly minRedialMs: number;
  readonly maxRedialMs: number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** A dial that takes longer has failed, ms. */
const dialMs = 10_000;
/** After a link that lasted so long, the next dial is tried at once again, ms. */
const goodMs = 10_000;

/** One loop for each peer, which may have several addresses; they end with the signal. */
export function keepDialling(
  host: Libp2p,
  addresses: readonly Multiaddr[],
  options: DialOptions,
): Promise<void>[] {
  const peers = Map.groupBy(addresses, peerIdOf);
  return [...peers].map(([peer, list]) => keep(host, peer, list, options));
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
  { protocol, link, minRedialMs, maxRedialMs, log, signal }: DialOptions,
): Promise<void> {
  let pauseMs = minRedialMs;
  let said = "";
  while (!signal.aborted) {
    let connection: Connection | undefined;
    let linkedAt = Infinity;
    try {
      const soon = AbortSignal.any([signal, AbortSignal.timeout(dialMs)]);
      connection = await host.dial(addresses, { signal: soon });
      const stream = await connection.newStream(protocol, { signal: soon });
      const { ended } = await link(stream, connection);
      said = "";
      linkedAt = performance.now();
      await ended;
    } catch (error) {
      // A connection that can't carry the stream is not worth keeping.
      connection?.abort(error instanceof Error ? error : new Error(String(error)));
      const text = errorText(error);
      if (!signal.aborted) {
        log[text === said ? "debug" : "warn"]({ peer }, `the enode can't be reached: ${text}`);
      }
      said = text;
    }
    if (performance.now() - linkedAt >= goodMs) pauseMs = minRedialMs;
    // Many znodes that lost one enode must not all come back in the same moment.
    await pause(pauseMs * (0.5 + Math.random()), signal);
    pauseMs = Math.min(pauseMs * 2, maxRedialMs);
  }
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

/** How znodes find enodes that nobody named to them: over the DHT that boot nodes hold together. */
import { CID } from "multiformats/cid";
import * as raw from "multiformats/codecs/raw";
import { sha256 } from "multiformats/hashes/sha2";
import type { PeerInfo } from "@libp2p/interface";
import { sleep } from "../abort.ts";
import { errorText, type Log } from "../log.ts";
import type { Host } from "./host.ts";

/** Pause between looks, or offers, that led to nothing: the first, and the longest, ms. */
const [soonMs, lateMs] = [1_000, 30_000];
/** Providers are forgotten after a day; boot nodes may restart and forget at once, ms. */
const againMs = 60_000;
/** One walk through the DHT takes no longer, ms. */
const walkMs = 20_000;

/** The key under which the enodes of a chain are found. */
export async function enodeKey(chainId: number): Promise<CID> {
  const name = new TextEncoder().encode(`w3bstream/enodes/${chainId}`);
  return CID.createV1(raw.code, await sha256.digest(name));
}

/** Says, again and again, that this peer is an enode of the chain. Ends with the signal. */
export function offerEnode(host: Host, chainId: number, log: Log, signal: AbortSignal) {
  return repeat(signal, log, async (soon) => {
    // Through a relay it is reached only when that one has agreed.
    if (host.getMultiaddrs().length === 0) return false;
    let told = 0;
    for await (const event of host.services.dht.provide(await enodeKey(chainId), soon)) {
      if (event.name === "PEER_RESPONSE") told++;
    }
    return told > 0;
  });
}

/** Looks for enodes of the chain, again and again. Ends with the signal. */
export function findEnodes(
  host: Host,
  chainId: number,
  found: (peer: PeerInfo) => void,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  return repeat(signal, log, async (soon) => {
    let any = false;
    const key = await enodeKey(chainId);
    for await (const peer of host.contentRouting.findProviders(key, soon)) {
      found(peer);
      any = true;
    }
    return any;
  });
}

async function repeat(
  signal: AbortSignal,
  log: Log,
  walk: (options: { signal: AbortSignal }) => Promise<boolean>,
): Promise<void> {
  for (let waitMs = soonMs; !signal.aborted; waitMs = Math.min(waitMs * 2, lateMs)) {
    let useful = false;
    try {
      useful = await walk({ signal: AbortSignal.any([signal, AbortSignal.timeout(walkMs)]) });
    } catch (error) {
      if (!signal.aborted) log.debug(`the DHT gave nothing: ${errorText(error)}`);
    }
    if (useful) waitMs = soonMs;
    await sleep(useful ? againMs : waitMs, signal);
  }
}

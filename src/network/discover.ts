/** How znodes find enodes that nobody named to them: over the DHT that boot nodes hold together. */
import { CID } from "multiformats/cid";
import * as raw from "multiformats/codecs/raw";
import { sha256 } from "multiformats/hashes/sha2";
import type { AbortOptions, PeerInfo } from "@libp2p/interface";
import { sleep } from "../abort.ts";
import { errorText, type Log } from "../log.ts";
import type { Host } from "./host.ts";

/** Pause between looks, or offers, that led to nothing: the first, and the longest, ms. */
const [soonMs, lateMs] = [1_000, 30_000];
/** Providers are forgotten after a day; boot nodes may restart and forget at once, ms. */
const usualMs = 60_000;
/** One walk through the DHT takes no longer, ms. */
const walkMs = 20_000;

/** An enode with fewer znodes says that it needs some. */
const fewZnodes = 4;
/** So long is a need asked for under one key, ms: no offer can be taken back. */
const needMs = 300_000;

/** The key under which those of them are found that have few znodes. */
async function needKey(chainId: number): Promise<CID> {
  const name = `w3bstream/enodes/${chainId}/few/${Math.floor(Date.now() / needMs)}`;
  return CID.createV1(raw.code, await sha256.digest(new TextEncoder().encode(name)));
}

/** The key under which the enodes of a chain are found. */
export async function enodeKey(chainId: number): Promise<CID> {
  const name = new TextEncoder().encode(`w3bstream/enodes/${chainId}`);
  return CID.createV1(raw.code, await sha256.digest(name));
}

export interface Discovery {
  readonly host: Host;
  readonly chainId: number;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Pause between looks, or offers, that led to something, ms. */
  readonly againMs?: number;
}

/**
 * Says, again and again, that this peer is an enode of the chain, and while it has few znodes that
 * too. Ends with the signal.
 */
export async function offerEnode(discovery: Discovery, znodes: () => number): Promise<void> {
  const { host, chainId } = discovery;
  const provide = async (key: CID, soon: AbortOptions) => {
    // Through a relay it is reached only when that one has agreed.
    if (host.getMultiaddrs().length === 0) return false;
    let told = 0;
    for await (const event of host.services.dht.provide(key, soon)) {
      if (event.name === "PEER_RESPONSE") told++;
    }
    return told > 0;
  };
  await Promise.all([
    repeat(discovery, async (soon) => await provide(await enodeKey(chainId), soon)),
    repeat(
      discovery,
      async (soon) => znodes() >= fewZnodes || await provide(await needKey(chainId), soon),
    ),
  ]);
}

/**
 * Looks for enodes of the chain, again and again. Ends with the signal.
 * @param found `short`: of one that has few znodes
 */
export async function findEnodes(
  discovery: Discovery,
  found: (peer: PeerInfo, short: boolean) => void,
): Promise<void> {
  const { host, chainId } = discovery;
  const find = async (key: CID, short: boolean, soon: AbortOptions) => {
    let any = false;
    for await (const peer of host.contentRouting.findProviders(key, soon)) {
      found(peer, short);
      any = true;
    }
    return any;
  };
  await Promise.all([
    repeat(discovery, async (soon) => await find(await enodeKey(chainId), false, soon)),
    repeat(discovery, async (soon) => {
      await find(await needKey(chainId), true, soon).catch(() => false);
      // Most of the time nobody is in need.
      return true;
    }),
  ]);
}

async function repeat(
  { signal, log, againMs = usualMs }: Discovery,
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

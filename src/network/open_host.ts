/** The peer of a node, as its role and settings ask for. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Config } from "../config.ts";
import { cantListen } from "../listening.ts";
import { errorText, type Log } from "../log.ts";
import type { Shutdown } from "../shutdown.ts";
import { createHost, type Host } from "./host.ts";
import type { PeerScores } from "./peer_scores.ts";
import { isRelayed, needsMore } from "./relayed.ts";

/** Starts the peer, if the role needs one; `shutdown` ends it. */
export async function openHost(
  config: Config,
  scores: PeerScores,
  log: Log,
  shutdown: Shutdown,
): Promise<Host | undefined> {
  const listen = listenOn(config);
  if (config.role === "all" && listen.length === 0) return undefined;
  const webrtc = config.P2P_WEBRTC || config.P2P_RELAY || listen.some(needsMore);
  const host = await createHost({
    directory: config.DATA_DIRECTORY,
    listen,
    announce: config.P2P_ANNOUNCE.map(String),
    scores,
    chainId: config.IOTEX_CHAINID,
    mdns: config.P2P_MDNS,
    known: config.BOOTNODE_MULTIADDR.map(String),
    webrtc,
    relay: config.P2P_RELAY && !listen.every(isRelayed),
  }).catch((error) => {
    // The library's text has a stack for each address.
    const [, where, why] = /^ {2}(\/\S+): (.*)$/m.exec(errorText(error)) ?? [];
    throw where && why ? cantListen("P2P_LISTEN", where, why) : error;
  });
  shutdown.add("libp2p", () => host.stop());
  let told = "";
  const tell = async () => {
    const multiaddrs = host.getMultiaddrs().map(String);
    const peer = { peerId: host.peerId.toString(), multiaddrs };
    if (told === (told = JSON.stringify(peer))) return;
    await writeFile(join(config.DATA_DIRECTORY, "peer.json"), `${told}\n`);
    log.info(peer, multiaddrs.length > 0 ? "peers may connect" : "the peer is up");
  };
  await tell();
  if (!webrtc) return host;
  // Those through a relay come later, and others when that one is gone.
  let telling = Promise.resolve();
  host.addEventListener("self:peer:update", () => {
    telling = telling.then(tell).catch((error) => log.warn(`peer.json: ${errorText(error)}`));
  });
  return host;
}

function listenOn({ role, CHAIN_ENDPOINT, P2P_LISTEN }: Config): string[] {
  if (P2P_LISTEN) return P2P_LISTEN.map(String);
  if (role === "bootnode") return ["/ip4/0.0.0.0/tcp/4689"];
  if (role !== "enode") return [];
  return [CHAIN_ENDPOINT === undefined ? "/ip4/127.0.0.1/tcp/0" : "/ip4/0.0.0.0/tcp/4689"];
}

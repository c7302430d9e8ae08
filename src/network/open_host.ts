/** The peer of a node, as its role and settings ask for. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Config } from "../config.ts";
import type { Log } from "../log.ts";
import type { Shutdown } from "../shutdown.ts";
import { createHost, type Host } from "./host.ts";

/** Starts the peer, if the role needs one; `shutdown` ends it. */
export async function openHost(
  config: Config,
  log: Log,
  shutdown: Shutdown,
): Promise<Host | undefined> {
  const listen = listenOn(config);
  if (config.role === "all" && listen.length === 0) return undefined;
  const host = await createHost({
    directory: config.DATA_DIRECTORY,
    listen,
    announce: config.P2P_ANNOUNCE.map(String),
    chainId: config.IOTEX_CHAINID,
    mdns: config.P2P_MDNS,
  });
  shutdown.add("libp2p", () => host.stop());
  const multiaddrs = host.getMultiaddrs().map(String);
  const peer = { peerId: host.peerId.toString(), multiaddrs };
  await writeFile(join(config.DATA_DIRECTORY, "peer.json"), `${JSON.stringify(peer)}\n`);
  log.info(peer, listen.length > 0 ? "peers may connect" : "the peer is up");
  return host;
}

function listenOn({ role, CHAIN_ENDPOINT, P2P_LISTEN }: Config): string[] {
  if (P2P_LISTEN) return P2P_LISTEN.map(String);
  if (role === "bootnode") return ["/ip4/0.0.0.0/tcp/4689"];
  if (role !== "enode") return [];
  return [CHAIN_ENDPOINT === undefined ? "/ip4/127.0.0.1/tcp/0" : "/ip4/0.0.0.0/tcp/4689"];
}

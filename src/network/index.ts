/** The links of a node, by its role: within the process, and to other processes over libp2p. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NodeContext } from "../context.ts";
import type { WireError } from "../protocol/index.ts";
import { createHost } from "./host.ts";
import { linkPeers } from "./libp2p.ts";
import { type Links, mergeLinks } from "./link.ts";
import { localLinks } from "./local.ts";

/** What each stage that the role has works with. */
export interface NodeLinks {
  readonly enode: Links | undefined;
  readonly znode: Links | undefined;
}

/** Starts the peer, if the role needs one; `shutdown` ends it. */
export async function openLinks(context: NodeContext): Promise<NodeLinks> {
  const { config, network, keys, metrics, log } = context;
  const onRefused = (error: WireError) => metrics.refused.inc({ kind: error.kind });
  if (config.role === "znode") {
    const dial = config.BOOTNODE_MULTIADDR;
    if (dial.length === 0) log.warn("no enode to work for: set BOOTNODE_MULTIADDR");
    const host = await openHost(context, []);
    const links = await linkPeers({
      host,
      identity: { network, signer: keys.prover },
      role: "znode",
      dial,
      // Each lease names its project, and only then is it known who may operate it.
      mayLink: () => Promise.resolve(true),
      log,
      onRefused,
    });
    context.shutdown.add("links", () => links.close());
    return { enode: undefined, znode: links };
  }
  const chain = config.CHAIN_ENDPOINT !== undefined;
  const usual = chain ? "/ip4/0.0.0.0/tcp/4689" : "/ip4/127.0.0.1/tcp/0";
  const listen = config.P2P_LISTEN?.map(String) ?? (config.role === "enode" ? [usual] : []);
  const identity = { network, signer: keys.operator };
  const local = localLinks({
    enode: identity,
    znode: { network, signer: keys.prover },
    onRefused,
  });
  if (listen.length === 0) return local;
  const host = await openHost(context, listen);
  const links = await linkPeers({
    host,
    identity,
    role: "enode",
    mayLink: context.authority.isEligible,
    log,
    onRefused,
  });
  context.shutdown.add("links", () => links.close());
  if (config.role === "enode") return { enode: links, znode: undefined };
  return { enode: mergeLinks(local.enode, links), znode: local.znode };
}

async function openHost({ config, log, shutdown }: NodeContext, listen: readonly string[]) {
  const host = await createHost({ directory: config.DATA_DIRECTORY, listen });
  shutdown.add("libp2p", () => host.stop());
  const multiaddrs = host.getMultiaddrs().map(String);
  const peer = { peerId: host.peerId.toString(), multiaddrs };
  await writeFile(join(config.DATA_DIRECTORY, "peer.json"), `${JSON.stringify(peer)}\n`);
  log.info(peer, listen.length > 0 ? "znodes may link" : "the peer is up");
  return host;
}

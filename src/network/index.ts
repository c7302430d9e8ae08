/** The links of a node, by its role: within the process, and to other processes over libp2p. */
import type { PeerInfo } from "@libp2p/interface";
import type { Address } from "viem";
import type { NodeContext } from "../context.ts";
import type { WireError } from "../protocol/index.ts";
import { findEnodes, offerEnode } from "./discover.ts";
import { Gossip } from "./gossip.ts";
import type { Host } from "./host.ts";
import { linkPeers } from "./libp2p.ts";
import { type Links, mergeLinks } from "./link.ts";
import { localLinks } from "./local.ts";

/** What each stage that the role has works with. */
export interface NodeLinks {
  readonly enode: Links | undefined;
  readonly znode: Links | undefined;
  readonly gossip: Gossip | undefined;
  /** The operator that a linked peer speaks for. */
  readonly remoteOf?: (peer: string) => Address | undefined;
}

/** Links the context's peer, as the role asks for; `shutdown` ends them. */
export async function openLinks(context: NodeContext): Promise<NodeLinks> {
  const { config, network, keys, metrics, log, host } = context;
  const onRefused = (error: WireError) => metrics.refused.inc({ kind: error.kind });
  if (config.role === "znode") {
    if (!host) throw new Error("a znode has a peer");
    const dial = config.BOOTNODE_MULTIADDR;
    if (dial.length === 0 && !config.P2P_MDNS) log.warn("no peer is known: set BOOTNODE_MULTIADDR");
    const links = await linkPeers({
      host,
      identity: { network, signer: keys.prover },
      role: "znode",
      dial,
      mostFound: config.P2P_ENODES,
      // Each lease names its project, and only then is it known who may operate it.
      mayLink: () => Promise.resolve(true),
      log,
      onRefused,
    });
    context.shutdown.add("links", () => links.close());
    const found = ({ detail }: CustomEvent<PeerInfo>) => links.found(detail);
    if (config.P2P_MDNS) host.addEventListener("peer:discovery", found);
    const { signal } = context.shutdown;
    void findEnodes({ host, chainId: config.IOTEX_CHAINID, log, signal }, (peer, short) => {
      links.found(peer, short);
    });
    return { enode: undefined, znode: links, gossip: openGossip(context, host) };
  }
  const identity = { network, signer: keys.operator };
  const local = localLinks({
    enode: identity,
    znode: { network, signer: keys.prover },
    onRefused,
  });
  if (!host) return { ...local, gossip: undefined };
  const links = await linkPeers({
    host,
    identity,
    role: "enode",
    dial: config.BOOTNODE_MULTIADDR,
    mayLink: context.authority.isEligible,
    log,
    onRefused,
    onTurnedAway: () => metrics.refused.inc({ kind: "peer" }),
  });
  context.shutdown.add("links", () => links.close());
  const gossip = openGossip(context, host);
  const { signal } = context.shutdown;
  void offerEnode({ host, chainId: config.IOTEX_CHAINID, log, signal }, () => links.list().length);
  const remoteOf = (peer: string) => links.remoteOf(peer);
  if (config.role === "enode") return { enode: links, znode: undefined, gossip, remoteOf };
  return { enode: mergeLinks(local.enode, links), znode: local.znode, gossip, remoteOf };
}

function openGossip(context: NodeContext, host: Host) {
  const { network, projects, metrics, peerScores, log, shutdown } = context;
  const gossip = new Gossip({
    host,
    network,
    projects,
    onRefused: (kind) => metrics.refused.inc({ kind: `gossip ${kind}` }),
    onHeard: ({ kind, body }) => {
      metrics.heard.inc({ project: body.projectId.toString(), kind });
    },
    scores: peerScores,
    log,
  });
  shutdown.add("gossip", () => gossip.close());
  return gossip;
}

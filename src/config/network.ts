/** Settings about peers, and whom to trust. */
import { multiaddr } from "@multiformats/multiaddr";
import { z } from "zod";
import { peerIdOf } from "../network/dial.ts";
import { mostFound } from "../network/enode_choice.ts";
import { address } from "../protocol/schema.ts";
import { integer, onOff, type Settings, url } from "./values.ts";

/** Multiaddrs, separated by commas. */
const multiaddrs = z.string().transform((text, ctx) => {
  try {
    return text.split(",").map((s) => s.trim()).filter(Boolean).map((s) => multiaddr(s));
  } catch {
    ctx.addIssue({ code: "custom", message: "must be multiaddrs separated by commas" });
    return z.NEVER;
  }
});

const addresses = z.string().transform((text) => text.split(",").map((s) => s.trim()))
  .pipe(z.array(address));

export const networkSettings = {
  P2P_LISTEN: {
    help:
      "where peers are awaited, or /p2p-circuit: through a relay; unset: port 4689, or any on loopback without a chain",
    placeholder: "multiaddr,…",
    schema: multiaddrs,
  },
  P2P_WEBRTC: {
    help: "on: peers are dialled by WebRTC and through relays too, and not by TCP alone",
    placeholder: "on|off",
    schema: onOff,
    fallback: "off",
  },
  P2P_RELAY: {
    help: "on: peers behind a NAT are reached through this one",
    placeholder: "on|off",
    schema: onOff,
    fallback: "off",
  },
  P2P_ANNOUNCE: {
    help: "addresses at which peers reach this one, behind a proxy or NAT; unset: those it sees",
    placeholder: "multiaddr,…",
    schema: multiaddrs,
    fallback: "",
  },
  BOOTNODE_MULTIADDR: {
    help: "enodes, or boot nodes through which they are found, each with its /p2p/ id",
    placeholder: "multiaddr,…",
    schema: multiaddrs.refine(
      (list) => list.every((m) => peerIdOf(m) !== ""),
      "must end in /p2p/ and the peer's id",
    ),
    fallback: "",
  },
  P2P_ENODES: {
    help: "znode: enodes it links to beside those that are named; half as many more that need some",
    placeholder: "n",
    schema: integer(1, 64),
    fallback: String(mostFound),
  },
  P2P_MDNS: {
    help: "on: peers on the local network find each other by multicast",
    placeholder: "on|off",
    schema: onOff,
    fallback: "off",
  },
  IOTEX_CHAINID: {
    help: "chain that the peers find each other for, by IoTeX's own number",
    placeholder: "id",
    schema: integer(1, Number.MAX_SAFE_INTEGER),
    fallback: "2",
  },
  TRUSTED_PROVERS: {
    help: "enode without a chain: keys of the znodes that may prove",
    placeholder: "address,…",
    schema: addresses,
  },
  TRUSTED_ENODES: {
    help: "znode without a chain: keys of the enodes whose tasks are proved",
    placeholder: "address,…",
    schema: addresses,
  },
  IPFS_ENDPOINT: {
    help: "IPFS gateway or Kubo API; unset: the embedded node alone",
    placeholder: "url",
    schema: url,
    secret: true,
  },
} as const satisfies Settings;

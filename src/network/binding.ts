/** The first frame of a stream, both ways: which operator's key speaks through which peer. */
import * as cbor from "@ipld/dag-cbor";
import { type Address, hashTypedData, type Hex, recoverAddress } from "viem";
import { z } from "zod";
import { domainOf, type Network } from "../protocol/index.ts";
import { signature } from "../protocol/schema.ts";
import type { LinkIdentity } from "./link.ts";

export type LinkRole = "enode" | "znode";

/** What is signed, as EIP-712 in the router's domain. */
export interface PeerBinding {
  /** The signer's libp2p peer, as the encrypted connection proves it. */
  readonly peerId: string;
  /** The peer that it is said to, so that it proves nothing to another. */
  readonly remotePeerId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly role: LinkRole;
}

export const bindingTypes = {
  PeerBinding: [
    { name: "peerId", type: "string" },
    { name: "remotePeerId", type: "string" },
    { name: "at", type: "uint64" },
    { name: "role", type: "string" },
  ],
} as const;

/** Most bytes of a binding's frame. */
export const bindingBytes = 1024;

const schema = z.object({
  v: z.literal(1),
  peerId: z.string().max(128),
  remotePeerId: z.string().max(128),
  at: z.number().int().nonnegative(),
  role: z.enum(["enode", "znode"]),
  s: signature,
});

function digestOf({ chainId, router }: Network, binding: PeerBinding): Hex {
  return hashTypedData({
    domain: domainOf(chainId, router),
    types: bindingTypes,
    primaryType: "PeerBinding",
    message: { ...binding, at: BigInt(binding.at) },
  });
}

export async function sealBinding(
  { network, signer }: LinkIdentity,
  binding: PeerBinding,
): Promise<Uint8Array> {
  const s = await signer.sign({ hash: digestOf(network, binding) });
  return cbor.encode({ v: 1, ...binding, s });
}

/**
 * The address that the peer speaks for.
 * @throws when the frame is not a binding of `expected`, or older or newer than `maxSkewMs`
 */
export async function openBinding(
  frame: Uint8Array,
  network: Network,
  expected: Omit<PeerBinding, "at">,
  maxSkewMs: number,
  now: number = Date.now(),
): Promise<Address> {
  const { s, peerId, remotePeerId, at, role } = parse(frame);
  if (peerId !== expected.peerId) throw new Error("the binding is another peer's");
  if (remotePeerId !== expected.remotePeerId) throw new Error("the binding is for another peer");
  if (role !== expected.role) throw new Error(`the peer is not of role ${expected.role}`);
  if (Math.abs(now - at) > maxSkewMs) throw new Error("the binding is stale");
  const hash = digestOf(network, { peerId, remotePeerId, at, role });
  return await recoverAddress({ hash, signature: s });
}

function parse(frame: Uint8Array): z.infer<typeof schema> {
  let value: unknown;
  try {
    value = cbor.decode(frame);
  } catch {
    throw new Error("the first frame is not dag-cbor");
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new Error("the first frame is not a binding");
  return parsed.data;
}

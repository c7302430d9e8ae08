/** Settings about keys. */
import { Buffer } from "node:buffer";
import { ed25519 } from "@noble/curves/ed25519.js";
import { base58btc } from "multiformats/bases/base58";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import { z } from "zod";
import { address } from "../protocol/schema.ts";
import { secretKey, type Settings, url } from "./values.ts";

/**
 * An Ed25519 key as 32 bytes: hex of these, or of them and the public key, which may also be base58
 * or JSON, as Solana's tools have it.
 */
const ed25519Key = z.string().transform((text, ctx): Hex => {
  const bytes = keyBytes(text.trim());
  const seed = bytes?.subarray(0, 32);
  const isPair = bytes?.length === 64 && seed &&
    Buffer.compare(ed25519.getPublicKey(seed), bytes.subarray(32)) === 0;
  if (seed?.length === 32 && (bytes?.length === 32 || isPair)) return bytesToHex(seed);
  ctx.addIssue({
    code: "custom",
    message: "must be 32 bytes of hex, or a key pair of 64 bytes as hex, base58 or JSON",
  });
  return z.NEVER;
});

function keyBytes(text: string): Uint8Array | undefined {
  try {
    if (text.startsWith("[")) {
      return Uint8Array.from(z.array(z.int().min(0).max(255)).parse(JSON.parse(text)));
    }
    if (/^(0x)?([0-9a-fA-F]{64}){1,2}$/.test(text)) {
      return hexToBytes(`0x${text.replace(/^0x/, "")}`);
    }
    return base58btc.baseDecode(text);
  } catch {
    return undefined;
  }
}

/** `address=url`. */
const remoteAccount = z.string().transform((text, ctx) => {
  const [account = "", ...rest] = text.split("=");
  const [parsed, endpoint] = [address.safeParse(account.trim()), url.safeParse(rest.join("="))];
  if (parsed.success && endpoint.success) return { address: parsed.data, url: endpoint.data };
  ctx.addIssue({ code: "custom", message: "must be address=url, with an http(s) URL" });
  return z.NEVER;
});

export const keySettings = {
  OPERATOR_PRIVATE_KEY: {
    help: "enode: operates projects, pays direct calls; znode: used where it has no key of its own",
    placeholder: "hex",
    schema: secretKey,
    secret: true,
  },
  PROVER_PRIVATE_KEY: {
    help: "znode: proves and pays gas (never the stake's owner); unset: the operator's",
    placeholder: "hex",
    schema: secretKey,
    secret: true,
  },
  OPERATOR_SIGNER_ENDPOINT: {
    help: "account, and JSON-RPC of who holds its key: signs an enode's direct contract calls",
    placeholder: "address=url",
    schema: remoteAccount,
    secret: true,
  },
  PROVER_SIGNER_ENDPOINT: {
    help: "the same: signs, and pays for, what a znode sends to the router",
    placeholder: "address=url",
    schema: remoteAccount,
    secret: true,
  },
  OPERATOR_KEYSTORE: {
    help: "file with the operator's key, encrypted (ws keys create), instead of the key itself",
    placeholder: "file",
    schema: z.string().min(1),
  },
  PROVER_KEYSTORE: {
    help: "the same with the znode's key",
    placeholder: "file",
    schema: z.string().min(1),
  },
  KEYSTORE_PASSWORD: {
    help: "opens these files",
    placeholder: "password",
    schema: z.string().min(1),
    secret: true,
  },
  KEYSTORE_PASSWORD_FILE: {
    help: "file whose first line opens these files",
    placeholder: "file",
    schema: z.string().min(1),
  },
  OPERATOR_PRIVATE_KEY_ED25519: {
    help: "enode: pays and signs on Solana; as hex, base58 or the JSON of Solana's tools",
    placeholder: "key",
    schema: ed25519Key,
    secret: true,
  },
} as const satisfies Settings;

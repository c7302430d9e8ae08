/** Stands in for `src/secp256k1.ts` in a page, which recovers a few signers and signs nothing. */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { type Address, checksumAddress } from "viem";
import { keccakHex } from "../../keccak.ts";

/** As there. */
export function recoverSigner(digest: Uint8Array, signature: Uint8Array): Address {
  const bit = (signature[64] ?? 0) - 27;
  if (signature.length !== 65 || (bit !== 0 && bit !== 1)) throw new Error("not a signature");
  const made = secp256k1.Signature.fromBytes(signature.subarray(0, 64), "compact");
  if (made.hasHighS()) throw new Error("not a signature with a low s");
  const point = made.addRecoveryBit(bit).recoverPublicKey(digest).toBytes(false);
  return checksumAddress(`0x${keccakHex(point.subarray(1)).slice(26)}`);
}

/** ECDSA over secp256k1 by libsecp256k1 in WASM: several times as fast as viem's, same results. */
import * as secp from "tiny-secp256k1";
import {
  type Address,
  checksumAddress,
  type Hex,
  parseSignature,
  serializeTransaction,
  type TransactionSerializable,
} from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { bytesToHex, hexToBytes } from "./hex.ts";
import { keccakHex } from "./keccak.ts";

/** viem's account, but that signs digests and transactions faster: low s, nonce by RFC 6979. */
export function accountOf(key: Hex): PrivateKeyAccount {
  const secret = hexToBytes(key);
  const account = privateKeyToAccount(key);
  const sign = ({ hash }: { readonly hash: Hex }) =>
    Promise.resolve(bytesToHex(signDigest(hexToBytes(hash), secret)));
  const signTransaction = async (transaction: TransactionSerializable): Promise<Hex> => {
    // Their blobs are not signed (EIP-4844).
    if (transaction.type === "eip4844") return await account.signTransaction(transaction);
    const hash = keccakHex(hexToBytes(serializeTransaction(transaction)));
    return serializeTransaction(transaction, parseSignature(await sign({ hash })));
  };
  return { ...account, sign, signTransaction } as PrivateKeyAccount;
}

/**
 * 65 bytes, v is 27 or 28.
 * @throws when the digest or the key is not one
 */
function signDigest(digest: Uint8Array, secret: Uint8Array): Uint8Array {
  const { signature, recoveryId } = secp.signRecoverable(digest, secret);
  const whole = new Uint8Array(65);
  whole.set(signature);
  whole[64] = 27 + recoveryId;
  return whole;
}

/** (n - 1) / 2, n the order of the group: the greatest low s (EIP-2). */
const mostS = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";

/** Whether contracts take a signature's form: v is 27 or 28, s is low. Each has one such form. */
export const isCanonical = (signature: Uint8Array): boolean =>
  signature.length === 65 && (signature[64] === 27 || signature[64] === 28) &&
  bytesToHex(signature.subarray(32, 64)).slice(2) <= mostS;

/**
 * The address whose key signed a digest, as the router recovers it.
 * @throws when nobody can have made the signature, or it is not in the form that contracts take
 */
export function recoverSigner(digest: Uint8Array, signature: Uint8Array): Address {
  if (!isCanonical(signature)) throw new Error("not a signature with a low s, and v 27 or 28");
  return recoverAnySigner(digest, signature);
}

/**
 * The same of whatever form signers give, as viem's `recoverAddress`: v is 0, 1, 27 or 28.
 * @throws when nobody can have made the signature
 */
export function recoverAnySigner(digest: Uint8Array, signature: Uint8Array): Address {
  const v = signature[64] ?? -1;
  const bit = v >= 27 ? v - 27 : v;
  if (signature.length !== 65 || (bit !== 0 && bit !== 1)) throw new Error("not a signature");
  const point = secp.recover(digest, signature.subarray(0, 64), bit, false);
  if (!point) throw new Error("the signature recovers no key");
  return checksumAddress(`0x${keccakHex(point.subarray(1)).slice(26)}`);
}

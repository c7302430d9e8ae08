/** EIP-712 digests of the structs on the hot path: the constant parts are hashed once. */
import { concatBytes, stringToBytes } from "viem";
import type { Address, Hex } from "viem";
import { hexToBytes } from "../hex.ts";
import { keccak } from "../keccak.ts";

/** A 32-byte word of an encoded struct. */
export type Word = Uint8Array;

/** Hash of a type's definition, such as `Mail(address to,bytes text)`. */
export const typeHash = (definition: string): Word => keccak(stringToBytes(definition));

const domainType = typeHash(
  "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
);
const nameAndVersion = concatBytes([typeHash("W3bstream"), typeHash("1")]);

export function uintWord(n: bigint): Word {
  if (n < 0n || n >> 256n !== 0n) throw new RangeError("not an unsigned 256-bit integer");
  return hexToBytes(`0x${n.toString(16).padStart(64, "0")}`);
}
export const bytes32Word = (hex: Hex): Word => {
  const bytes = hexToBytes(hex);
  if (bytes.length !== 32) throw new RangeError("not 32 bytes");
  return bytes;
};
export const hashWord: (bytes: Uint8Array) => Word = keccak;
export function addressWord(address: Address): Word {
  const bytes = hexToBytes(address);
  if (bytes.length !== 20) throw new RangeError("not an address");
  const word = new Uint8Array(32);
  word.set(bytes, 12);
  return word;
}

/** A node has one or two networks; a stranger's task may name any. */
const separators = new Map<string, Word>();

function separatorOf(chainId: bigint, router: Address): Word {
  const key = `${chainId}/${router}`;
  const known = separators.get(key);
  if (known) return known;
  const separator = hashWord(
    concatBytes([domainType, nameAndVersion, uintWord(chainId), addressWord(router)]),
  );
  if (separators.size >= 64) separators.clear();
  separators.set(key, separator);
  return separator;
}

const prefix = new Uint8Array([0x19, 0x01]);

/** The hash of a struct: `words` are its type's hash and members. */
export const structHash = (words: readonly Word[]): Word => hashWord(concatBytes(words));

/** The digest of a struct in the domain of a router. */
export function typedDigest(
  { chainId, router }: { readonly chainId: bigint; readonly router: Address },
  words: readonly Word[],
): Word {
  return hashWord(concatBytes([prefix, separatorOf(chainId, router), structHash(words)]));
}

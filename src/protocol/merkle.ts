/**
 * The tree over a task's messages. Leaves are salted, so that a root or a proof of one message
 * tells nothing about the others; variable-length fields are hashed, so that no two leaves share
 * an encoding. `MessageTree.sol` computes the same, and both read the same vectors.
 */
import { concat, type Hex, numberToHex, toBytes } from "viem";
import { bytesToHex, hexToBytes } from "../hex.ts";
import { keccak, keccakHex } from "../keccak.ts";

export interface Leaf {
  /** 32 random bytes. */
  readonly salt: Uint8Array;
  /** 16 bytes, a UUIDv7. */
  readonly id: Uint8Array;
  readonly projectId: bigint;
  readonly version: string;
  /** The sender, "" when unknown. */
  readonly clientId: string;
  readonly data: Uint8Array;
}

export function leafHash(leaf: Leaf): Hex {
  if (leaf.salt.length !== 32) throw new RangeError("salt must be 32 bytes");
  if (leaf.id.length !== 16) throw new RangeError("message id must be 16 bytes");
  return keccakHex(hexToBytes(concat([
    "0x00",
    bytesToHex(leaf.salt),
    bytesToHex(leaf.id),
    numberToHex(leaf.projectId, { size: 8 }),
    keccakHex(toBytes(leaf.version)),
    keccakHex(toBytes(leaf.clientId)),
    keccakHex(leaf.data),
  ])));
}

const node = (left: Hex, right: Hex): Hex => keccakHex(hexToBytes(concat(["0x01", left, right])));

function parents(level: readonly Hex[]): Hex[] {
  const next: Hex[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const [left, right] = [level[i] as Hex, level[i + 1]];
    next.push(right === undefined ? left : node(left, right));
  }
  return next;
}

function sealed(count: number, top: Hex): Hex {
  return keccakHex(hexToBytes(concat(["0x02", numberToHex(count, { size: 8 }), top])));
}

/** All levels of a tree over at least one leaf hash, the leaves first. */
export class MerkleTree {
  readonly #levels: (readonly Hex[])[];

  constructor(private readonly leaves: readonly Hex[]) {
    if (leaves.length === 0) throw new RangeError("a tree has at least one leaf");
    this.#levels = [leaves];
    for (let level = leaves; level.length > 1;) this.#levels.push(level = parents(level));
  }

  /** The number of leaves is hashed in. */
  get root(): Hex {
    return sealed(this.leaves.length, (this.#levels.at(-1) as readonly Hex[])[0] as Hex);
  }

  /** Siblings from leaf to root; a promoted node has none at its level. */
  proof(index: number): Hex[] {
    if (!(index in this.leaves)) throw new RangeError(`no leaf ${index}`);
    return this.#levels.slice(0, -1).flatMap((level, depth) => level[index >> depth ^ 1] ?? []);
  }
}

/** The root over at least one leaf hash; the number of leaves is hashed in. */
export const merkleRoot = (leaves: readonly Hex[]): Hex => new MerkleTree(leaves).root;

/** Siblings from leaf to root; a promoted node has none at its level. */
export const merkleProof = (leaves: readonly Hex[], index: number): Hex[] =>
  new MerkleTree(leaves).proof(index);

/** Whether `leaf` is the `index`-th of `count` leaves under `root`. */
export function verifyMerkleProof(
  root: Hex,
  count: number,
  index: number,
  leaf: Hex,
  proof: readonly Hex[],
): boolean {
  if (!Number.isSafeInteger(count) || index < 0 || index >= count) return false;
  let hash = leaf, used = 0;
  for (let width = count, i = index; width > 1; width = (width + 1) >> 1, i >>= 1) {
    if ((i ^ 1) >= width) continue;
    const sibling = proof[used++];
    if (sibling === undefined) return false;
    hash = i & 1 ? node(sibling, hash) : node(hash, sibling);
  }
  return used === proof.length && sealed(count, hash) === root;
}

/** Blinds a task's input commitment: keccak256(0x03 ‖ the messages' salts, in order). */
export function inputSalt(salts: readonly Uint8Array[]): Uint8Array {
  return keccak(hexToBytes(concat(["0x03", ...salts.map(bytesToHex)])));
}

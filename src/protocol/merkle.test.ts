import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bytesToHex, type Hex, hexToBytes, keccak256, toBytes } from "viem";
import vectors from "../../contracts/test/vectors/merkle.json" with { type: "json" };
import {
  inputSalt,
  type Leaf,
  leafHash,
  merkleProof,
  merkleRoot,
  verifyMerkleProof,
} from "./merkle.ts";

const leafOf = (l: (typeof vectors.cases)[number]["leaves"][number]): Leaf => ({
  salt: hexToBytes(l.salt as Hex),
  id: hexToBytes(l.id as Hex),
  projectId: BigInt(l.projectId),
  version: l.version,
  clientId: l.clientId,
  data: hexToBytes(l.data as Hex),
});

const hashes = (n: number): Hex[] =>
  Array.from({ length: n }, (_, i) => keccak256(toBytes(`leaf ${i}`)));

const someLeaf: Leaf = {
  salt: new Uint8Array(32).fill(1),
  id: new Uint8Array(16).fill(2),
  projectId: 3n,
  version: "0.1",
  clientId: "device",
  data: new Uint8Array([4, 5]),
};

describe("shared vectors", () => {
  for (const [i, c] of vectors.cases.entries()) {
    test(`case ${i}: ${c.leaves.length} leaves`, () => {
      const leaves = c.leaves.map(leafOf);
      const got = leaves.map(leafHash);
      expect(got).toEqual(c.leafHashes as Hex[]);
      expect(merkleRoot(got)).toBe(c.root as Hex);
      expect(bytesToHex(inputSalt(leaves.map((l) => l.salt)))).toBe(c.inputSalt as Hex);
      for (const [index, leaf] of got.entries()) {
        const proof = merkleProof(got, index);
        expect(proof).toEqual(c.proofs[index] as Hex[]);
        expect(verifyMerkleProof(c.root as Hex, got.length, index, leaf, proof)).toBe(true);
      }
    });
  }
});

describe("leaves", () => {
  test("every field changes the hash", () => {
    const changed: Partial<Leaf>[] = [
      { salt: new Uint8Array(32) },
      { id: new Uint8Array(16) },
      { projectId: 4n },
      { version: "0.2" },
      { clientId: "" },
      { data: new Uint8Array([4, 6]) },
    ];
    const all = [someLeaf, ...changed.map((c) => ({ ...someLeaf, ...c }))].map(leafHash);
    expect(new Set(all).size).toBe(all.length);
  });

  test("neighbouring texts can't be shifted into each other", () => {
    const a = leafHash({ ...someLeaf, version: "ab", clientId: "c" });
    expect(a).not.toBe(leafHash({ ...someLeaf, version: "a", clientId: "bc" }));
  });

  test("a wrong length of salt or id is refused", () => {
    expect(() => leafHash({ ...someLeaf, salt: new Uint8Array(31) })).toThrow(RangeError);
    expect(() => leafHash({ ...someLeaf, id: new Uint8Array(17) })).toThrow(RangeError);
  });
});

describe("tree", () => {
  test("no leaves, or an index outside, is refused", () => {
    expect(() => merkleRoot([])).toThrow(RangeError);
    expect(() => merkleProof(hashes(3), 3)).toThrow(RangeError);
    expect(() => merkleProof(hashes(3), -1)).toThrow(RangeError);
  });

  test("the leaf count is part of the root", () => {
    // Without it a tree whose last node is promoted could pass for a smaller tree.
    const [a, b, c] = hashes(3) as [Hex, Hex, Hex];
    const two = merkleProof([a, b], 1);
    const root = merkleRoot([a, b]);
    expect(verifyMerkleProof(root, 2, 1, b, two)).toBe(true);
    expect(verifyMerkleProof(root, 3, 1, b, two)).toBe(false);
    expect(merkleRoot([a])).not.toBe(a);
    expect(merkleRoot([a, b, c])).not.toBe(merkleRoot([merkleRoot([a, b]), c]));
  });

  test("a proof holds for its leaf, index, count and root alone", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }).chain((n) =>
          fc.tuple(fc.constant(n), fc.nat(n - 1), fc.nat(n - 1), fc.nat(200))
        ),
        ([n, index, other, bit]) => {
          const leaves = hashes(n);
          const root = merkleRoot(leaves);
          const leaf = leaves[index] as Hex;
          const proof = merkleProof(leaves, index);
          const holds = (i: number, l: Hex, p: readonly Hex[], r = root, count = n) =>
            verifyMerkleProof(r, count, i, l, p);
          expect(holds(index, leaf, proof)).toBe(true);
          if (other !== index) {
            expect(holds(other, leaf, proof)).toBe(false);
            expect(holds(index, leaves[other] as Hex, proof)).toBe(false);
          }
          expect(holds(index, leaf, [...proof, leaf])).toBe(false);
          expect(holds(index, leaf, proof, root, n + 1)).toBe(false);
          expect(holds(n, leaf, proof)).toBe(false);
          expect(holds(-1, leaf, proof)).toBe(false);
          expect(holds(index, leaf, proof, keccak256(root))).toBe(false);
          if (proof.length > 0) {
            expect(holds(index, leaf, proof.slice(1))).toBe(false);
            const at = bit % proof.length;
            const bent = proof.with(at, keccak256(proof[at] as Hex));
            expect(holds(index, leaf, bent)).toBe(false);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test("an inner node does not pass for a leaf", () => {
    const leaves = hashes(4);
    const [left, right] = merkleProof(leaves, 0) as [Hex, Hex];
    const inner = merkleProof(leaves, 2)[1] as Hex;
    const root = merkleRoot(leaves);
    expect(verifyMerkleProof(root, 4, 0, inner, [right])).toBe(false);
    expect(verifyMerkleProof(root, 2, 0, inner, [right])).toBe(false);
    expect(verifyMerkleProof(root, 4, 0, leaves[0] as Hex, [left, right])).toBe(true);
  });
});

test("the input salt depends on every salt and on their order", () => {
  const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const all = [[a, b], [b, a], [a], [a, a]].map((s) => bytesToHex(inputSalt(s)));
  expect(new Set(all).size).toBe(4);
});

import { expect, test } from "bun:test";
import { keccak } from "../keccak.ts";
import { keccakMany } from "./keccak_many.ts";

test("many hashes are those of one after the other", () => {
  const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));
  const tails = Array.from({ length: 5_000 }, () => random(20));
  const many = keccakMany(tails);
  for (let turn = 0; turn < 3; turn++) {
    const head = random(64);
    const found = many.firstBytes(head);
    for (const [i, tail] of tails.entries()) {
      const hash = keccak(new Uint8Array([...head, ...tail]));
      expect(found.getBigUint64(8 * i)).toBe(
        new DataView(hash.buffer).getBigUint64(hash.byteOffset),
      );
    }
  }
});

test("of none there are none", () => {
  expect(keccakMany([]).firstBytes(new Uint8Array(64)).byteLength).toBe(0);
});

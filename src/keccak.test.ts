import { expect, test } from "bun:test";
import fc from "fast-check";
import { keccak256 } from "viem";
import { keccak, keccakHex } from "./keccak.ts";

test("agrees with viem, at any length and one after the other", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
    expect(keccakHex(bytes)).toBe(keccak256(bytes));
  }));
  const large = new Uint8Array(3_000_000).fill(5);
  const first = keccak(large);
  keccak(new Uint8Array(1));
  expect(first).toEqual(keccak256(large, "bytes"));
});

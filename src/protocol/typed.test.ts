import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  getAddress,
  hashStruct,
  hashTypedData,
  type Hex,
  hexToBytes,
  recoverAddress,
  toHex,
  zeroHash,
} from "viem";
import { accountOf } from "../secp256k1.ts";
import { evidenceTypes, statementHash } from "./evidence.ts";
import { domainOf, taskIdOf, taskTypes } from "./task.ts";
import { seal } from "./wire.ts";
import * as cbor from "@ipld/dag-cbor";

const hexOf = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((b): Hex => toHex(b));
const address = hexOf(20).map((hex) => getAddress(hex));
const uint = (bits: bigint) => fc.bigInt(0n, (1n << bits) - 1n);

test("task ids are viem's EIP-712 hashes", () => {
  const task = fc.record({
    ...{ chainId: uint(256n), router: address, projectId: uint(64n), nonce: uint(256n) },
    ...{ version: fc.string({ unit: "grapheme" }), programId: hexOf(32) },
    ...{ messagesRoot: hexOf(32), inputCommitment: hexOf(32) },
  });
  fc.assert(fc.property(task, (message) => {
    const domain = domainOf(message.chainId, message.router);
    const theirs = hashTypedData({ domain, types: taskTypes, primaryType: "Task", message });
    expect(taskIdOf(message)).toBe(theirs);
  }));
});

test("evidence is hashed as viem does", () => {
  const common = { taskId: hexOf(32), epoch: uint(64n), prover: address };
  const claim = { programId: hexOf(32), publicValuesHash: hexOf(32), proofHash: hexOf(32) };
  const statement = fc.record({
    ...common,
    ...claim,
    verifier: address,
  });
  fc.assert(fc.property(statement, (data) => {
    for (const kind of ["Acceptance", "ReceiptClaim"] as const) {
      const types = { [kind]: evidenceTypes[kind] };
      const theirs = hashStruct({ types, primaryType: kind, data } as never);
      expect(statementHash(kind, data)).toBe(theirs);
    }
  }));
});

test("a frame's signature is over viem's EIP-712 hash of its payload", async () => {
  const signer = accountOf(`0x${"11".repeat(32)}`);
  const on = { chainId: 5n, router: signer.address };
  const frame = await seal(on, signer, signer.address, "hello", { runtimes: [], capacity: 1 });
  const { p, s } = cbor.decode(frame) as { p: Uint8Array; s: Uint8Array };
  const hash = hashTypedData({
    domain: domainOf(on.chainId, on.router),
    types: {
      Envelope: [{ name: "payload", type: "bytes" }, { name: "statements", type: "bytes32" }],
    },
    primaryType: "Envelope",
    message: { payload: toHex(p), statements: zeroHash },
  });
  expect(hexToBytes(toHex(s)).length).toBe(65);
  expect(await recoverAddress({ hash, signature: toHex(s) })).toBe(signer.address);
});

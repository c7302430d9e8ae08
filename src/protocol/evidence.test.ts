import { describe, expect, test } from "bun:test";
import { type Hex, keccak256 } from "viem";
import vectors from "../../contracts/test/vectors/task.json" with { type: "json" };
import type { Receipt } from "../../runtimes/runtime.ts";
import { accountOf } from "../secp256k1.ts";
import { evidenceOf, evidenceSigner } from "./envelope.ts";
import { claimOf, statementHash } from "./evidence.ts";
import { taskIdOf, taskSchema } from "./task.ts";
import { encodeMessage, sealAll } from "./wire.ts";

const prover = accountOf(`0x${"33".repeat(32)}`);
const other = accountOf(`0x${"44".repeat(32)}`);
const network = taskSchema.parse(vectors.cases[0]);
const taskId = taskIdOf(network);

const receipt: Receipt = {
  vmType: "halo2",
  programId: network.programId,
  imageId: `0x${"05".repeat(32)}`,
  bindingKind: "data",
  publicValues: new Uint8Array([1, 2, 3]),
  proof: new Uint8Array([4, 5, 6]),
};
const claimed = { taskId, epoch: 7n, receipt };
const hashOf = (body: typeof claimed, by = prover.address) =>
  statementHash("ReceiptClaim", claimOf(body, by));

/** A frame of a refusal, `n` acceptances and the receipt. */
function frameOf(n: number): Promise<Uint8Array> {
  const encode = <K extends Parameters<typeof encodeMessage>[0]>(
    ...[kind, body]: [K, Parameters<typeof encodeMessage<K>>[1]]
  ) => encodeMessage(kind, body, prover.address);
  const accepts = Array.from(
    { length: n },
    (_, i) => encode("accept", { taskId, epoch: BigInt(i), verifier: other.address }),
  );
  const refusal = encode("refuse", { taskId, epoch: 0n, reason: "", retryable: true });
  return sealAll(network, prover, other.address, [refusal, ...accepts, encode("receipt", claimed)]);
}

describe("shared vectors", () => {
  for (const [i, c] of vectors.cases.entries()) {
    test(`case ${i}`, () => {
      const on = taskSchema.parse(c);
      const base = { taskId: c.taskId as Hex, prover: c.prover as Hex };
      const acceptance = {
        ...base,
        epoch: BigInt(c.acceptance.epoch),
        verifier: c.acceptance.verifier as Hex,
      };
      const claim = {
        ...base,
        epoch: BigInt(c.receiptClaim.epoch),
        programId: c.programId as Hex,
        publicValuesHash: c.receiptClaim.publicValuesHash as Hex,
        proofHash: c.receiptClaim.proofHash as Hex,
      };
      const { hash, evidence } = c.receiptClaim;
      expect(statementHash("Acceptance", acceptance)).toBe(c.acceptance.hash as Hex);
      expect(statementHash("ReceiptClaim", claim)).toBe(hash as Hex);
      expect<string>(evidenceSigner(on, hash as Hex, evidence as never)).toBe(c.prover);
    });
  }
});

test("a claim covers the exact bytes, the program, the epoch and the prover", () => {
  expect(claimOf(claimed, prover.address)).toEqual({
    taskId,
    epoch: 7n,
    prover: prover.address,
    programId: network.programId,
    publicValuesHash: keccak256(receipt.publicValues),
    proofHash: keccak256(receipt.proof),
  });
  const all = [
    hashOf(claimed),
    hashOf({ ...claimed, epoch: 8n }),
    hashOf(claimed, other.address),
    hashOf({ ...claimed, taskId: taskIdOf({ ...network, nonce: 99n }) }),
    hashOf({ ...claimed, receipt: { ...receipt, proof: new Uint8Array([4, 5, 7]) } }),
    hashOf({ ...claimed, receipt: { ...receipt, publicValues: new Uint8Array() } }),
    hashOf({ ...claimed, receipt: { ...receipt, programId: `0x${"00".repeat(32)}` } }),
  ];
  expect(new Set(all).size).toBe(all.length);
});

describe("a frame is evidence", () => {
  test("of each thing that it states, and shows nothing else", async () => {
    for (const n of [0, 1, 2, 6]) {
      const frame = await frameOf(n);
      const evidence = evidenceOf(frame, hashOf(claimed));
      expect(evidenceSigner(network, hashOf(claimed), evidence)).toBe(prover.address);
      expect(evidence).toMatchObject({ index: n, count: n + 1 });
      expect(Object.values(evidence).join().length).toBeLessThan(600);
    }
  });

  test("of nothing else", async () => {
    const frame = await frameOf(3);
    const another = hashOf({ ...claimed, epoch: 8n });
    expect(() => evidenceOf(frame, another)).toThrow(RangeError);
    const evidence = evidenceOf(frame, hashOf(claimed));
    expect(() => evidenceSigner(network, another, evidence)).toThrow(RangeError);
    const moved = { ...evidence, index: 0 };
    expect(() => evidenceSigner(network, hashOf(claimed), moved)).toThrow(RangeError);
    const signer = (change: Partial<typeof evidence>, on = network) =>
      evidenceSigner(on, hashOf(claimed), { ...evidence, ...change });
    expect(signer({})).toBe(prover.address);
    expect(signer({ payloadHash: taskId })).not.toBe(prover.address);
  });

  test("on one chain and router only", async () => {
    const evidence = evidenceOf(await frameOf(1), hashOf(claimed));
    const signer = (on: typeof network) => evidenceSigner(on, hashOf(claimed), evidence);
    expect(signer({ ...network, chainId: 1n })).not.toBe(prover.address);
    expect(signer({ ...network, router: other.address })).not.toBe(prover.address);
  });
});

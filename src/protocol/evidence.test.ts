import { describe, expect, test } from "bun:test";
import { type Hex, keccak256 } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import vectors from "../../contracts/test/vectors/task.json" with { type: "json" };
import type { Receipt } from "../../runtimes/runtime.ts";
import { claimOf, evidenceDigest, evidenceSigner, signEvidence } from "./evidence.ts";
import { taskIdOf, taskSchema } from "./task.ts";

const prover = privateKeyToAccount(`0x${"33".repeat(32)}`);
const other = privateKeyToAccount(`0x${"44".repeat(32)}`);
const task = taskSchema.parse(vectors.cases[0]);
const taskId = taskIdOf(task);

const receipt: Receipt = {
  vmType: "halo2",
  programId: task.programId,
  imageId: `0x${"05".repeat(32)}`,
  bindingKind: "data",
  publicValues: new Uint8Array([1, 2, 3]),
  proof: new Uint8Array([4, 5, 6]),
};

describe("shared vectors", () => {
  for (const [i, c] of vectors.cases.entries()) {
    test(`case ${i}`, async () => {
      const network = taskSchema.parse(c);
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
      const grant = {
        ...base,
        epoch: BigInt(c.outputGrant.epoch),
        output: c.outputGrant.output,
      };
      expect(evidenceDigest(network, "Acceptance", acceptance)).toBe(c.acceptance.digest as Hex);
      expect(evidenceDigest(network, "ReceiptClaim", claim)).toBe(c.receiptClaim.digest as Hex);
      expect(evidenceDigest(network, "OutputGrant", grant)).toBe(c.outputGrant.digest as Hex);
      const by = [
        await evidenceSigner(network, "Acceptance", acceptance, c.acceptance.signature as Hex),
        await evidenceSigner(network, "ReceiptClaim", claim, c.receiptClaim.signature as Hex),
        await evidenceSigner(network, "OutputGrant", grant, c.outputGrant.signature as Hex),
      ];
      expect<string[]>(by).toEqual([c.prover, c.prover, c.operator]);
    });
  }
});

test("a claim covers the exact bytes, the program, the epoch and the prover", async () => {
  const claim = claimOf(task, 7n, prover.address, receipt);
  expect(claim).toEqual({
    taskId,
    epoch: 7n,
    prover: prover.address,
    programId: task.programId,
    publicValuesHash: keccak256(receipt.publicValues),
    proofHash: keccak256(receipt.proof),
  });
  const signature = await signEvidence(task, "ReceiptClaim", claim, prover);
  const signer = (c: typeof claim) => evidenceSigner(task, "ReceiptClaim", c, signature);
  expect(await signer(claim)).toBe(prover.address);
  const changed = [
    claimOf(task, 8n, prover.address, receipt),
    claimOf(task, 7n, other.address, receipt),
    claimOf({ ...task, nonce: 99n }, 7n, prover.address, receipt),
    claimOf(task, 7n, prover.address, { ...receipt, proof: new Uint8Array([4, 5, 7]) }),
    claimOf(task, 7n, prover.address, { ...receipt, publicValues: new Uint8Array() }),
    claimOf(task, 7n, prover.address, { ...receipt, programId: `0x${"00".repeat(32)}` }),
  ];
  for (const c of changed) expect(await signer(c)).not.toBe(prover.address);
});

test("a statement for one chain, router or kind says nothing on another", async () => {
  const acceptance = { taskId, epoch: 1n, prover: prover.address, verifier: other.address };
  const signature = await signEvidence(task, "Acceptance", acceptance, prover);
  const signer = (network: typeof task) =>
    evidenceSigner(network, "Acceptance", acceptance, signature);
  expect(await signer(task)).toBe(prover.address);
  expect(await signer({ ...task, chainId: 1n })).not.toBe(prover.address);
  expect(await signer({ ...task, router: other.address })).not.toBe(prover.address);
  const grant = { taskId, epoch: 1n, prover: prover.address, output: 0 };
  expect(await evidenceSigner(task, "OutputGrant", grant, signature)).not.toBe(prover.address);
});

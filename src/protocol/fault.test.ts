import { describe, expect, test } from "bun:test";
import { bytesToHex } from "../hex.ts";
import { accountOf } from "../secp256k1.ts";
import { checkFault, type Fault, faultOf, faultSchema } from "./fault.ts";
import { packSigned, type Stated, type StatementKind, unpackSigned } from "./signed_bytes.ts";
import { encodeMessage, openFrame, readMessage, sealAll, type Signed } from "./wire.ts";

const prover = accountOf(`0x${"33".repeat(32)}`);
const enode = accountOf(`0x${"44".repeat(32)}`);
const network = { chainId: 31337n, router: enode.address };
const taskId = `0x${"01".repeat(32)}` as const;
const receipt = {
  vmType: "halo2" as const,
  programId: `0x${"02".repeat(32)}` as const,
  imageId: `0x${"05".repeat(32)}` as const,
  bindingKind: "data" as const,
  publicValues: new Uint8Array([1, 2, 3]),
  proof: new Uint8Array([4, 5, 6]),
};

/** What a frame of an acceptance and some claims hands up. */
async function stated(epoch: bigint, ...receipts: typeof receipt[]) {
  const messages = [
    encodeMessage("accept", { taskId, epoch, verifier: enode.address }, prover.address),
    ...receipts.map((r) => encodeMessage("receipt", { taskId, epoch, receipt: r }, prover.address)),
  ];
  const frame = await sealAll(network, prover, enode.address, messages);
  const opened = openFrame(frame, {
    network,
    self: enode.address,
    maxBytes: 1 << 20,
    maxSkewMs: 60_000,
  });
  const signed = opened.messages.map((m) => readMessage(m, opened).signed);
  return {
    acceptance: signed[0] as Signed<Stated["acceptance"]>,
    claims: signed.slice(1) as Signed<Stated["claim"]>[],
  };
}

const other = { ...receipt, publicValues: new Uint8Array([9]) };

async function equivocation(): Promise<Extract<Fault, { kind: "equivocation" }>> {
  const { claims: [a, b] } = await stated(7n, receipt, other);
  return { kind: "equivocation", ...network, claims: [a, b] as never };
}

async function invalidProof(): Promise<Extract<Fault, { kind: "invalid-proof" }>> {
  const { acceptance, claims: [claim] } = await stated(7n, receipt);
  return {
    kind: "invalid-proof",
    ...network,
    acceptance,
    claim: claim as Signed<Stated["claim"]>,
    publicValues: bytesToHex(receipt.publicValues),
    proof: bytesToHex(receipt.proof),
  };
}

describe("a fault", () => {
  test("holds by its signatures, also when it went through JSON", async () => {
    for (const fault of [await equivocation(), await invalidProof()]) {
      checkFault(fault);
      const json = JSON.stringify(fault, (_, v) => typeof v === "bigint" ? v.toString() : v);
      const read = faultSchema.parse(JSON.parse(json));
      expect(read).toEqual(fault);
      checkFault(read);
      expect(faultOf(read)).toMatchObject({ taskId, epoch: 7n, prover: prover.address });
    }
  });

  test("is none where the public values are the same", async () => {
    const again = { ...receipt, proof: new Uint8Array([7]) };
    const { claims: [a, b] } = await stated(7n, receipt, again);
    const fault = { kind: "equivocation" as const, ...network, claims: [a, b] as never };
    expect(() => checkFault(fault)).toThrow("the same public values");
  });

  test("does not join statements of two leases, or of another network", async () => {
    const [fault, late] = [await equivocation(), await stated(8n, other)];
    const moved: Fault = { ...fault, claims: [fault.claims[0], late.claims[0] as never] };
    expect(() => checkFault(moved)).toThrow("two leases");
    expect(() => checkFault({ ...fault, chainId: 1n })).toThrow("not signed by");
    const invalid = await invalidProof();
    expect(() => checkFault({ ...invalid, acceptance: late.acceptance })).toThrow("two leases");
  });

  test("is about exactly the bytes that were claimed, and what was accepted", async () => {
    const fault = await invalidProof();
    expect(() => checkFault({ ...fault, proof: "0x04" })).toThrow("the proof is not");
    expect(() => checkFault({ ...fault, publicValues: "0x" })).toThrow("the public values");
    const { acceptance } = fault;
    const statement = { ...acceptance.statement, verifier: prover.address };
    expect(() => checkFault({ ...fault, acceptance: { ...acceptance, statement } }))
      .toThrow(RangeError);
  });
});

test("stored statements are read as they were", async () => {
  for (let n = 1; n <= 6; n++) {
    const { acceptance, claims } = await stated(7n, ...Array(n).fill(receipt));
    const all: [StatementKind, Signed<Stated[StatementKind]>][] = [
      ["acceptance", acceptance],
      ...claims.map((c) => ["claim" as const, c] as const).map(([k, c]) => [k, c] as never),
    ];
    for (const [kind, signed] of all) {
      const bytes = packSigned(kind, signed as never);
      expect(bytes.length).toBeLessThan(400);
      expect(unpackSigned(kind, signed.statement, bytes)).toEqual(signed as never);
      expect(() => unpackSigned(kind, signed.statement, bytes.slice(1))).toThrow(RangeError);
    }
  }
});

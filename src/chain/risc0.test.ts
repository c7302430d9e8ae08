/** A Groth16 receipt that RISC Zero published, checked by our contracts on a chain. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { bytesToHex, type Hex, hexToBytes, keccak256, sha256, toBytes } from "viem";
import receipt from "../../contracts/test/vectors/risc0-groth16.json" with { type: "json" };
import { proofVerifierAbi } from "./abi/proofVerifier.ts";
import { risc0Groth16VerifierAbi } from "./abi/risc0Groth16Verifier.ts";
import { type Anvil, anvilAccount, startAnvil } from "./anvil.ts";
import { connectChain, type Sender } from "./clients.ts";
import { type Deployment, deployRisc0Verifier, risc0Versions } from "./deploy.ts";

const imageId = receipt.image_id as Hex;
const journal = receipt.journal as Hex;
const seal = receipt.seal as Hex;
const programId = keccak256(toBytes("program"));
let anvil: Anvil, sender: Sender, deployed: Deployment["verifiers"][Hex];

beforeAll(async () => {
  anvil = await startAnvil();
  sender = (await connectChain(anvil.url, { retries: 0 })).sender(anvilAccount(0));
  const version = risc0Versions["2.2"];
  deployed = await deployRisc0Verifier(
    sender,
    { programId, imageId, bindingKind: "none", version },
  );
}, 60_000);
afterAll(() => anvil.stop());

const takes = (program: Hex, values: Hex, proof: Hex) =>
  sender.reader.readContract({
    address: deployed.adapter,
    abi: proofVerifierAbi,
    functionName: "verify",
    args: [program, values, proof],
  });

const verify = (image: Hex, values: Hex) =>
  sender.reader.readContract({
    address: deployed.verifier,
    abi: risc0Groth16VerifierAbi,
    functionName: "verify",
    args: [seal, image, sha256(values)],
  });

/** The bytes with one bit changed. */
function flipped(hex: Hex, at: number): Hex {
  const bytes = hexToBytes(hex);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytesToHex(bytes);
}

test("takes the receipt, as our adapter and by RISC Zero's own interface", async () => {
  expect(await takes(programId, journal, seal)).toBe(true);
  await verify(imageId, journal);
});

test("refuses it with another program, image id, journal or seal", async () => {
  expect(await takes(imageId, journal, seal)).toBe(false);
  expect(await takes(programId, flipped(journal, 0), seal)).toBe(false);
  for (const at of [0, 4, 67, 195, 259]) {
    expect(await takes(programId, journal, flipped(seal, at))).toBe(false);
  }
  await expect(verify(flipped(imageId, 31), journal)).rejects.toThrow("VerificationFailed");
});

/** A real wrapped proof, checked by our contracts on a chain. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { bytesToHex, type Hex, hexToBytes, keccak256, toBytes } from "viem";
import vector from "../../contracts/test/vectors/zkwasm-wrap-small.json" with { type: "json" };
import { zkWasmAdapterAbi } from "./abi/zkWasmAdapter.ts";
import { type Anvil, anvilAccount, startAnvil } from "./anvil.ts";
import { zkWasmSmallVerifier } from "./bytecode/zkWasmSmallVerifier.ts";
import { connectChain, type Sender } from "./clients.ts";
import type { Deployment } from "./deploy.ts";
import { deployZkWasmVerifier, type WrappedProgram } from "./zkwasm_verifier.ts";

const publicValues = vector.publicValues as Hex;
const proof = vector.proof as Hex;
const program: WrappedProgram = {
  programId: keccak256(toBytes("program")),
  imageId: vector.imageId as Hex,
  class: vector.class,
  bindingKind: "tag",
  proofBytes: (proof.length - 2) / 2,
  unsafeTestSetup: true,
};
const another: WrappedProgram = {
  ...program,
  programId: keccak256(toBytes("another")),
  imageId: flipped(program.imageId, 31),
};
let anvil: Anvil, sender: Sender, first: Deployment["verifiers"][Hex];
const deployed: string[] = [];
const onDeployed = (name: string) => void deployed.push(name);

beforeAll(async () => {
  anvil = await startAnvil();
  sender = (await connectChain(anvil.url, { retries: 0 })).sender(anvilAccount(0));
  first = await deployZkWasmVerifier(sender, program, zkWasmSmallVerifier, { onDeployed });
}, 60_000);
afterAll(() => anvil.stop());

const takes = (adapter: Hex, programId: Hex, values = publicValues, bytes = proof) =>
  sender.reader.readContract({
    address: adapter,
    abi: zkWasmAdapterAbi,
    functionName: "verify",
    args: [programId, values, bytes],
  });

/** The bytes with one bit changed. */
function flipped(hex: Hex, at: number): Hex {
  const bytes = hexToBytes(hex);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytesToHex(bytes);
}

test("takes the proof, and no other of values, program or bytes", async () => {
  const { adapter } = first;
  expect(await takes(adapter, program.programId)).toBe(true);
  expect(await takes(adapter, another.programId)).toBe(false);
  // Status, image id, binding, counts, input and output.
  for (const at of [1, 2, 34, 65, 69, 73, 81, 89]) {
    expect(await takes(adapter, program.programId, flipped(publicValues, at))).toBe(false);
  }
  for (let at = 0; at < program.proofBytes; at += 611) {
    expect(await takes(adapter, program.programId, publicValues, flipped(proof, at))).toBe(false);
  }
  expect(await takes(adapter, program.programId, publicValues, `${proof}00`)).toBe(false);
});

test("one generated contract serves a class's programs, which don't take each other's", async () => {
  const options = { onDeployed };
  const second = await deployZkWasmVerifier(sender, another, first.verifier, options);
  expect(second.verifier).toBe(first.verifier);
  expect(deployed).toEqual([
    "UnsafeTestSetupZkWasmSmallVerifier",
    "UnsafeTestSetupZkWasmAdapter",
    "UnsafeTestSetupZkWasmAdapter",
  ]);
  expect(await takes(second.adapter, another.programId)).toBe(false);
  const said = await sender.reader.readContract({
    address: second.adapter,
    abi: zkWasmAdapterAbi,
    functionName: "imageId",
  });
  expect(said).toBe(another.imageId);
});

test("a test setup is refused on every chain but a local one, before anything is sent", async () => {
  const public_ = await startAnvil({ chainId: 4690 });
  try {
    const other = (await connectChain(public_.url)).sender(anvilAccount(0));
    await expect(deployZkWasmVerifier(other, program, zkWasmSmallVerifier))
      .rejects.toThrow(/test setup whose secret is public.*chain 31337 only.*chain 4690/);
    expect(await other.reader.getBlockNumber()).toBe(0n);
    // The contracts look at the chain themselves, whatever they are said to be.
    const safe = { ...program, unsafeTestSetup: false };
    const disguised = { ...zkWasmSmallVerifier, unsafeTestSetup: false };
    await expect(deployZkWasmVerifier(other, safe, disguised)).rejects.toThrow("unsafe test setup");
  } finally {
    await public_.stop();
  }
});

test("a contract of another setup than the project's key is refused", async () => {
  const safe = { ...program, unsafeTestSetup: false };
  await expect(deployZkWasmVerifier(sender, safe, zkWasmSmallVerifier))
    .rejects.toThrow("is of the test setup, the project's verifying key is not");
  const real = { ...zkWasmSmallVerifier, unsafeTestSetup: false };
  await expect(deployZkWasmVerifier(sender, program, real))
    .rejects.toThrow("the project's verifying key is of the test setup");
  await expect(deployZkWasmVerifier(sender, program, anvilAccount(9).address))
    .rejects.toThrow("NoCode");
});

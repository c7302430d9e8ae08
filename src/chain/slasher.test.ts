import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Address, type Hex, keccak256, parseEther, toBytes, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  claimOf,
  encodeMessage,
  evidenceOf,
  type Network,
  sealAll,
  statementHash,
} from "../protocol/index.ts";
import { znodeRegistrarAbi } from "./abi/znodeRegistrar.ts";
import { type Anvil, anvilAccount, startAnvil } from "./anvil.ts";
import { connectChain, type Sender } from "./clients.ts";
import { deployCore, type Deployment } from "./deploy.ts";
import { registerZNode } from "./registrars.ts";
import {
  codehashOf,
  gasLimitOf,
  listVerifier,
  reportEquivocation,
  reporterCredit,
  reportInvalidProof,
  slasherStatus,
  withdrawReward,
} from "./slasher.ts";

let anvil: Anvil, owner: Sender, reporter: Sender, core: Deployment, slasher: Address;
let znodeId: bigint, refuser: Address, network: Network;
const prover = privateKeyToAccount(keccak256(toBytes("prover")));
const enode = anvilAccount(7).address;
const programId = keccak256(toBytes("program"));
const taskId = keccak256(toBytes("task"));

beforeAll(async () => {
  anvil = await startAnvil();
  const chain = await connectChain(anvil.url, { retries: 0 });
  owner = chain.sender(anvilAccount(0));
  reporter = chain.sender(anvilAccount(1));
  core = await deployCore(owner, { penalty: parseEther("0.5") });
  slasher = core.slasher as Address;
  network = { chainId: core.chainId, router: core.router };
  const znode = { did: "did:key:one", operators: [prover.address], amount: parseEther("2") };
  ({ znodeId } = await registerZNode(owner, core.znodeRegistrar, znode));
  // A verifier that answers zero: init code that returns `600060005260206000f3`.
  const hash = await owner.wallet.sendTransaction({
    data: "0x69600060005260206000f3600052600a6016f3",
  });
  const receipt = await owner.reader.waitForTransactionReceipt({ hash });
  refuser = receipt.contractAddress as Address;
});
afterAll(() => anvil.stop());

const stakeNow = () =>
  owner.reader.readContract({
    address: core.znodeRegistrar,
    abi: znodeRegistrarAbi,
    functionName: "stakeOf",
    args: [znodeId],
  });

/** A receipt in a real frame, with what a report needs of it. */
async function receipt(epoch: bigint, text: string) {
  const publicValues = toBytes(text);
  const body = {
    taskId,
    epoch,
    receipt: {
      vmType: "halo2" as const,
      programId,
      imageId: keccak256(toBytes("image")),
      bindingKind: "data" as const,
      publicValues,
      proof: toBytes("proof"),
    },
  };
  const frame = await sealAll(network, prover, enode, [
    encodeMessage("receipt", body, prover.address),
  ]);
  const statement = claimOf(body, prover.address);
  const evidence = evidenceOf(frame, statementHash("ReceiptClaim", statement));
  return { statement, evidence, publicValues: toHex(publicValues), proof: toHex("proof") };
}

async function acceptance(epoch: bigint, verifier: Address) {
  const statement = { taskId, epoch, prover: prover.address, verifier };
  const frame = await sealAll(network, prover, enode, [
    encodeMessage("accept", { taskId, epoch, verifier }, prover.address),
  ]);
  return { statement, evidence: evidenceOf(frame, statementHash("Acceptance", statement)) };
}

test("is deployed with its role", async () => {
  expect(await slasherStatus(owner.reader, slasher)).toEqual({
    router: core.router,
    registrar: core.znodeRegistrar,
    admin: owner.wallet.account.address,
    penalty: parseEther("0.5"),
    reporterBps: 2000n,
    active: true,
  });
});

test("two receipts of different results cost stake and pay the reporter", async () => {
  const [a, b] = [await receipt(1n, "21"), await receipt(1n, "22")];
  await expect(reportEquivocation(reporter, slasher, { znodeId, a, b: a }))
    .rejects.toThrow("reporting the fault: SamePublicValues()");
  const { slashed } = await reportEquivocation(reporter, slasher, { znodeId, a, b });
  expect(slashed).toBe(parseEther("0.5"));
  expect(await stakeNow()).toBe(parseEther("1.5"));
  await expect(reportEquivocation(reporter, slasher, { znodeId, a, b }))
    .rejects.toThrow(`AlreadySlashed(${prover.address}, ${taskId}, 1)`);
  const account = reporter.wallet.account.address;
  expect(await reporterCredit(owner.reader, slasher, account)).toBe(parseEther("0.1"));
  expect((await withdrawReward(reporter, slasher)).amount).toBe(parseEther("0.1"));
  await expect(withdrawReward(reporter, slasher)).rejects.toThrow("NothingToWithdraw()");
});

test("a receipt that the accepted, listed verifier refuses costs stake", async () => {
  const [accepted, claim] = [await acceptance(2n, refuser), await receipt(2n, "23")];
  const { publicValues, proof } = claim;
  const fault = { znodeId, acceptance: accepted, claim, publicValues, proof };
  const pair = { codehash: await codehashOf(owner.reader, refuser), programId };
  await expect(reportInvalidProof(reporter, slasher, fault))
    .rejects.toThrow(`VerifierNotListed(${pair.codehash}, ${programId})`);
  await expect(listVerifier(reporter, slasher, { ...pair, gasLimit: 1n }))
    .rejects.toThrow("listing the verifier: NotAdmin()");
  await listVerifier(owner, slasher, { ...pair, gasLimit: 1_000_000n });
  expect(await gasLimitOf(owner.reader, slasher, pair)).toBe(1_000_000n);
  const other: Hex = toHex("other");
  await expect(reportInvalidProof(reporter, slasher, { ...fault, proof: other }))
    .rejects.toThrow("DifferentBytes()");
  const { slashed } = await reportInvalidProof(reporter, slasher, fault);
  expect(slashed).toBe(parseEther("0.5"));
  await expect(codehashOf(owner.reader, enode)).rejects.toThrow("is no contract");
});

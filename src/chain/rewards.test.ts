import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  type Address,
  createTestClient,
  type Hex,
  http,
  keccak256,
  parseEther,
  toBytes,
} from "viem";
import { taskIdOf } from "../protocol/index.ts";
import { type Anvil, anvilAccount, startAnvil } from "./anvil.ts";
import { connectChain, type Sender } from "./clients.ts";
import { deployCore, type Deployment } from "./deploy.ts";
import { addOperator, createProject } from "./registrars.ts";
import {
  deployRewardPool,
  deposit,
  depositOf,
  escrow,
  type EscrowItem,
  escrowOf,
  nativeRate,
  refund,
  rewardOf,
  rewardToken,
  withdrawDeposit,
  withdrawRewards,
} from "./rewards.ts";

let anvil: Anvil, owner: Sender, operator: Sender, core: Deployment, pool: Address;
let projectId: bigint, now: bigint;

beforeAll(async () => {
  anvil = await startAnvil();
  const chain = await connectChain(anvil.url, { retries: 0 });
  owner = chain.sender(anvilAccount(0));
  operator = chain.sender(anvilAccount(1));
  core = await deployCore(owner);
  pool = core.rewardPool as Address;
  const config = { uri: "ipfs://one", hash: keccak256(toBytes("config")) };
  ({ projectId } = await createProject(owner, core.projectRegistrar, config));
  await addOperator(owner, core.projectRegistrar, {
    projectId,
    operator: operator.wallet.account.address,
  });
  now = (await chain.reader.getBlock()).timestamp;
});
afterAll(() => anvil.stop());

function itemOf(nonce: bigint): EscrowItem & { taskId: Hex } {
  const word = keccak256(toBytes(`${nonce}`));
  const task = {
    chainId: core.chainId,
    router: core.router,
    projectId,
    version: "0.1",
    programId: word,
    messagesRoot: word,
    inputCommitment: word,
    nonce,
  };
  const terms = { maxFee: parseEther("0.1"), fee: 5n, gasRate: nativeRate, deadline: now + 3600n };
  return { ...terms, task, taskId: taskIdOf(task) };
}

test("holds the coins of a project until its owner takes them back", async () => {
  expect(await rewardToken(owner.reader, pool)).toBe("0x0000000000000000000000000000000000000000");
  const done = await deposit(operator, pool, { projectId, amount: parseEther("1") });
  expect(done.amount).toBe(parseEther("1"));
  await expect(withdrawDeposit(operator, pool, { projectId, amount: 1n }))
    .rejects.toThrow(`NotProjectOwner(${projectId}, ${operator.wallet.account.address})`);
  await withdrawDeposit(owner, pool, { projectId, amount: parseEther("0.5") });
  expect(await depositOf(owner.reader, pool, projectId)).toBe(parseEther("0.5"));
  await expect(deposit(owner, pool, { projectId: 999n, amount: 1n }))
    .rejects.toThrow("UnknownProject(999)");
});

test("sets fees aside for many tasks at once, and gives overdue ones back", async () => {
  const items = [itemOf(1n), itemOf(2n), itemOf(3n)];
  await expect(escrow(owner, pool, [{ ...itemOf(1n), fee: parseEther("1") }]))
    .rejects.toThrow("FeeAboveMaximum");
  await escrow(operator, pool, items);
  expect(await depositOf(owner.reader, pool, projectId)).toBe(parseEther("0.2"));
  const [first] = items as [EscrowItem & { taskId: Hex }];
  const { task: _, taskId, ...terms } = first;
  expect(await escrowOf(owner.reader, pool, taskId)).toEqual({ projectId, ...terms });
  await expect(escrow(operator, pool, [itemOf(4n), first]))
    .rejects.toThrow(`AlreadyEscrowed(${taskId})`);
  await expect(escrow(operator, pool, [itemOf(4n), itemOf(5n), itemOf(6n)]))
    .rejects.toThrow(`InsufficientDeposit(${projectId}, 0)`);
  expect(await escrowOf(owner.reader, pool, itemOf(4n).taskId)).toBeUndefined();

  await expect(refund(owner, pool, [taskId])).rejects.toThrow("NotOver");
  const clock = createTestClient({ mode: "anvil", transport: http(anvil.url) });
  await clock.increaseTime({ seconds: 3600 });
  await clock.mine({ blocks: 1 });
  await refund(owner, pool, items.map((item) => item.taskId));
  expect(await escrowOf(owner.reader, pool, taskId)).toBeUndefined();
  expect(await depositOf(owner.reader, pool, projectId)).toBe(parseEther("0.5"));
});

test("has nothing for who earned nothing, and pays only for its own router", async () => {
  expect(await rewardOf(owner.reader, pool, owner.wallet.account.address)).toBe(0n);
  await expect(withdrawRewards(owner, pool)).rejects.toThrow("NothingToWithdraw()");
  await expect(deployRewardPool(owner, core)).rejects.toThrow("RewardPoolAlreadySet()");
});

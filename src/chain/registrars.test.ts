import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createTestClient, type Hex, http, keccak256, parseEther, toBytes } from "viem";
import { type Anvil, anvilAccount, startAnvil } from "./anvil.ts";
import { projectRegistrarAbi } from "./abi/projectRegistrar.ts";
import { connectChain, type Sender } from "./clients.ts";
import { deployCore, type Deployment } from "./deploy.ts";
import {
  addOperator,
  addZNodeOperator,
  canOperate,
  createProject,
  createZNode,
  getRoute,
  isEligible,
  registerZNode,
  removeOperator,
  removeRoute,
  setProjectPaused,
  setRoute,
  stake,
  unstake,
  updateProject,
  withdraw,
  znodeOf,
} from "./registrars.ts";

let anvil: Anvil, owner: Sender, stranger: Sender, core: Deployment;
const operator = anvilAccount(5).address;
const prover = anvilAccount(6).address;
const hash = keccak256(toBytes("config"));
const programId = keccak256(toBytes("program"));

beforeAll(async () => {
  anvil = await startAnvil();
  const chain = await connectChain(anvil.url);
  owner = chain.sender(anvilAccount(0));
  stranger = chain.sender(anvilAccount(1));
  core = await deployCore(owner, { unstakeDelay: 3600n });
});
afterAll(() => anvil.stop());

const project = async (projectId: bigint) => {
  const [uri, hash, paused] = await owner.reader.readContract({
    address: core.projectRegistrar,
    abi: projectRegistrarAbi,
    functionName: "projects",
    args: [projectId],
  });
  return { uri, hash, paused };
};
const newProject = (sender = owner) =>
  createProject(sender, core.projectRegistrar, { uri: "ipfs://one", hash });

describe("projects", () => {
  test("are numbered by the chain", async () => {
    const [first, second] = [await newProject(), await newProject(stranger)];
    expect(second.projectId).toBe(first.projectId + 1n);
    expect(await project(first.projectId)).toEqual({ uri: "ipfs://one", hash, paused: false });
    const receipt = await owner.reader.getTransactionReceipt({ hash: first.transaction });
    expect(receipt.blockNumber).toBe(first.block);
  });

  test("are updated and paused by those who may", async () => {
    const { projectId } = await newProject();
    const registrar = core.projectRegistrar;
    await updateProject(owner, registrar, { projectId, uri: "ipfs://two", hash: programId });
    await setProjectPaused(owner, registrar, { projectId, paused: true });
    const expected = { uri: "ipfs://two", hash: programId, paused: true };
    expect(await project(projectId)).toEqual(expected);
    await expect(setProjectPaused(owner, registrar, { projectId, paused: true }))
      .rejects.toThrow(`pausing project ${projectId}: Project is already paused`);
    await expect(updateProject(stranger, registrar, { projectId, uri: "x", hash }))
      .rejects.toThrow("Not authorized to operate this project");
    await setProjectPaused(owner, registrar, { projectId, paused: false });
    expect(await project(projectId)).toEqual({ ...expected, paused: false });
  });

  test("have operators that come and go", async () => {
    const { projectId } = await newProject();
    const registrar = core.projectRegistrar;
    const may = () => canOperate(owner.reader, registrar, { projectId, operator });
    expect(await may()).toBe(false);
    await addOperator(owner, registrar, { projectId, operator });
    expect(await may()).toBe(true);
    await expect(removeOperator(stranger, registrar, { projectId, operator }))
      .rejects.toThrow("Only the owner can perform this action");
    await removeOperator(owner, registrar, { projectId, operator });
    expect(await may()).toBe(false);
    expect(await canOperate(owner.reader, registrar, { projectId: 999n, operator })).toBe(false);
  });

  test("have routes that only the owner sets", async () => {
    const { projectId } = await newProject();
    const key = { projectId, programId };
    expect(await getRoute(owner.reader, core.router, key)).toBeUndefined();
    const route = {
      verifier: core.projectRegistrar,
      receiver: core.znodeRegistrar,
      allowUnbound: true,
    };
    await setRoute(owner, core.router, { ...key, ...route });
    expect(await getRoute(owner.reader, core.router, key)).toEqual(route);
    await expect(setRoute(stranger, core.router, { ...key, ...route }))
      .rejects.toThrow(`NotProjectOwner(${projectId}, ${stranger.wallet.account.address})`);
    await expect(setRoute(owner, core.router, { ...key, ...route, receiver: operator }))
      .rejects.toThrow(`NoCode(${operator})`);
    await removeRoute(owner, core.router, key);
    expect(await getRoute(owner.reader, core.router, key)).toBeUndefined();
  });

  test("are refused with the contract's own words", async () => {
    const error = await createProject(owner, core.projectRegistrar, { uri: "", hash })
      .catch((e) => e);
    expect(error.message).toBe("creating the project: Empty uri value");
    expect(error.data as Hex).toStartWith("0x08c379a0");
  });

  test("are not made at an address without the contract", async () => {
    await expect(createProject(owner, operator, { uri: "x", hash }))
      .rejects.toThrow("emitted no ProjectUpserted: not our contract?");
  });
});

describe("znodes", () => {
  test("are registered with operator and stake in one call", async () => {
    const registrar = core.znodeRegistrar;
    expect(await isEligible(owner.reader, registrar, prover)).toBe(false);
    const znode = { did: "did:key:one", operators: [prover], amount: parseEther("1") };
    const { znodeId, transactions } = await registerZNode(owner, registrar, znode);
    expect(transactions).toHaveLength(3);
    expect(await znodeOf(owner.reader, registrar, prover)).toBe(znodeId);
    expect(await isEligible(owner.reader, registrar, prover)).toBe(true);
    expect(await isEligible(owner.reader, registrar, owner.wallet.account.address)).toBe(false);
    await expect(registerZNode(stranger, registrar, znode))
      .rejects.toThrow("The DID value has already been registered");
  });

  test("give the stake back after the delay", async () => {
    const registrar = core.znodeRegistrar;
    const { znodeId } = await createZNode(owner, registrar, { did: "did:key:two" });
    expect((await stake(owner, registrar, { znodeId, amount: 5n })).active).toBe(5n);
    expect((await stake(stranger, registrar, { znodeId, amount: 2n })).active).toBe(7n);
    const unstaking = await unstake(owner, registrar, { znodeId, amount: 6n });
    expect(unstaking.active).toBe(1n);
    const { timestamp } = await owner.reader.getBlock({ blockNumber: unstaking.block });
    expect(unstaking.releaseAt).toBe(timestamp + 3600n);
    await expect(withdraw(owner, registrar, { znodeId }))
      .rejects.toThrow(`StakeLocked(${unstaking.releaseAt})`);
    const clock = createTestClient({ mode: "anvil", transport: http(anvil.url) });
    await clock.increaseTime({ seconds: 3600 });
    await clock.mine({ blocks: 1 });
    expect((await withdraw(owner, registrar, { znodeId })).amount).toBe(6n);
    await expect(withdraw(stranger, registrar, { znodeId })).rejects.toThrow("NotZNodeOwner");
  });

  test("do not get an operator that proves for another", async () => {
    const registrar = core.znodeRegistrar;
    const [mine, theirs] = ["did:key:mine", "did:key:theirs"];
    await createZNode(owner, registrar, { did: mine });
    await createZNode(stranger, registrar, { did: theirs });
    const first = await addZNodeOperator(owner, registrar, { did: mine, operator });
    expect(first.bound).toBe(true);
    const second = await addZNodeOperator(stranger, registrar, { did: theirs, operator });
    expect(second.bound).toBe(false);
  });
});

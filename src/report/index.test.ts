/** Faults of a real store, reported to a real slasher. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { type Address, keccak256, parseEther, toBytes, toHex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { slasherAbi } from "../chain/abi/slasher.ts";
import { type Anvil, anvilAccount, startAnvil } from "../chain/anvil.ts";
import { connectChain, createChains, type Sender } from "../chain/clients.ts";
import { deployCore, type Deployment } from "../chain/deploy.ts";
import { registerZNode } from "../chain/registrars.ts";
import { codehashOf, listVerifier, reportFault } from "../chain/slasher.ts";
import { silent, useDatabase } from "../da/testing/databases.ts";
import { until } from "../dispatch/testing/bench.ts";
import { createMetrics } from "../metrics.ts";
import { ethereumOutputs, outputChain } from "../output/index.ts";
import { down, startProxy } from "../output/testing/proxy.ts";
import { hasty } from "../output/testing/world.ts";
import {
  claimOf,
  encodeMessage,
  evidenceOf,
  type Fault,
  type Network,
  sealAll,
  statementHash,
} from "../protocol/index.ts";
import { slasherView, startReports } from "./index.ts";

const subject = useDatabase("pglite");
const operator = anvilAccount(2);
const word = (text: string) => keccak256(toBytes(text));
const [taskId, programId] = [word("task"), word("program")];
const penalty = parseEther("0.5");
let anvil: Anvil, owner: Sender, core: Deployment, slasher: Address, network: Network;
let refuser: Address;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  anvil = await startAnvil();
  owner = (await connectChain(anvil.url, { retries: 0 })).sender(anvilAccount(0));
  core = await deployCore(owner, { penalty });
  slasher = core.slasher as Address;
  network = { chainId: core.chainId, router: core.router };
  // A verifier that answers zero: init code that returns `600060005260206000f3`.
  const hash = await owner.wallet.sendTransaction({
    data: "0x69600060005260206000f3600052600a6016f3",
  });
  const receipt = await owner.reader.waitForTransactionReceipt({ hash });
  refuser = receipt.contractAddress as Address;
}, 60_000);
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(() => anvil.stop());

/** A staked znode. */
async function znode() {
  const signer = privateKeyToAccount(generatePrivateKey());
  const did = `did:key:${signer.address}`;
  const registered = { did, operators: [signer.address], amount: parseEther("2") };
  const { znodeId } = await registerZNode(owner, core.znodeRegistrar, registered);
  return { signer, znodeId };
}
type ZNode = Awaited<ReturnType<typeof znode>>;

async function claim({ signer }: ZNode, epoch: bigint, text: string) {
  const receipt = {
    ...{ vmType: "halo2" as const, programId, imageId: word("image") },
    ...{ bindingKind: "data" as const, publicValues: toBytes(text), proof: toBytes("proof") },
  };
  const body = { taskId, epoch, receipt };
  const frame = await sealAll(network, signer, operator.address, [
    encodeMessage("receipt", body, signer.address),
  ]);
  const statement = claimOf(body, signer.address);
  return { statement, evidence: evidenceOf(frame, statementHash("ReceiptClaim", statement)) };
}

async function equivocation(z: ZNode, epoch = 1n): Promise<Fault> {
  const claims = [await claim(z, epoch, "21"), await claim(z, epoch, "22")] as const;
  return { kind: "equivocation", ...network, claims: [...claims] };
}

async function invalidProof(z: ZNode, epoch = 1n): Promise<Fault> {
  const { address: prover } = z.signer;
  const body = { taskId, epoch, verifier: refuser };
  const frame = await sealAll(network, z.signer, operator.address, [
    encodeMessage("accept", body, prover),
  ]);
  const statement = { ...body, prover };
  const evidence = evidenceOf(frame, statementHash("Acceptance", statement));
  return {
    ...{ kind: "invalid-proof", ...network, acceptance: { statement, evidence } },
    ...{ claim: await claim(z, epoch, "21"), publicValues: toHex("21"), proof: toHex("proof") },
  };
}

/** An enode's stage; `stop` is as its end. */
function start(options: { url?: string; maxFeePerDay?: bigint } = {}) {
  const { url = anvil.url, maxFeePerDay = parseEther("1") } = options;
  const metrics = createMetrics();
  const own = ethereumOutputs({
    journal: subject.da.journal,
    chains: [outputChain(network.chainId, url)],
    routers: new Map([[network.chainId, network.router]]),
    keys: { operator, gas: undefined },
    policy: {
      ...{ canOperate: () => true, isOwn: () => Promise.resolve(true), allow: [], protected: [] },
    } as never,
    settings: () => ({ ...hasty, maxFeePerDay }),
    log: silent,
  });
  const chains = createChains({ CHAIN_ENDPOINT: url, CHAIN_ENDPOINTS: new Map() }, {
    ...{ retries: 0, timeoutMs: 2_000 },
  });
  const contracts = { znodeRegistrar: core.znodeRegistrar, startBlock: 0n };
  const stopStage = startReports({
    store: subject.da.reports,
    slasher: slasherView(chains, network, contracts),
    send: (call, signal) => own.call(network.chainId, call, signal),
    log: silent,
    metrics,
    idleMs: 20,
    retryMs: 20,
  });
  let stopped: Promise<void> | undefined;
  const stop = () => stopped ??= stopStage().then(() => own.close());
  stops.push(stop);
  const count = async (result: string) =>
    (await metrics.reports.get()).values.find((v) => v.labels.result === result)?.value ?? 0;
  return { stop, count };
}

/** Reports that took something of a znode, in wei. */
async function takenFrom({ znodeId }: ZNode): Promise<bigint[]> {
  const events = await owner.reader.getContractEvents({
    ...{ address: slasher, abi: slasherAbi, eventName: "FaultProven", strict: true },
    ...{ args: { znodeId }, fromBlock: 0n },
  });
  return events.map(({ args }) => args.slashed);
}

const sent = () => owner.reader.getTransactionCount({ address: operator.address });
const rpc = (method: string, ...params: unknown[]) =>
  owner.reader.request({ method, params } as never);
const listed = async (gasLimit: bigint) => {
  const codehash = await codehashOf(owner.reader, refuser);
  await listVerifier(owner, slasher, { codehash, programId, gasLimit });
};
const nothingDue = async () => await subject.da.reports.due(1) === undefined;

test("each fault is reported once, by several enodes of a database too", async () => {
  const [a, b] = [await znode(), await znode()];
  await listed(1_000_000n);
  const { evidence } = subject.da;
  await evidence.add(await equivocation(a, 1n));
  await evidence.add(await equivocation(a, 2n));
  await evidence.add(await invalidProof(b));
  const enodes = [start(), start()];
  await until(async () => (await takenFrom(a)).length === 2 && (await takenFrom(b)).length === 1);
  const counts = async (result: string) =>
    (await Promise.all(enodes.map(({ count }) => count(result)))).reduce((sum, n) => sum + n);
  await until(async () => await counts("slashed") === 3);
  expect([await takenFrom(a), await takenFrom(b)]).toEqual([[penalty, penalty], [penalty]]);
  expect(await nothingDue()).toBe(true);
  expect(await counts("settled")).toBe(0);
  await listed(0n);
}, 60_000);

test("what the slasher refuses for good is asked about once, and not sent", async () => {
  const z = await znode();
  const fault = await equivocation(z);
  await reportFault(owner, slasher, { znodeId: z.znodeId, fault });
  await subject.da.evidence.add(fault);
  const other = { ...await equivocation(z, 2n), chainId: 1n } as Fault;
  await subject.da.evidence.add(other);
  const before = await sent();
  const { count } = start();
  await until(async () => await count("settled") === 2);
  expect(await nothingDue()).toBe(true);
  expect(await sent()).toBe(before);
}, 60_000);

test("what it does not take yet waits, and is reported when it does", async () => {
  const z = await znode();
  await subject.da.evidence.add(await invalidProof(z));
  const before = await sent();
  const { count } = start();
  await until(async () => await count("waiting") > 1);
  expect(await sent()).toBe(before);
  await listed(1_000_000n);
  await until(async () => (await takenFrom(z)).length === 1);
  await listed(0n);
}, 60_000);

test("costs no more gas than the operator allows a day", async () => {
  const z = await znode();
  await subject.da.evidence.add(await equivocation(z));
  const before = await sent();
  const poor = start({ maxFeePerDay: 1n });
  await until(async () => await poor.count("waiting") > 1);
  expect(await sent()).toBe(before);
  await poor.stop();
  start();
  await until(async () => (await takenFrom(z)).length === 1);
}, 60_000);

test("waits for a chain that is away", async () => {
  const z = await znode();
  await subject.da.evidence.add(await equivocation(z));
  const proxy = startProxy(anvil.url);
  try {
    proxy.fault = down;
    const { count } = start({ url: proxy.url });
    await until(async () => await count("waiting") > 1);
    proxy.fault = undefined;
    await until(async () => (await takenFrom(z)).length === 1);
  } finally {
    await proxy.stop();
  }
}, 60_000);

test("a report that a restart cuts off goes on, and is not made twice", async () => {
  const z = await znode();
  await subject.da.evidence.add(await equivocation(z));
  const before = await sent();
  await rpc("evm_setAutomine", false);
  try {
    const first = start();
    const pending = () =>
      owner.reader.getTransactionCount({ address: operator.address, blockTag: "pending" });
    await until(async () => await pending() === before + 1);
    await first.stop();
    // As when the process that had it is gone.
    const [fault] = await subject.da.evidence.list({ limit: 1 });
    await subject.da.reports.hold(fault?.id as bigint, 0);
    const second = start();
    await until(async () => (await subject.da.reports.due(0)) === undefined);
    await rpc("evm_setAutomine", true);
    await rpc("anvil_mine");
    await until(async () => await second.count("slashed") + await second.count("settled") === 1);
  } finally {
    await rpc("evm_setAutomine", true);
  }
  expect(await takenFrom(z)).toEqual([penalty]);
  expect(await sent()).toBe(before + 1);
}, 60_000);

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import {
  type Address,
  bytesToHex,
  createPublicClient,
  createTestClient,
  createWalletClient,
  decodeAbiParameters,
  http,
  keccak256,
  parseAbiParameters,
  type PublicClient,
} from "viem";
import { type Anvil, anvilAccount, startAnvil } from "../../chain/anvil.ts";
import type { EthereumOutput } from "../../project/types.ts";
import { testContracts } from "../testing/contracts.ts";
import { contextOf, counted } from "../testing/jobs.ts";
import { memoryJournal } from "../testing/journal.ts";
import { refusal, startProxy } from "../testing/proxy.ts";
import { prover, routed, startRouted } from "../testing/routed.ts";
import { freshAccount, hasty, quiet } from "../testing/world.ts";
import { ethereumOutputs } from "./index.ts";
import type { OutputChain } from "./policy.ts";

setDefaultTimeout(300_000);

const away = 31338n;
const operator = counted(anvilAccount(7));
const { abi, bytecode } = testContracts().Mirror;
let net: Awaited<ReturnType<typeof startRouted>>;
let anvil: Anvil;
let client: PublicClient;
let mirror: Address;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  [net, anvil] = await Promise.all([startRouted(), startAnvil({ chainId: Number(away) })]);
  const transport = http(anvil.url, { retryCount: 0 });
  client = createPublicClient({ transport, cacheTime: 0 });
  const wallet = createWalletClient({ account: anvilAccount(0), transport });
  const args = [operator.address];
  const hash = await wallet.deployContract({ abi, bytecode, args, chain: null });
  const receipt = await client.waitForTransactionReceipt({ hash, pollingInterval: 20 });
  mirror = receipt.contractAddress as Address;
});
afterAll(async () => {
  await Promise.all(closers.map((close) => close()));
  await Promise.all([net?.stop(), anvil?.stop()]);
});

function enode(
  options: {
    readonly confirmations?: number;
    readonly homeless?: true;
    readonly own?: false;
    readonly home?: PublicClient;
  } = {},
) {
  const homeClient = options.home ?? net.world.client;
  const home = { chainId: 31337n, client: homeClient, endpoint: net.world.url };
  const other: OutputChain = { chainId: away, client, endpoint: anvil.url };
  const outputs = ethereumOutputs({
    journal: memoryJournal(),
    chains: options.homeless ? [other] : [home, other],
    routers: new Map([[31337n, net.contracts.router]]),
    keys: { operator, gas: undefined },
    policy: {
      canOperate: () => Promise.resolve(true),
      isOwn: () => Promise.resolve(options.own ?? true),
      allow: [],
      protected: [],
    },
    settings: () => ({ ...hasty, confirmations: options.confirmations ?? 1 }),
    log: quiet,
  });
  closers.push(async () => await outputs.close?.());
  return outputs;
}

const light = (contractMethod = "mirror"): EthereumOutput => ({
  ...{ type: "ethereumContract", mode: "direct", chainEndpoint: "", chainId: away },
  ...{ contractAddress: mirror, contractMethod, contractAbi: abi, light: true },
});
const count = () =>
  client.readContract({ address: mirror, abi, functionName: "count" }) as Promise<bigint>;

test("a contract on another chain is told once the home chain's router has the task", async () => {
  const node = enode({ confirmations: 2 });
  const job = { ...await net.job(), config: light() };
  const run = () =>
    node.run({ ...job, output: 1 }, light(), contextOf())
      .catch((error: { state: string; message: string }) => `${error.state}: ${error.message}`);
  const early = "early: it is told without its proof only once the router took it";
  expect(await run()).toBe(early);
  const znode = net.znode(await freshAccount(net.world));
  const { reference } = await znode.run(job, routed, contextOf());
  expect(await run(), "not deep enough").toBe(early);
  expect(await count()).toBe(0n);
  await net.world.control.mine({ blocks: 1 });
  const ending = run();
  const control = createTestClient({ mode: "anvil", transport: http(anvil.url) });
  while (await count() === 0n) await new Promise((resolve) => setTimeout(resolve, 20));
  await control.mine({ blocks: 1 });
  const outcome = await ending;
  expect(outcome).toMatchObject({ state: "confirmed" });
  expect(await run()).toEqual(outcome);
  expect(await count()).toBe(1n);
  const last = await client.readContract({ address: mirror, abi, functionName: "last" });
  const types = parseAbiParameters("bytes32, bytes32, address, bytes, bytes32, uint256, bytes32");
  const { receipt } = job;
  expect(decodeAbiParameters(types, last as `0x${string}`)).toEqual([
    job.taskId,
    job.task.programId,
    prover.address,
    bytesToHex(receipt.publicValues),
    keccak256(receipt.proof),
    31337n,
    reference as `0x${string}`,
  ]);
});

test("a home chain whose RPC has no states of the past tells by its events, as IoTeX's", async () => {
  const proxy = startProxy(net.world.url);
  proxy.fault = (method, [, block]) =>
    method === "eth_call" && `${block}`.startsWith("0x")
      ? refusal("archive-mode not supported", -32603)
      : undefined;
  const job = { ...await net.job(), config: light() };
  const run = () =>
    enode({ confirmations: 2, home: proxy.client }).run({ ...job, output: 1 }, light(), contextOf())
      .catch((error: { message: string }) => error.message);
  await net.znode(await freshAccount(net.world)).run(job, routed, contextOf());
  expect(await run()).toContain("only once the router took it");
  const before = await count();
  const options = { client: proxy.client, settings: { confirmations: 2 } };
  const late = net.znode(await freshAccount(net.world), options).run(job, routed, contextOf());
  await net.world.control.mine({ blocks: 1 });
  const ending = run();
  const control = createTestClient({ mode: "anvil", transport: http(anvil.url) });
  while (await count() === before) await new Promise((resolve) => setTimeout(resolve, 20));
  await control.mine({ blocks: 1 });
  expect(await ending).toMatchObject({ state: "confirmed" });
  expect(await late).toMatchObject({ state: "confirmed" });
  await proxy.stop();
});

test("what it must not send, or can't know, it does not sign", async () => {
  const job = await net.job();
  await net.znode(await freshAccount(net.world)).run(job, routed, contextOf());
  const before = operator.signed;
  const refusal = async (
    options: Parameters<typeof enode>[0],
    config = light(),
    change: Partial<typeof job> = {},
  ) => {
    const error = await enode(options).run({ ...job, output: 1, ...change }, config, contextOf())
      .then(() => ({ state: "", message: "it was sent" }), (e) => e as never);
    const { state, message } = error as { state: string; message: string };
    return `${state}: ${message}`;
  };
  expect(await refusal({ own: false })).toContain("dead: this node's keys don't sign this call");
  expect(await refusal({}, light("greedy"))).toBe("dead: miss param proof for contract abi");
  expect(await refusal({ homeless: true })).toBe(
    "dead: this node has no router on chain 31337 to ask",
  );
  const other = { ...job.receipt, publicValues: new Uint8Array([9]) };
  expect(await refusal({}, light(), { receipt: other }))
    .toBe(`dead: the router took another receipt, of ${prover.address}`);
  expect(operator.signed).toBe(before);
});

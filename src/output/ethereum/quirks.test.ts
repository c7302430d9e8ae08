/** RPCs that answer as some chains' do, and not as geth does. */
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import type { Hex, LocalAccount } from "viem";
import { OutputError } from "../output.ts";
import { memoryJournal } from "../testing/journal.ts";
import { answer, type Fault, refusal, startProxy } from "../testing/proxy.ts";
import { freshAccount, senderOf, startWorld, until, type World } from "../testing/world.ts";
import { costOf, parseSaved } from "./entry.ts";
import { outputChain } from "./policy.ts";
import type { Sender } from "./sender.ts";
import type { ChainSettings } from "./settings.ts";

setDefaultTimeout(300_000);

let world: World;
let proxy: ReturnType<typeof startProxy>;
let account: LocalAccount;
let journal: ReturnType<typeof memoryJournal>;
let sender: Sender;
const never = new AbortController().signal;

/** A chain that mines only when told. */
beforeAll(async () => {
  world = await startWorld();
  await world.control.setAutomine(false);
  proxy = startProxy(world.url);
});
afterAll(async () => {
  await proxy?.stop();
  await world?.stop();
});
beforeEach(async () => {
  proxy.fault = undefined;
  account = await freshAccount(world);
  journal = memoryJournal();
});
afterEach(() => sender?.stop());

let id = 0n;
function follow(settings: Partial<ChainSettings> = {}) {
  sender = senderOf(proxy, account, journal, settings);
  const told: { hash: Hex; comment: string }[] = [];
  const request = {
    ...{ key: `task-${++id}/0`, projectId: id, to: world.target, data: world.take(id) },
  };
  const landed = sender.send(request, (hash, comment) => told.push({ hash, comment }), never);
  landed.catch(() => "seen by the test");
  return { told, landed };
}
const saved = () => parseSaved(journal.entries.get(`task-${id}/0`)?.request ?? "");
const mine = () => world.control.mine({ blocks: 1 });
const ask = (method: string, params: readonly unknown[]) =>
  world.client.request({ method, params } as never) as Promise<Record<string, unknown> | null>;

/**
 * IoTeX's: a nonce counts what waits in the pool, of whatever block it is asked, blocks have no
 * base fee, and receipts don't say what was paid for the gas.
 * @param hidesPool as the older ones, which show no transaction before its block
 */
const iotex = (hidesPool: boolean): Fault => async (method, params) => {
  if (method === "eth_getTransactionCount") {
    return answer(await ask(method, [params[0], "pending"]));
  }
  const result = async () => await ask(method, params);
  if (method === "eth_getTransactionByHash" && hidesPool) {
    const tx = await result();
    return answer(tx?.blockNumber ? tx : null);
  }
  if (method === "eth_getBlockByNumber") {
    return answer({ ...await result(), baseFeePerGas: undefined });
  }
  if (method !== "eth_getTransactionReceipt") return undefined;
  const receipt = await result();
  return answer(receipt && { ...receipt, effectiveGasPrice: undefined, type: undefined });
};

test.each([[true], [false]])(
  "IoTeX's counts the pool in the nonce (hiding it: %p): what is stuck there is raised, and lands",
  async (hidesPool) => {
    proxy.fault = iotex(hidesPool);
    // Blocks are rare, and what waits for them is not lost.
    const { told, landed } = follow({ bumpAfterMs: 300, lostMs: 400 });
    await until(() => told.length > 2, "its fee was raised");
    expect(told[1]?.comment).toBe("its fee was raised");
    await mine();
    const { hash } = await landed;
    expect((await world.client.getTransaction({ hash })).type).toBe("legacy");
    expect(await world.seen(id)).toBe(1n);
    expect(await world.client.getTransactionCount({ address: account.address })).toBe(1);
  },
);

test("a receipt without the price of its gas ends the job; what was offered is counted", async () => {
  proxy.fault = iotex(false);
  const { told, landed } = follow();
  await until(() => told.length > 0, "it is sent");
  const most = costOf(saved());
  await mine();
  await landed;
  const spent = await journal.spent(id, new Date().toISOString().slice(0, 10));
  expect(spent).toBeGreaterThan(0n);
  expect(spent).toBeLessThanOrEqual(most);
});

test("a pool that hides what it has, and knows it when it is sent again, does not stop the fee", async () => {
  proxy.fault = async (method, params) => {
    if (method !== "eth_getTransactionByHash") return undefined;
    const tx = await ask(method, params);
    return answer(tx?.blockNumber ? tx : null);
  };
  const { told, landed } = follow({ bumpAfterMs: 200 });
  await until(() => told.length > 1, "its fee was raised");
  await mine();
  await landed;
  expect(await world.seen(id)).toBe(1n);
});

test("a service that wants to be left alone for an hour is asked again soon", async () => {
  let refusals = 0;
  proxy.fault = () => {
    if (++refusals > 3) return undefined;
    return new Response("Too Many Requests", { status: 429, headers: { "retry-after": "3600" } });
  };
  const { client } = outputChain(31337n, proxy.url);
  sender = senderOf({ client }, account, journal);
  const looking = sender.patiently(() => client.getBlockNumber({ cacheTime: 0 }), never);
  expect(await looking).toBe(await world.client.getBlockNumber());
});

test("a chain without eth_maxPriorityFeePerGas and eth_feeHistory is sent to all the same", async () => {
  proxy.fault = (method) =>
    /^eth_(maxPriorityFeePerGas|feeHistory)$/.test(method)
      ? refusal(`the method ${method} does not exist/is not available`, -32601)
      : undefined;
  const { told, landed } = follow();
  await until(() => told.length > 0, "it is sent");
  await mine();
  expect((await world.client.getTransaction({ hash: (await landed).hash })).type).toBe("eip1559");
});

test("a full pool, or one that wants the nonces in order, is tried again and again", async () => {
  let refusals = 0;
  const words = ["txpool is full", "nonce too high", "NonceGap, Future nonce", "txpool is full"];
  proxy.fault = (method) => {
    if (method !== "eth_sendRawTransaction" || refusals >= 8) return undefined;
    return refusal(words[refusals++ % words.length] as string);
  };
  const { landed } = follow();
  await until(() => refusals === 8, "it was refused");
  const mined = until(async () => (await mine(), await world.seen(id) === 1n), "it is mined");
  await Promise.all([landed, mined]);
});

test("a nonce used by what the RPC can't show ends the job, saying so", async () => {
  let blind = false;
  proxy.fault = (method, [, block]) =>
    blind && method === "eth_getTransactionCount" && `${block}`.startsWith("0x")
      ? refusal("missing trie node")
      : undefined;
  const { told, landed } = follow({ lostMs: 200 });
  await until(() => told.length > 0, "it is sent");
  blind = true;
  const serializedTransaction = await account.signTransaction({
    ...{ type: "eip1559", chainId: 31337, nonce: 0, to: account.address, gas: 21_000n },
    ...{ maxFeePerGas: 10n ** 12n, maxPriorityFeePerGas: 10n ** 11n },
  });
  await world.client.sendRawTransaction({ serializedTransaction });
  await mine();
  const error = await landed.then(() => undefined, (e: unknown) => e);
  expect(error).toBeInstanceOf(OutputError);
  expect((error as OutputError).state).toBe("dead");
  expect((error as OutputError).message).toContain("look whether the call was made");
  expect(await world.seen(id)).toBe(0n);
});

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  type Address,
  createTestClient,
  createWalletClient,
  encodeFunctionData,
  http,
  parseEther,
} from "viem";
import pino from "pino";
import { type Anvil, anvilAccount, startAnvil } from "./anvil.ts";
import { znodeRegistrarAbi as abi } from "./abi/znodeRegistrar.ts";
import { type ChainClient, connectChain, type Sender } from "./clients.ts";
import { deployCore, type Deployment } from "./deploy.ts";
import { addZNodeOperator, registerZNode, stake, unstake } from "./registrars.ts";
import { StakeWatcher } from "./stake_watcher.ts";
import { stakesAt } from "./stakes.ts";
import { transact } from "./transact.ts";

const log = pino({ level: "silent" });
const ether = parseEther("1");
const provers = [5, 6, 7, 8].map((n) => anvilAccount(n).address);
const [a, b, c, second] = provers as [Address, Address, Address, Address];
let anvil: Anvil, chain: ChainClient, owner: Sender, core: Deployment, registrar: Address;

beforeAll(async () => {
  anvil = await startAnvil();
  chain = await connectChain(anvil.url);
  owner = chain.sender(anvilAccount(0));
  core = await deployCore(owner, { minStake: 2n * ether, unstakeDelay: 60n });
  registrar = core.znodeRegistrar;
});
afterAll(() => anvil.stop());

const call = (functionName: "pauseZNode" | "unpauseZNode", did: string) =>
  transact(owner, {
    to: registrar,
    data: encodeFunctionData({ abi, functionName, args: [did] }),
    what: functionName,
  });
const remove = (did: string, operator: Address) =>
  transact(owner, {
    to: registrar,
    data: encodeFunctionData({ abi, functionName: "removeOperator", args: [did, operator] }),
    what: "removeOperator",
  });

/** As the slasher may. */
async function slash(znodeId: bigint, amount: bigint) {
  const slasher = await chain.reader.readContract({
    ...{ address: registrar, abi, functionName: "slasher" },
  });
  const transport = http(anvil.url);
  const test = createTestClient({ mode: "anvil", transport });
  await test.impersonateAccount({ address: slasher });
  await test.setBalance({ address: slasher, value: ether });
  const { chain: on } = owner.wallet;
  const hash = await createWalletClient({ account: slasher, chain: on, transport }).writeContract({
    ...{ address: registrar, abi, functionName: "slash", args: [znodeId, amount] },
  });
  const { status } = await chain.reader.waitForTransactionReceipt({ hash });
  expect(status).toBe("success");
}

/** What the contract itself says at a block. */
async function told(block: bigint) {
  const list = [];
  for (const prover of provers) {
    const at = { address: registrar, abi, blockNumber: block } as const;
    const read = chain.reader;
    if (!await read.readContract({ ...at, functionName: "isEligible", args: [prover] })) continue;
    const znode = await read.readContract({ ...at, functionName: "znodeOf", args: [prover] });
    const stake = await read.readContract({ ...at, functionName: "stakeOf", args: [znode] });
    list.push({ prover, stake });
  }
  return list;
}
const byProver = (list: readonly { prover: Address; stake: bigint }[]) =>
  [...list].sort((x, y) => x.prover < y.prover ? -1 : 1);

const watch = () =>
  new StakeWatcher({
    connect: () => connectChain(anvil.url),
    registrar,
    startBlock: core.block,
    pollMs: 20,
    log,
  });

async function until(what: string, probe: () => boolean) {
  for (const end = Date.now() + 20_000; Date.now() < end;) {
    if (probe()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`not in time: ${what}`);
}

test("stakes at every block are what the contract says there", async () => {
  const from = await chain.reader.getBlockNumber();
  const [one, two, three] = ["did:one", "did:two", "did:three"];
  const { znodeId } = await registerZNode(owner, registrar, {
    did: one,
    operators: [a],
    amount: 3n * ether,
  });
  await registerZNode(owner, registrar, { did: two, operators: [b], amount: 5n * ether });
  // Too little, at first.
  const third = await registerZNode(owner, registrar, {
    did: three,
    operators: [c],
    amount: ether,
  });
  await call("pauseZNode", two);
  await addZNodeOperator(owner, registrar, { did: one, operator: second });
  await stake(owner, registrar, { znodeId: third.znodeId, amount: ether });
  await call("unpauseZNode", two);
  await unstake(owner, registrar, { znodeId, amount: ether / 2n });
  await unstake(owner, registrar, { znodeId, amount: ether });
  await stake(owner, registrar, { znodeId, amount: 7n * ether });
  await remove(one, second);
  await call("pauseZNode", three);
  await slash(2n, 4n * ether);
  await stake(owner, registrar, { znodeId: 2n, amount: 4n * ether });

  const head = await chain.reader.getBlockNumber();
  const seen = new Set<string>();
  for (let block = from; block <= head; block++) {
    const expected = byProver(await told(block));
    seen.add(JSON.stringify(expected.map(({ prover }) => prover)));
    expect(byProver(await stakesAt(chain.reader, registrar, block, core.block))).toEqual(expected);
  }
  expect(seen.size).toBeGreaterThan(6);
});

describe("the watcher", () => {
  test("tells seeds of past blocks, and what changes while it runs", async () => {
    const watcher = watch();
    try {
      await until("the chain is read", () => watcher.height > 0n);
      const past = watcher.height - 5n;
      expect(watcher.seed(watcher.height + 1n)).toBeUndefined();
      await until("a past block", () => watcher.seed(past) !== undefined);
      expect(watcher.seed(past)?.hash).toBe(
        (await chain.reader.getBlock({ blockNumber: past })).hash,
      );
      expect(byProver(watcher.seed(past)?.staked ?? [])).toEqual(byProver(await told(past)));
      expect(watcher.isEligible(b)).toBe(true);
      await call("pauseZNode", "did:two");
      await until("the pause is seen", () => watcher.isEligible(b) === false);
      await call("unpauseZNode", "did:two");
      await until("so is its end", () => watcher.isEligible(b) === true);
    } finally {
      await watcher.close();
    }
  });

  test("forgets what a reorganisation took back", async () => {
    const anvilClient = createTestClient({ mode: "anvil", transport: http(anvil.url) });
    const watcher = watch();
    try {
      await until("the chain is read", () => watcher.height > 0n);
      const snapshot = await anvilClient.snapshot();
      const before = watcher.seed(watcher.height)?.staked;
      await stake(owner, registrar, { znodeId: 2n, amount: 100n * ether });
      const { number, hash } = await chain.reader.getBlock();
      await until("the stake is seen", () => watcher.seed(number)?.hash === hash);
      expect(watcher.seed(number)?.staked).not.toEqual(before as never);
      await anvilClient.revert({ id: snapshot });
      // Another block of the same number, without the stake.
      await anvilClient.increaseTime({ seconds: 100 });
      await anvilClient.mine({ blocks: 1 });
      const other = (await chain.reader.getBlock()).hash;
      expect(other).not.toBe(hash);
      await until("the other branch is seen", () => watcher.seed(number)?.hash === other);
      expect(byProver(watcher.seed(number)?.staked ?? [])).toEqual(byProver(before ?? []));
    } finally {
      await watcher.close();
    }
  });

  test("goes on when the chain was away, and says so meanwhile", async () => {
    let away = true;
    const watcher = new StakeWatcher({
      connect: () => away ? Promise.reject(new Error("away")) : connectChain(anvil.url),
      ...{ registrar, startBlock: core.block, pollMs: 20, log },
    });
    try {
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect([watcher.height, watcher.silentMs, watcher.isEligible(b)])
        .toEqual([0n, Infinity, undefined]);
      away = false;
      await until("the chain is read", () => watcher.isEligible(b) === true);
      expect(watcher.silentMs).toBeLessThan(20_000);
    } finally {
      await watcher.close();
    }
  });
});

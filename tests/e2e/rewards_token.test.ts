/** Two enodes of one operator, on one PostgreSQL, pay provers in an ERC-20 token. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cp, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Address, erc20Abi } from "viem";
import { freePort } from "../../scripts/free_port.ts";
import { localParties } from "../../scripts/demo/network.ts";
import { routerAbi } from "../../src/chain/abi/router.ts";
import { deposit, depositOf, rewardOf, withdrawRewards } from "../../src/chain/rewards.ts";
import { startPostgres, type TestPostgres } from "../postgres.ts";
import { startNetwork, type TestNetwork } from "./chain.ts";
import { workspace } from "./files.ts";
import { type NodeProcess, post, reaches, startNode, until } from "./node.ts";
import { deployToken } from "./token.ts";

const place = workspace();
const directory = (name: string) => join(place.directory, name);
/** Units of the token: what a task may cost, what its prover gets beside the gas. */
const [maxFee, fee] = [1_000_000n, 300n];
const deposited = 12n * maxFee;
let network: TestNetwork, token: Address, pool: Address, postgres: TestPostgres;
const enodes: NodeProcess[] = [];
let znode: NodeProcess;

beforeAll(async () => {
  postgres = await startPostgres();
  // A token for a gwei of gas.
  const reward = { maxFee: `${maxFee}`, fee: `${fee}`, gasRate: `${10n ** 9n}` };
  network = await startNetwork(directory("enode0"), { count: 1 }, { reward }, async (chain) => {
    const owner = chain.sender(localParties().projectOwner);
    token = await deployToken(owner, owner.wallet.account.address, deposited);
    return { rewardToken: token };
  });
  pool = network.deployment.rewardPool as Address;
  const owner = network.chain.sender(network.parties.projectOwner);
  await deposit(owner, pool, { projectId: 1n, amount: deposited });
  const { PROVER_PRIVATE_KEY: proverKey = "", ...env } = network.env;
  const dsn = await postgres.freshDatabase();
  const bootnodes: string[] = [];
  await cp(directory("enode0"), directory("enode1"), { recursive: true });
  for (const name of ["enode0", "enode1"]) {
    enodes.push(
      await startNode({
        ...env,
        DATABASE_DSN: dsn,
        DATA_DIRECTORY: directory(name),
        REWARD_POOL_ADDRESS: pool,
        P2P_LISTEN: `/ip4/127.0.0.1/tcp/${await freePort()}`,
      }, { role: "enode" }),
    );
    const peer = JSON.parse(await readFile(join(directory(name), "peer.json"), "utf8"));
    bootnodes.push(...peer.multiaddrs);
  }
  await mkdir(directory("znode"));
  znode = await startNode({
    ...env,
    DATA_DIRECTORY: directory("znode"),
    OPERATOR_PRIVATE_KEY: proverKey,
    BOOTNODE_MULTIADDR: bootnodes.join(","),
    MIN_TASK_FEE: `${fee}`,
    WORKERS: "2",
  }, { role: "znode" });
});
afterAll(async () => {
  for (const node of [...enodes, znode]) await node?.kill();
  await network?.anvil.stop();
  await postgres?.stop();
  await place.remove();
});

test("each task's fee is set aside once, and all of the token is paid or left", async () => {
  const send = (i: number) =>
    until(
      "the project is served",
      () => post(enodes[i % 2]?.url ?? "", 1, `{"value":${i}}`).catch(() => undefined),
    );
  const ids = await Promise.all(Array.from({ length: 8 }, (_, i) => send(i)));
  for (const [i, id] of ids.entries()) await reaches(enodes[i % 2]?.url ?? "", id, "outputted");

  const { reader } = network.chain;
  const { prover } = network.parties;
  const balance = (of: Address) =>
    reader.readContract({ address: token, abi: erc20Abi, functionName: "balanceOf", args: [of] });
  const accepted = await reader.getContractEvents({
    address: network.deployment.router,
    abi: routerAbi,
    eventName: "Accepted",
    fromBlock: 0n,
  });
  expect(accepted).toHaveLength(8);
  const earned = await rewardOf(reader, pool, prover.address);
  expect(earned).toBeGreaterThanOrEqual(8n * fee);
  expect(await depositOf(reader, pool, 1n) + earned).toBe(deposited);
  expect(await balance(pool)).toBe(deposited);
  await withdrawRewards(network.chain.sender(prover), pool);
  expect(await balance(prover.address)).toBe(earned);
});

/** An enode and three znodes of different stakes: every assignment is as anyone recomputes it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Address, bytesToHex } from "viem";
import { freePort } from "../../scripts/free_port.ts";
import { anvilAccount } from "../../src/chain/anvil.ts";
import { stake, unstake } from "../../src/chain/registrars.ts";
import { startNetwork, type TestNetwork } from "./chain.ts";
import { workspace } from "./files.ts";
import { znodesSchema } from "../../src/dashboard/schema.ts";
import { type NodeProcess, post, reaches, sleep, startNode, until } from "./node.ts";
import { ws } from "./ws.ts";

const place = workspace();
const directory = (name: string) => join(place.directory, name);
const keyOf = (index: number) =>
  bytesToHex(anvilAccount(index).getHdKey().privateKey as Uint8Array);
/** Accounts of znodes 1, 2 and 3, with so many times the minimum at stake. */
const accounts = [4, 5, 6] as const;
const shares = [1n, 2n, 6n] as const;
let network: TestNetwork, enode: NodeProcess, bootnode: string;
const znodes: NodeProcess[] = [];

beforeAll(async () => {
  network = await startNetwork(directory("enode"), { count: 1 });
  const { chain, parties, deployment: { znodeRegistrar, minStake } } = network;
  for (const [i, share] of shares.entries()) {
    const amount = (share - 1n) * minStake;
    if (amount === 0n) continue;
    await stake(chain.sender(parties.staker), znodeRegistrar, { znodeId: BigInt(i + 1), amount });
  }
  const { PROVER_PRIVATE_KEY: _, ...env } = network.env;
  const listen = `/ip4/127.0.0.1/tcp/${await freePort()}`;
  const data = { DATA_DIRECTORY: directory("enode"), P2P_LISTEN: listen };
  enode = await startNode({ ...env, ...data }, { role: "enode" });
  const peer = JSON.parse(await readFile(join(directory("enode"), "peer.json"), "utf8"));
  bootnode = (peer.multiaddrs as string[]).join(",");
  for (const index of accounts) {
    const data = directory(`znode${index}`);
    await mkdir(data, { recursive: true });
    znodes.push(
      await startNode({
        ...env,
        DATA_DIRECTORY: data,
        OPERATOR_PRIVATE_KEY: keyOf(index),
        BOOTNODE_MULTIADDR: bootnode,
        WORKERS: "1",
      }, { role: "znode" }),
    );
  }
  for (const index of accounts) {
    await until(
      "it is linked",
      async () => enode.log().includes(anvilAccount(index).address) || undefined,
    );
  }
  await until("the project is served", () => prove(1).catch(() => undefined));
});

afterAll(async () => {
  for (const znode of znodes) await znode.kill();
  await enode?.kill();
  await network?.anvil.stop();
  await place.remove();
});

/** Has `count` tasks proved; answers their ids. */
async function prove(count: number): Promise<string[]> {
  const before = packed().length;
  const ids = [];
  for (let i = 0; i < count; i++) ids.push(await post(enode.url, 1, `{"value":${i}}`));
  for (const id of ids) await reaches(enode.url, id, "outputted");
  return packed().slice(before);
}

const packed = (): string[] =>
  enode.log().split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line)).filter((entry) => entry.msg === "packed")
    .map((entry) => entry.task as string);

interface Ranking {
  readonly staked: number;
  readonly ranking: { rank: number; prover: Address; stake: string }[];
  readonly assignments: {
    prover: Address;
    rank: string;
    problems: string[];
    skipped: { named: { prover: Address; reason: string }[] };
  }[];
}

async function ranking(task: string, ...more: string[]): Promise<Ranking> {
  const { CHAIN_ENDPOINT: chain = "", ...env } = network.env;
  const args = ["--chain", chain, "--enode", enode.url, "--json", ...more];
  const { code, out, err } = await ws(["task", "ranking", "1", task, ...args], env);
  expect([err, code]).toEqual(["", 0]);
  return JSON.parse(out);
}

test("every assignment is recomputed from the chain and the task alone", async () => {
  const tasks = await prove(9);
  expect(tasks.length).toBe(9);
  const { minStake } = network.deployment;
  for (const task of tasks) {
    const told = await ranking(task);
    expect(told.ranking.map(({ stake }) => BigInt(stake) / minStake).sort())
      .toEqual([...shares].sort());
    expect(told.assignments.length).toBeGreaterThan(0);
    for (const { prover, rank, problems, skipped } of told.assignments) {
      expect(problems).toEqual([]);
      expect(told.ranking[Number(rank) - 1]?.prover).toBe(prover);
      expect(skipped.named.length).toBe(Number(rank) - 1);
    }
  }
});

test("the enode tells who has what at stake, and what it proved", async () => {
  const { znodes } = znodesSchema.parse(
    await (await fetch(`${enode.url}/overview/znodes`)).json(),
  );
  const { minStake } = network.deployment;
  // Those with the most at stake come first.
  expect(znodes.map(({ stake }) => BigInt(stake ?? 0) / minStake)).toEqual([...shares].reverse());
  expect(znodes.map(({ prover }) => prover).sort())
    .toEqual(accounts.map((index) => anvilAccount(index).address).sort());
  for (const { standing, capacity, score } of znodes) {
    expect([standing, capacity, score]).toEqual(["free", 1, undefined]);
  }
  expect(znodes.reduce((sum, { proofs }) => sum + proofs, 0)).toBe(packed().length);
});

test("the task's block serves as well as the enode's word", async () => {
  const [task] = packed() as [string];
  const status = await until("it has its block", async () => {
    const answer = await fetch(`${enode.url}/task/1/${task}`);
    const { block } = await answer.json() as { block?: string };
    return block;
  });
  const peer = bootnode.split(",").find((address) => address.includes("127.0.0.1")) ?? "";
  const { ranking: byBlock } = await ranking(task, "--block", status, "--peer", peer);
  expect(byBlock).toEqual((await ranking(task)).ranking);
});

test("a znode that is unstaked gets no new task", async () => {
  const { chain, parties, deployment: { znodeRegistrar, minStake } } = network;
  const rich = anvilAccount(6).address;
  await unstake(chain.sender(parties.staker), znodeRegistrar, {
    znodeId: 3n,
    amount: shares[2] * minStake,
  });
  await sleep(3_000);
  const tasks = await prove(6);
  for (const task of tasks) {
    const { staked, assignments } = await ranking(task);
    expect(staked).toBe(2);
    expect(assignments.map(({ prover }) => prover)).not.toContain(rich);
    expect(assignments.flatMap(({ problems }) => problems)).toEqual([]);
  }
});

/** One enode and two znodes, one on each runtime, each a process of its own, over libp2p. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Address, bytesToHex } from "viem";
import { anvilAccount } from "../../src/chain/anvil.ts";
import { routerAbi } from "../../src/chain/abi/router.ts";
import { startNetwork, type TestNetwork } from "./chain.ts";
import { workspace } from "./files.ts";
import { type NodeProcess, post, reaches, sleep, startNode, until } from "./node.ts";
import { freePort } from "../../scripts/free_port.ts";

const place = workspace();
const directory = (name: string) => join(place.directory, name);
const keyOf = (index: number) =>
  bytesToHex(anvilAccount(index).getHdKey().privateKey as Uint8Array);
let network: TestNetwork, enode: NodeProcess, listen: string, bootnode: string;
const znodes = new Map<Address, NodeProcess>();

beforeAll(async () => {
  network = await startNetwork(directory("enode"), { count: 4, window: 1 });
  listen = `/ip4/127.0.0.1/tcp/${await freePort()}`;
  await startEnode();
  const peer = JSON.parse(await readFile(join(directory("enode"), "peer.json"), "utf8"));
  bootnode = (peer.multiaddrs as string[]).join(",");
  for (const index of [4, 5]) await startZnode(index);
  await until(
    "the project is served",
    () => post(enode.url, 1, '{"value":1}').catch(() => undefined),
  );
});

afterAll(async () => {
  for (const znode of znodes.values()) await znode.kill();
  await enode?.kill();
  await network?.anvil.stop();
  await place.remove();
});

async function startEnode(): Promise<void> {
  const { PROVER_PRIVATE_KEY: _, ...env } = network.env;
  const data = { DATA_DIRECTORY: directory("enode"), P2P_LISTEN: listen };
  enode = await startNode({ ...env, ...data }, { role: "enode" });
}

async function startZnode(index: number): Promise<void> {
  const data = directory(`znode${index}`);
  await mkdir(data, { recursive: true });
  const { PROVER_PRIVATE_KEY: _, ...env } = network.env;
  const znode = await startNode({
    ...env,
    DATA_DIRECTORY: data,
    OPERATOR_PRIVATE_KEY: keyOf(index),
    BOOTNODE_MULTIADDR: bootnode,
    WORKERS: "1",
  }, { role: "znode", runtime: index === 4 ? "bun" : "deno" });
  znodes.set(anvilAccount(index).address, znode);
}

/** Who the router says proved, by task. */
async function provers(): Promise<Map<string, Address>> {
  const accepted = await network.chain.reader.getContractEvents({
    address: network.deployment.router,
    abi: routerAbi,
    eventName: "Accepted",
    fromBlock: 0n,
  });
  const map = new Map(accepted.map(({ args }) => [args.taskId as string, args.prover as Address]));
  expect(map.size).toBe(accepted.length);
  return map;
}

/** Tasks that the enode said to be in a state, and by whom. */
function told(state: string): { task: string; by: string }[] {
  return enode.log().split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line)).filter((entry) => entry.task && entry.msg === state);
}

const postAll = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, i) => post(enode.url, 1, `{"value":${i}}`)));

test("messages to the enode are proved and output by the znodes", async () => {
  // Either may come late.
  await until("each znode proved", async () => {
    for (const id of await postAll(16)) await reaches(enode.url, id, "outputted");
    return new Set((await provers()).values()).size === znodes.size || undefined;
  });
  expect(new Set((await provers()).values())).toEqual(new Set(znodes.keys()));
});

test("a task of a znode that is killed while it proves is proved by the other", async () => {
  const [victim, survivor] = [...znodes.keys()] as [Address, Address];
  const node = znodes.get(victim) as NodeProcess;
  const ids = await postAll(32);
  await until("it proves", async () => {
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    return /^w3bstream_proofs_running 1$/m.test(metrics) || undefined;
  });
  // What it said before is heard, and it says no more.
  node.child.kill("SIGSTOP");
  await sleep(1_000);
  const proved = new Set(told("proved").map(({ task }) => task));
  const orphans = told("dispatched")
    .filter(({ task, by }) => by === victim && !proved.has(task));
  expect(orphans.length).toBe(1);
  await node.kill();
  for (const id of ids) await reaches(enode.url, id, "outputted");
  expect((await provers()).get(orphans[0]?.task as string)).toBe(survivor);
});

test("znodes come back to an enode that was killed, and a killed one to its enode", async () => {
  await enode.kill();
  await startEnode();
  const [victim, survivor] = [...znodes.keys()] as [Address, Address];
  await startZnode(4);
  for (const address of [victim, survivor]) {
    await until(`${address} is linked`, async () => enode.log().includes(address) || undefined);
  }
  for (const id of await postAll(8)) await reaches(enode.url, id, "outputted");
});

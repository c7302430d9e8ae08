/** One enode and two znodes, each a process of its own, over libp2p on a chain. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cp, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesToHex, type Address } from "viem";
import { anvilAccount } from "../../src/chain/anvil.ts";
import { routerAbi } from "../../src/chain/abi/router.ts";
import { startNetwork, type TestNetwork } from "./chain.ts";
import { workspace } from "./files.ts";
import { type NodeProcess, post, reaches, startNode, states, until } from "./node.ts";

const place = workspace();
const directory = (name: string) => join(place.directory, name);
const keyOf = (index: number) => bytesToHex(anvilAccount(index).getHdKey().privateKey as Uint8Array);
let network: TestNetwork, enode: NodeProcess, bootnode: string;
const znodes = new Map<Address, NodeProcess>();

beforeAll(async () => {
  network = await startNetwork(directory("enode"), { count: 4, window: 1 });
  const { PROVER_PRIVATE_KEY: _, ...env } = network.env;
  enode = await startNode({
    ...env,
    DATA_DIRECTORY: directory("enode"),
    P2P_LISTEN: "/ip4/127.0.0.1/tcp/0",
  }, { role: "enode" });
  const peer = JSON.parse(await readFile(join(directory("enode"), "peer.json"), "utf8"));
  bootnode = (peer.multiaddrs as string[]).join(",");
  for (const index of [4, 5]) await startZnode(index);
  await until(
    "the project is served",
    () => post(enode.url, 1, '{"value":1}').catch(() => undefined),
  );
}, 120_000);

afterAll(async () => {
  for (const znode of znodes.values()) await znode.kill();
  await enode?.kill();
  await network?.anvil.stop();
  await place.remove();
});

async function startZnode(index: number): Promise<void> {
  const data = directory(`znode${index}`);
  await mkdir(data);
  // Only the config's and the code's blocks: nothing else is shared.
  await cp(join(directory("enode"), "ipfs"), join(data, "ipfs"), { recursive: true });
  const { PROVER_PRIVATE_KEY: _, ...env } = network.env;
  const znode = await startNode({
    ...env,
    DATA_DIRECTORY: data,
    OPERATOR_PRIVATE_KEY: keyOf(index),
    BOOTNODE_MULTIADDR: bootnode,
    WORKERS: "1",
  }, { role: "znode" });
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
  return new Map(accepted.map(({ args }) => [args.taskId as string, args.prover as Address]));
}

test("messages to the enode are proved and output by the znodes", async () => {
  const ids = await Promise.all(
    Array.from({ length: 16 }, (_, i) => post(enode.url, 1, `{"value":${i}}`)),
  );
  for (const id of ids) await reaches(enode.url, id, "outputted");
  // Work was shared.
  expect(new Set((await provers()).values())).toEqual(new Set(znodes.keys()));
}, 180_000);

test("a task of a znode that is killed while it proves is proved by the other", async () => {
  const [victim, survivor] = [...znodes.keys()] as [Address, Address];
  const before = await provers();
  const node = znodes.get(victim) as NodeProcess;
  const ids = await Promise.all(
    Array.from({ length: 32 }, (_, i) => post(enode.url, 1, `{"value":${i}}`)),
  );
  await until("it proves", async () => {
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    return /^w3bstream_proofs_running 1$/m.test(metrics) || undefined;
  });
  await node.kill();
  const open = await Promise.all(ids.map((id) => states(enode.url, id)));
  for (const id of ids) await reaches(enode.url, id, "outputted", 120_000);
  console.log(JSON.stringify(open[0]), JSON.stringify(await states(enode.url, ids[0] as string)), (await provers()).size - before.size, survivor);
}, 240_000);

/** R2 and R4: a znode that slept through its lease, or its grant, outputs nothing. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Address, bytesToHex } from "viem";
import { freePort } from "../../scripts/free_port.ts";
import { anvilAccount } from "../../src/chain/anvil.ts";
import { type Proxy, startNetwork, startProxy, type TestNetwork } from "./chain.ts";
import { workspace } from "./files.ts";
import { type NodeProcess, post, reaches, sleep, startNode, until, znodeRuntime } from "./node.ts";
import { expectEachOnce } from "./readings.ts";

const place = workspace();
const directory = (name: string) => join(place.directory, name);
let network: TestNetwork, enode: NodeProcess, bootnode: string, rpc: Proxy;
const started: NodeProcess[] = [];

beforeAll(async () => {
  network = await startNetwork(directory("enode"), { count: 1 });
  rpc = await startProxy(network.anvil.url);
  const { PROVER_PRIVATE_KEY: _, ...env } = network.env;
  const listen = `/ip4/127.0.0.1/tcp/${await freePort()}`;
  const data = { DATA_DIRECTORY: directory("enode"), P2P_LISTEN: listen };
  enode = await startNode({ ...env, ...data }, { role: "enode" });
  const peer = JSON.parse(await readFile(join(directory("enode"), "peer.json"), "utf8"));
  bootnode = (peer.multiaddrs as string[]).join(",");
});

afterAll(async () => {
  for (const node of started) await node.kill();
  await enode?.kill();
  await rpc?.stop();
  await network?.anvil.stop();
  await place.remove();
});

async function startZnode(index: number, chainUrl: string): Promise<NodeProcess> {
  const data = directory(`znode${index}`);
  await mkdir(data, { recursive: true });
  const { PROVER_PRIVATE_KEY: _, ...env } = network.env;
  const znode = await startNode({
    ...env,
    CHAIN_ENDPOINT: chainUrl,
    DATA_DIRECTORY: data,
    OPERATOR_PRIVATE_KEY: bytesToHex(anvilAccount(index).getHdKey().privateKey as Uint8Array),
    BOOTNODE_MULTIADDR: bootnode,
    WORKERS: "1",
  }, { role: "znode", runtime: znodeRuntime });
  started.push(znode);
  return znode;
}

const sentBy = (address: Address) =>
  network.chain.reader.getTransactionCount({ address, blockTag: "pending" });

const proving = async (znode: NodeProcess) => {
  const metrics = await (await fetch(`${znode.url}/metrics`)).text();
  return /^w3bstream_proofs_running 1$/m.test(metrics) || undefined;
};

const send = () =>
  until("the message is taken", () => post(enode.url, 1, '{"value":1}').catch(() => undefined));

test("a znode paused over its lease, and one paused over its grant, output nothing", async () => {
  const [overLease, overGrant, awake] = [4, 5, 6] as const;
  const address = (index: number) => anvilAccount(index).address;

  // Paused when it has simulated its transaction, and before it can send it.
  const granted = await startZnode(overGrant, rpc.url);
  const paused = new Promise<void>((resolve) => {
    rpc.onRequest = (body) => {
      if (!body.includes("eth_estimateGas")) return;
      granted.child.kill("SIGSTOP");
      rpc.onRequest = () => {};
      resolve();
    };
  });
  const first = await send();
  await paused;
  expect((await reaches(enode.url, first, "proved")).state).toBe("proved");

  const leased = await startZnode(overLease, network.anvil.url);
  const second = await send();
  await until("it proves", () => proving(leased));
  leased.child.kill("SIGSTOP");

  await startZnode(awake, network.anvil.url);
  await reaches(enode.url, second, "outputted");
  await reaches(enode.url, first, "outputted");
  for (const znode of [granted, leased]) znode.child.kill("SIGCONT");
  await until("the paused znodes see that it is over", () => {
    const said = /the grant ended before|had accepted the task before/.test(granted.log()) &&
      /the lease ended|cancelled by the enode/.test(leased.log());
    return Promise.resolve(said || undefined);
  }).catch((error) => {
    throw new Error(`${error.message}:\n${granted.log()}\n---\n${leased.log()}`);
  });
  // As long as either would take to prove and send.
  await sleep(3_000);
  expect([await sentBy(address(overGrant)), await sentBy(address(overLease))]).toEqual([0, 0]);
  const provers = await expectEachOnce(network, enode.url, 2);
  // The proof that was granted anew is still the first znode's.
  expect([...provers.values()].sort()).toEqual([address(overGrant), address(awake)].sort());

  // Awake, they are as good as any.
  let sent = 2;
  await until("one of them proves", async () => {
    const more = await Promise.all(Array.from({ length: 6 }, send));
    for (const id of more) await reaches(enode.url, id, "outputted");
    sent += more.length;
    const tasks = (await expectEachOnce(network, enode.url, sent)).entries();
    const later = [...tasks].filter(([task]) => !provers.has(task)).map(([, prover]) => prover);
    return later.some((prover) => prover !== address(awake)) || undefined;
  });
});

/** A znode that knows only a boot node finds the enode, and proves for it. */
import { afterAll, expect, test } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { weatherModule, workspace, writeProject } from "./files.ts";
import { type NodeProcess, post, reaches, startNode, until } from "./node.ts";

const place = workspace();
const directory = (name: string) => join(place.directory, name);
const [enodeKey, znodeKey] = [generatePrivateKey(), generatePrivateKey()];
const nodes: NodeProcess[] = [];

afterAll(async () => {
  for (const node of nodes) await node.kill();
  await place.remove();
});

async function start(role: string, env: Record<string, string>): Promise<NodeProcess> {
  const node = await startNode({ DATA_DIRECTORY: directory(role), ...env }, { role });
  nodes.push(node);
  return node;
}

test("a znode finds enodes through a boot node alone", async () => {
  await mkdir(directory("projects"));
  await writeProject(directory("projects"), 1, {
    code: await weatherModule(),
    packing: { count: 1, window: 1 },
    output: { type: "stdout" },
  });
  const bootnode = await start("bootnode", { P2P_LISTEN: "/ip4/127.0.0.1/tcp/0" });
  const { multiaddrs } = JSON.parse(
    await readFile(join(directory("bootnode"), "peer.json"), "utf8"),
  );
  const shared = {
    PROJECT_FILE_DIRECTORY: directory("projects"),
    BOOTNODE_MULTIADDR: multiaddrs.join(","),
  };
  const znode = await start("znode", {
    ...shared,
    OPERATOR_PRIVATE_KEY: znodeKey,
    TRUSTED_ENODES: privateKeyToAddress(enodeKey),
  });
  const enode = await start("enode", {
    ...shared,
    OPERATOR_PRIVATE_KEY: enodeKey,
    TRUSTED_PROVERS: privateKeyToAddress(znodeKey),
  });
  await until("they are linked", async () => enode.log().includes('"linked"') || undefined);
  // What it has brought together lasts without it.
  expect(await bootnode.stop()).toBe(0);
  await reaches(enode.url, await post(enode.url, 1, '{"value":1}'), "outputted");
  await until("the znode heard of it", async () => {
    const metrics = await (await fetch(`${znode.url}/metrics`)).text();
    const heard = (kind: string) => metrics.includes(`gossip_total{project="1",kind="${kind}"}`);
    return heard("announce") && heard("state") || undefined;
  });
  for (const node of [znode, enode]) expect(await node.stop()).toBe(0);
});

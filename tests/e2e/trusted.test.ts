/** Without a chain: an enode and a znode in two processes that trust each other's keys by name. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { weatherModule, workspace, writeProject } from "./files.ts";
import { type NodeProcess, post, reaches, sleep, startNode, states } from "./node.ts";

const place = workspace();
const directory = (name: string) => join(place.directory, name);
const [enodeKey, znodeKey, strangerKey] = [
  generatePrivateKey(),
  generatePrivateKey(),
  generatePrivateKey(),
];
const nodes: NodeProcess[] = [];
let enode: NodeProcess, bootnode: string;

beforeAll(async () => {
  await mkdir(directory("projects"));
  await writeProject(directory("projects"), 1, {
    code: await weatherModule(),
    packing: { count: 1, window: 1 },
    output: { type: "stdout" },
  });
  enode = await start("enode", enodeKey, { TRUSTED_PROVERS: privateKeyToAddress(znodeKey) });
  const peer = JSON.parse(await readFile(join(directory(enodeKey), "peer.json"), "utf8"));
  bootnode = (peer.multiaddrs as string[]).join(",");
}, 60_000);

afterAll(async () => {
  for (const node of nodes) await node.kill();
  await place.remove();
});

async function start(role: string, key: string, env: Record<string, string>): Promise<NodeProcess> {
  const node = await startNode({
    DATA_DIRECTORY: directory(key),
    PROJECT_FILE_DIRECTORY: directory("projects"),
    OPERATOR_PRIVATE_KEY: key,
    ...env,
  }, { role });
  nodes.push(node);
  return node;
}

test("only a znode that the enode trusts, and that trusts the enode, proves", async () => {
  const id = await post(enode.url, 1, '{"value":1}');
  const trusting = { TRUSTED_ENODES: privateKeyToAddress(enodeKey), BOOTNODE_MULTIADDR: bootnode };
  const stranger = await start("znode", strangerKey, trusting);
  const wary = await start("znode", znodeKey, { BOOTNODE_MULTIADDR: bootnode });
  await sleep(4_000);
  expect(enode.log()).toContain(`${privateKeyToAddress(strangerKey)} may not be linked`);
  expect((await states(enode.url, id)).at(-1)?.state).toBe("packed");
  for (const node of [stranger, wary]) expect(await node.stop()).toBe(0);
  const znode = await start("znode", znodeKey, trusting);
  await reaches(enode.url, id, "outputted");
  expect(await znode.stop()).toBe(0);
  expect(await enode.stop()).toBe(0);
}, 120_000);

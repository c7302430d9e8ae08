/** Without a chain: an enode and a znode in two processes that trust each other's keys by name. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { weatherModule, workspace, writeProject } from "./files.ts";
import { type NodeProcess, nodesIn, post, reaches, states, until } from "./node.ts";

const place = workspace();
const directory = (name: string) => join(place.directory, name);
const [enodeKey, znodeKey, strangerKey] = [
  generatePrivateKey(),
  generatePrivateKey(),
  generatePrivateKey(),
];
const nodes = nodesIn(directory);
const start = (role: string, key: string, env: Record<string, string>) =>
  nodes.start(role, key, env, key);
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
});

afterAll(async () => {
  await nodes.kill();
  await place.remove();
});

test("only a znode that the enode trusts, and that trusts the enode, proves", async () => {
  const early = await post(enode.url, 1, '{"value":1}');
  const trusting = { TRUSTED_ENODES: privateKeyToAddress(enodeKey), BOOTNODE_MULTIADDR: bootnode };
  const stranger = await start("znode", strangerKey, trusting);
  const refused = `${privateKeyToAddress(strangerKey)} may not be linked`;
  await until("the stranger is refused", async () => enode.log().includes(refused) || undefined);
  expect((await states(enode.url, early)).at(-1)?.state).toBe("packed");
  const wary = await start("znode", znodeKey, { BOOTNODE_MULTIADDR: bootnode });
  const why = "a znode refuses a task: not signed by an operator of the project";
  await until("the wary one refuses", async () => enode.log().includes(why) || undefined);
  expect((await states(enode.url, early)).at(-1)?.state).toBe("packed");
  for (const node of [stranger, wary]) expect(await node.stop()).toBe(0);

  const znode = await start("znode", znodeKey, trusting);
  await reaches(enode.url, await post(enode.url, 1, '{"value":1}'), "outputted");
  await reaches(enode.url, early, "outputted");
  expect(await znode.stop()).toBe(0);
  expect(await enode.stop()).toBe(0);
});

test("a node of both roles shares its work with znodes that link to it", async () => {
  const node = await start("all", enodeKey, {
    TRUSTED_PROVERS: privateKeyToAddress(znodeKey),
    P2P_LISTEN: bootnode.split("/p2p/")[0] as string,
    WORKERS: "1",
  });
  await start("znode", znodeKey, {
    TRUSTED_ENODES: privateKeyToAddress(enodeKey),
    BOOTNODE_MULTIADDR: bootnode,
    WORKERS: "1",
  });
  const remote = privateKeyToAddress(znodeKey);
  await until("they are linked", async () => node.log().includes(remote) || undefined);
  const provers = await until("both proved", async () => {
    const ids = await Promise.all(
      [1, 2, 3, 4].map((value) => post(node.url, 1, `{"value":${value}}`)),
    );
    for (const id of ids) await reaches(node.url, id, "outputted");
    const by = node.log().split("\n").filter((line) => line.includes('"msg":"proved"'))
      .map((line) => JSON.parse(line).by);
    return by.includes(remote) && new Set(by).size > 1 ? new Set(by) : undefined;
  });
  expect(provers).toEqual(new Set([remote, privateKeyToAddress(enodeKey)]));
});

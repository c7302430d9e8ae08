/** An enode that is reached by webrtc-direct alone, over UDP, is worked with, and found again. */
import { afterAll, expect, test } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { freePort } from "../../scripts/free_port.ts";
import { weatherModule, workspace, writeProject } from "./files.ts";
import { type NodeProcess, post, reaches, startNode, until, znodeRuntime } from "./node.ts";

const place = workspace();
const at = (name: string) => join(place.directory, name);
const keys = { enode: generatePrivateKey(), znode: generatePrivateKey() };
const nodes: NodeProcess[] = [];

afterAll(async () => {
  for (const node of nodes) await node.kill();
  await place.remove();
});

async function start(role: "enode" | "znode", env: Record<string, string>): Promise<NodeProcess> {
  const options = role === "znode" ? { role, runtime: znodeRuntime } : { role };
  const files = { DATA_DIRECTORY: at(role), PROJECT_FILE_DIRECTORY: at("projects") };
  const own = { ...files, OPERATOR_PRIVATE_KEY: keys[role] };
  const node = await startNode({ ...own, ...env }, options);
  nodes.push(node);
  return node;
}

const linksOf = (node: NodeProcess) => node.log().split('"linked"').length - 1;

test("a znode works for it, outlives its death, and finds it again where it was", async () => {
  await mkdir(at("projects"));
  await writeProject(at("projects"), 1, {
    code: await weatherModule(),
    packing: { count: 1, window: 1 },
    output: { type: "stdout" },
  });
  const enodeEnv = {
    P2P_LISTEN: `/ip4/127.0.0.1/udp/${await freePort()}/webrtc-direct`,
    TRUSTED_PROVERS: privateKeyToAddress(keys.znode),
  };
  const addresses = async (): Promise<string[]> =>
    JSON.parse(await readFile(join(at("enode"), "peer.json"), "utf8")).multiaddrs;
  let enode = await start("enode", enodeEnv);
  const before = await addresses();
  expect(before[0]).toContain("/certhash/");
  const znode = await start("znode", {
    TRUSTED_ENODES: privateKeyToAddress(keys.enode),
    BOOTNODE_MULTIADDR: before.join(","),
    P2P_WEBRTC: "on",
  });
  await reaches(enode.url, await post(enode.url, 1, '{"value":1}'), "outputted");
  expect(linksOf(znode)).toBe(1);

  // Its packets are answered by nobody from now on, which is an error of the socket.
  await enode.kill();
  await until("the link ends", async () => znode.log().includes("link ended") || undefined);
  enode = await start("enode", enodeEnv);
  expect(await addresses()).toEqual(before);
  await reaches(enode.url, await post(enode.url, 1, '{"value":2}'), "outputted");
  expect(linksOf(znode)).toBe(2);
  expect(await znode.stop()).toBe(0);
  expect(await enode.stop()).toBe(0);
});

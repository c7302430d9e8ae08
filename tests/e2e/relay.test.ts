/** An enode that nobody can dial is reached through a relay, and works without it from then on. */
import { afterAll, expect, test } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { weatherModule, workspace, writeProject } from "./files.ts";
import { type NodeProcess, post, reaches, startNode, states, until, znodeRuntime } from "./node.ts";

const place = workspace();
const directory = (name: string) => join(place.directory, name);
const [enodeKey, znodeKey, strangerKey] = [
  generatePrivateKey(),
  generatePrivateKey(),
  generatePrivateKey(),
];
const nodes: NodeProcess[] = [];

afterAll(async () => {
  for (const node of nodes) await node.kill();
  await place.remove();
});

async function start(
  role: string,
  key: string,
  env: Record<string, string>,
): Promise<NodeProcess> {
  const options = role === "znode" ? { role, runtime: znodeRuntime } : { role };
  const settings = {
    DATA_DIRECTORY: directory(key),
    PROJECT_FILE_DIRECTORY: directory("projects"),
    ...(key.startsWith("0x") ? { OPERATOR_PRIVATE_KEY: key } : {}),
  };
  const node = await startNode({ ...settings, ...env }, options);
  nodes.push(node);
  return node;
}

const peerOf = async (key: string): Promise<{ peerId: string; multiaddrs: string[] }> =>
  JSON.parse(await readFile(join(directory(key), "peer.json"), "utf8"));

test("a znode and an enode with no listening address work together", async () => {
  await mkdir(directory("projects"));
  await writeProject(directory("projects"), 1, {
    code: await weatherModule(),
    packing: { count: 1, window: 1 },
    output: { type: "stdout" },
  });
  const relay = await start("bootnode", "relay", {
    P2P_LISTEN: "/ip4/127.0.0.1/tcp/0",
    P2P_RELAY: "on",
  });
  const multiaddr = (await peerOf("relay")).multiaddrs.join(",");
  const known = { BOOTNODE_MULTIADDR: multiaddr, P2P_WEBRTC: "on" };
  const enode = await start("enode", enodeKey, {
    ...known,
    P2P_LISTEN: "/p2p-circuit",
    TRUSTED_PROVERS: privateKeyToAddress(znodeKey),
  });
  const { multiaddrs } = await until("the relay has agreed", async () => {
    const peer = await peerOf(enodeKey);
    return peer.multiaddrs.length > 0 ? peer : undefined;
  });
  expect(multiaddrs.every((address) => address.includes("/p2p-circuit"))).toBe(true);

  // Whom the enode does not trust gets no link through the relay either, and no task.
  const id = await post(enode.url, 1, '{"value":1}');
  const trusting = { ...known, TRUSTED_ENODES: privateKeyToAddress(enodeKey) };
  const stranger = await start("znode", strangerKey, trusting);
  const refused = `${privateKeyToAddress(strangerKey)} may not be linked`;
  await until("the stranger is refused", async () => enode.log().includes(refused) || undefined);
  expect((await states(enode.url, id)).at(-1)?.state).toBe("packed");
  expect(await stranger.stop()).toBe(0);

  const znode = await start("znode", znodeKey, trusting);
  await reaches(enode.url, id, "outputted");
  // They are connected directly: the relay is not needed any more.
  expect(await relay.stop()).toBe(0);
  await reaches(enode.url, await post(enode.url, 1, '{"value":2}'), "outputted");
  expect(znode.log()).not.toContain("link ended");
  // The znode lives on when its peer is killed.
  await enode.kill();
  await until("the link ends", async () => znode.log().includes("link ended") || undefined);
  expect(await znode.stop()).toBe(0);
});

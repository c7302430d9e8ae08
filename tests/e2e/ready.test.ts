/** What `/ready` says of each role, while what the role needs is there, missing, and back. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { Aedes } from "aedes";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { freePort } from "../../scripts/free_port.ts";
import { startPostgres, type TestPostgres } from "../postgres.ts";
import { workspace } from "./files.ts";
import { type NodeProcess, startNode, until } from "./node.ts";

const place = workspace();
const directory = (name: string) => join(place.directory, name);
const [enodeKey, znodeKey] = [generatePrivateKey(), generatePrivateKey()];
const nodes: NodeProcess[] = [];
let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  for (const node of nodes) await node.kill();
  await postgres?.stop();
  await place.remove();
});

async function start(role: string, env: Record<string, string>): Promise<NodeProcess> {
  const node = await startNode({ DATA_DIRECTORY: directory(role), ...env }, { role });
  nodes.push(node);
  return node;
}

async function ready(node: NodeProcess): Promise<[number, unknown]> {
  const answer = await fetch(`${node.url}/ready`);
  expect(answer.headers.get("content-type")).toContain("application/json");
  return [answer.status, await answer.json()];
}

const becomes = (node: NodeProcess, status: number) =>
  until(`${node.url}/ready is ${status}`, async () => {
    const [now, body] = await ready(node);
    return now === status ? body : undefined;
  });

test("a node is ready while it has what its role needs, and says what it lacks", async () => {
  const bootnode = await start("bootnode", { P2P_LISTEN: "/ip4/127.0.0.1/tcp/0" });
  expect(await ready(bootnode)).toEqual([200, { status: "ready" }]);
  const { multiaddrs } = JSON.parse(
    await readFile(join(directory("bootnode"), "peer.json"), "utf8"),
  );
  const znode = await start("znode", {
    OPERATOR_PRIVATE_KEY: znodeKey,
    TRUSTED_ENODES: privateKeyToAddress(enodeKey),
    BOOTNODE_MULTIADDR: multiaddrs.join(","),
  });
  expect(await ready(znode)).toEqual([
    503,
    { status: "not ready", reasons: { enodes: "none is linked" } },
  ]);
  const enode = await start("enode", {
    OPERATOR_PRIVATE_KEY: enodeKey,
    TRUSTED_PROVERS: privateKeyToAddress(znodeKey),
    BOOTNODE_MULTIADDR: multiaddrs.join(","),
    DATABASE_DSN: await postgres.freshDatabase(),
  });
  for (const node of [enode, znode]) await becomes(node, 200);
  await postgres.crash();
  const missing = await becomes(enode, 503) as { reasons: Record<string, string> };
  expect(Object.keys(missing.reasons)).toEqual(["database"]);
  // Starting it anew would not help.
  expect((await fetch(`${enode.url}/live`)).status).toBe(200);
  await postgres.start();
  await becomes(enode, 200);
}, 600_000);

test("an enode whose broker is away serves HTTP, and says so", async () => {
  const port = await freePort();
  const enode = await start("enode", {
    DATA_DIRECTORY: directory("mqtt"),
    MQTT_ENDPOINT: `mqtt://127.0.0.1:${port}`,
  });
  const told = async (name: string) => {
    const text = await (await fetch(`${enode.url}/metrics`)).text();
    return new RegExp(`^w3bstream_${name} (\\S+)$`, "m").exec(text)?.[1];
  };
  expect(await ready(enode)).toEqual([
    200,
    { status: "degraded", reasons: { MQTT: "no subscription at the MQTT broker" } },
  ]);
  expect([await told("ready"), await told(`source_connected{source="mqtt"}`)]).toEqual(["1", "0"]);
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle).listen(port, "127.0.0.1");
  try {
    await until("the source is there", async () => {
      const [status, body] = await ready(enode);
      expect(status).toBe(200);
      return (body as { status: string }).status === "ready" || undefined;
    });
    expect(await told(`source_connected{source="mqtt"}`)).toBe("1");
    expect(await told(`source_waiting{source="mqtt"}`)).toBe("0");
  } finally {
    expect(await enode.stop()).toBe(0);
    await new Promise<void>((resolve) => broker.close(resolve));
    server.close();
  }
}, 600_000);

/** Two enodes on one PostgreSQL share their work, and one takes over when the other dies. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { freePort } from "../../scripts/free_port.ts";
import { startPostgres, type TestPostgres } from "../postgres.ts";
import { tallyModule } from "../faults/tally.ts";
import { weatherModule, workspace, writeProject } from "./files.ts";
import {
  type NodeProcess,
  nodeRuntime,
  post,
  reaches,
  startNode,
  states,
  until,
  znodeRuntime,
} from "./node.ts";

const place = workspace();
const projects = join(place.directory, "projects");
let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await startPostgres();
  await mkdir(projects);
  const stdout = { output: { type: "stdout" }, packing: { count: 1, window: 1 } };
  await writeProject(projects, 1, { ...stdout, code: await weatherModule() });
  await writeProject(projects, 2, { ...stdout, code: tallyModule() });
});
afterAll(async () => {
  await postgres?.stop();
  await place.remove();
});

const addressOf = (key: `0x${string}`) => privateKeyToAccount(key).address;

async function metric(node: NodeProcess, name: string): Promise<number> {
  const text = await (await fetch(`${node.url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

describe.each([["one operator", 1], ["two operators", 2]] as const)("of %s", (name, operators) => {
  const directory = (node: string) => join(place.directory, name, node);
  const keys = Array.from({ length: operators }, generatePrivateKey);
  const proverKey = generatePrivateKey();
  const enodes: NodeProcess[] = [];
  let znode: NodeProcess;

  beforeAll(async () => {
    const dsn = await postgres.freshDatabase();
    const bootnodes: string[] = [];
    for (let i = 0; i < 2; i++) {
      const data = directory(`enode${i}`);
      await mkdir(data, { recursive: true });
      const node = await startNode({
        DATABASE_DSN: dsn,
        DATA_DIRECTORY: data,
        PROJECT_FILE_DIRECTORY: projects,
        OPERATOR_PRIVATE_KEY: keys[i % operators] as string,
        TRUSTED_PROVERS: addressOf(proverKey),
        TRUSTED_ENODES: keys.map(addressOf).join(","),
        P2P_LISTEN: `/ip4/127.0.0.1/tcp/${await freePort()}`,
      }, { role: "enode", runtime: i === 0 ? nodeRuntime : znodeRuntime });
      enodes.push(node);
      const { multiaddrs } = JSON.parse(await readFile(join(data, "peer.json"), "utf8"));
      bootnodes.push(...multiaddrs);
    }
    const data = directory("znode");
    await mkdir(data, { recursive: true });
    znode = await startNode({
      DATA_DIRECTORY: data,
      PROJECT_FILE_DIRECTORY: projects,
      OPERATOR_PRIVATE_KEY: proverKey,
      TRUSTED_ENODES: keys.map(addressOf).join(","),
      BOOTNODE_MULTIADDR: bootnodes.join(","),
      WORKERS: "1",
    }, { role: "znode", runtime: znodeRuntime });
    await until("both are linked", async () => {
      const links = znode.log().match(/"msg":"linked"/g) ?? [];
      return links.length >= 2 || undefined;
    });
  });
  afterAll(async () => {
    for (const node of [...enodes, znode]) await node?.kill();
  });

  test("each message is in one task, whichever is asked", async () => {
    const ids = await Promise.all(
      Array.from({ length: 40 }, (_, i) => post(enodes[i % 2]?.url ?? "", 2, `{"value":${i}}`)),
    );
    for (const [i, id] of ids.entries()) {
      await reaches(enodes[(i + 1) % 2]?.url ?? "", id, "outputted");
      const life = await states(enodes[0]?.url ?? "", id);
      expect(life.map(({ state }) => state)).toEqual([
        ...["received", "packed", "dispatched", "proved", "outputted"],
      ]);
    }
    expect(await metric(znode, "w3bstream_proof_seconds_count")).toBe(40);
  });

  test("the proof that a znode makes goes on when the enode that gave it is killed", async () => {
    const [dying, heir] = enodes as [NodeProcess, NodeProcess];
    const before = await metric(znode, "w3bstream_proof_seconds_count");
    // So that it is the other one that gives it.
    heir.child.kill("SIGSTOP");
    const id = await post(dying.url, 1, '{"value":21.5}');
    await until("it is being proved", async () => {
      return await metric(znode, "w3bstream_proofs_running") === 1 || undefined;
    });
    await dying.kill();
    heir.child.kill("SIGCONT");
    await reaches(heir.url, id, "outputted");
    const life = await states(heir.url, id);
    expect(life.map(({ state }) => state)).toEqual([
      ...["received", "packed", "dispatched", "proved", "outputted"],
    ]);
    expect(await metric(znode, "w3bstream_proof_seconds_count")).toBe(before + 1);
  });
});

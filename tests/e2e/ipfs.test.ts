/** Project files and blocks of tasks between processes that share no directory. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as dagJson from "@ipld/dag-json";
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";
import { bytesToHex } from "viem";
import { type Anvil, anvilAccount, startAnvil } from "../../src/chain/anvil.ts";
import { connectChain } from "../../src/chain/clients.ts";
import { localParties, nodeEnvironment, setUpNetwork } from "../../scripts/demo/network.ts";
import { freePort } from "../../scripts/free_port.ts";
import { weatherModule, workspace } from "./files.ts";
import { type NodeProcess, post, reaches, startNode, until, znodeRuntime } from "./node.ts";
import { ws } from "./ws.ts";

const root = join(import.meta.dirname, "../..");
const place = workspace();
const directory = (name: string) => join(place.directory, name);
const keyOf = (index: number) =>
  bytesToHex(anvilAccount(index).getHdKey().privateKey as Uint8Array);
const children: ChildProcess[] = [];
const nodes: NodeProcess[] = [];
let anvil: Anvil, env: Record<string, string>, enode: NodeProcess;
let listen: string, dial: string, uri: string;
/** Blocks of project 1: its config and its program. */
let files: string[];

/** Puts a project into a store and registers it; answers its uri. */
async function publish(store: string, version: Record<string, unknown> = {}): Promise<string> {
  const draft = directory(`${store}.json`);
  const code = join(root, "wasm/dist/weather_halo2.wasm");
  const fixed = { version: "0.1", vmType: "halo2", code, output: { type: "stdout" } };
  await writeFile(draft, JSON.stringify({ versions: [{ ...fixed, ...version }] }));
  const run = async (signer: number, ...args: string[]) => {
    const { code, out, err } = await ws([...args, "--json"], {
      ...env,
      OPERATOR_PRIVATE_KEY: keyOf(signer),
    });
    if (code !== 0) throw new Error(out + err);
    return JSON.parse(out);
  };
  const { uri, hash } = await run(
    1,
    ...["project", "publish", draft, "--data-directory", directory(store)],
  );
  const { projectId } = await run(1, "project", "create", "--uri", uri, "--hash", hash);
  const operator = localParties().operator.address;
  await run(1, "project", "operator", "add", projectId, operator);
  return uri;
}

async function startEnode(): Promise<void> {
  const { PROVER_PRIVATE_KEY: _, ...rest } = env;
  enode = await startNode(
    { ...rest, DATA_DIRECTORY: directory("enode"), P2P_LISTEN: listen },
    { role: "enode" },
  );
  nodes.push(enode);
}

async function startZnode(name: string, account: number, more: Record<string, string> = {}) {
  await mkdir(directory(name), { recursive: true });
  const { PROVER_PRIVATE_KEY: _, ...rest } = env;
  const node = await startNode({
    ...rest,
    DATA_DIRECTORY: directory(name),
    OPERATOR_PRIVATE_KEY: keyOf(account),
    WORKERS: "1",
    ...more,
  }, { role: "znode", runtime: znodeRuntime });
  nodes.push(node);
  return node;
}

const blocksOf = async (name: string): Promise<string[]> =>
  (await readdir(join(directory(name), "ipfs/blocks"), { recursive: true }).catch(() => []))
    .filter((file) => file.length > 64).map((file) => file.split("/")[1] as string);

beforeAll(async () => {
  anvil = await startAnvil();
  const deployment = await setUpNetwork(await connectChain(anvil.url), localParties());
  env = nodeEnvironment(anvil.url, deployment);
  uri = await publish("enode", { packing: { count: 2 } });
  listen = `/ip4/127.0.0.1/tcp/${await freePort()}`;
  await startEnode();
  const peer = JSON.parse(await readFile(join(directory("enode"), "peer.json"), "utf8"));
  dial = peer.multiaddrs.join(",");
});

afterAll(async () => {
  for (const node of nodes) await node.kill();
  for (const child of children) child.kill("SIGKILL");
  await anvil?.stop();
  await place.remove();
});

test(
  "a znode with an empty directory gets config and program from the enode, and proves",
  async () => {
    const znode = await startZnode("znode", 4, { BOOTNODE_MULTIADDR: dial });
    const ids = await Promise.all([1, 2].map((n) => post(enode.url, 1, `{"value":${n}}`)));
    for (const id of ids) await reaches(enode.url, id, "outputted");
    expect(znode.log()).toContain('"project loaded"');
    files = await blocksOf("znode");
    const { digest } = CID.parse(uri.slice(7)).multihash;
    expect(files).toContain(`1220${Buffer.from(digest).toString("hex")}`);
    expect(files.length).toBe(2);
  },
);

test("a task's block is fetched from the enode by its CID, and holds what was signed", async () => {
  const task = await (await fetch(`${enode.url}/task/1/1`)).json() as Record<string, string>;
  const args = ["task", "block", task.block as string, "--peer", dial, "--json"];
  const { code, out, err } = await ws(args);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const block = JSON.parse(out);
  expect(block).toMatchObject({
    taskId: task.taskHash,
    task: { projectId: "1", version: "0.1", chainId: "31337", router: env.ROUTER_CONTRACT_ADDRESS },
    signer: localParties().operator.address,
  });
  expect(block.leaves.length).toBe(2);
  expect(out).not.toContain("value");
  // The name is the hash of exactly these fields.
  const { signer: _, ...fields } = block;
  const digest = await sha256.digest(dagJson.encode(fields));
  expect(`${CID.createV1(dagJson.code, digest)}`).toBe(task.block as string);
});

test("an enode that is killed while it packs publishes all tasks all the same", async () => {
  const ids = await Promise.all(
    Array.from({ length: 12 }, (_, n) => post(enode.url, 1, `{"value":${n}}`)),
  );
  await reaches(enode.url, ids[0] as string, "packed");
  await enode.kill();
  await startEnode();
  for (const id of ids) await reaches(enode.url, id, "packed");
  const names: string[] = [];
  // A database that was killed leaves numbers out.
  for (let n = 1; n <= 100; n++) {
    const { block } = await (await fetch(`${enode.url}/task/1/${n}`)).json() as { block?: string };
    if (!block) continue;
    names.push(block);
  }
  expect(names.length).toBe(7);
  for (const name of names) {
    const { code, out, err } = await ws(["task", "block", name, "--peer", dial]);
    expect({ code, err, out }).toMatchObject({ code: 0, out: expect.stringContaining("root") });
  }
});

test("a config that nobody has is told, and served once a peer brings it", async () => {
  // Too large for one block, whatever compression does.
  const noise = randomBytes(5_000_000);
  const module = join(place.directory, "large.wasm");
  // A custom section: its size as LEB128, and its name, which is empty.
  const section = [0, 0xc1, 0x96, 0xb1, 2, 0];
  await writeFile(module, Buffer.concat([await weatherModule(), Uint8Array.from(section), noise]));
  const missing = await publish("elsewhere", { packing: { count: 1 }, code: module });
  const said = await until(
    "it is told",
    async () => enode.log().split("\n").find((line) => line.includes("project can't be loaded")),
  );
  expect(said).toContain(
    `fetch project config failed, projectID 2, uri ${missing}: ${missing.slice(7)} came neither ` +
      "from a connected peer nor from an endpoint (IPFS_ENDPOINT is not set)",
  );
  const refused = await post(enode.url, 2, '{"value":1}').catch((error) => String(error));
  expect(refused).toContain("project config not exist, projectID 2, version 0.1: fetch project");
  const ids = await Promise.all([1, 2].map((n) => post(enode.url, 1, `{"value":${n}}`)));
  for (const id of ids) await reaches(enode.url, id, "outputted");

  await startZnode("elsewhere", 6, { BOOTNODE_MULTIADDR: dial });
  const id = await until(
    "it is served",
    () => post(enode.url, 2, '{"value":3}').catch(() => undefined),
  );
  await reaches(enode.url, id, "outputted");
});

describe.each(["gateway", "kubo"])("an endpoint (%s)", (kind) => {
  test("gives a node the files of projects", async () => {
    const server = spawn(
      join(root, "node_modules/.bin/bun"),
      [join(import.meta.dirname, "gateway.ts"), join(directory("enode"), "ipfs"), kind],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    children.push(server);
    const [line] = await once(server.stdout, "data");
    const name = `by ${kind}`;
    const node = await startZnode(name, 4, { IPFS_ENDPOINT: String(line).trim() });
    await until(
      "the project is loaded",
      async () => node.log().includes('"project loaded"') || undefined,
    );
    expect(await blocksOf(name)).toEqual(expect.arrayContaining(files));
  });
});

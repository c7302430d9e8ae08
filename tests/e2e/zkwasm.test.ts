/**
 * ZkWasm projects through a node: an original's file as it is, whose proofs hide, and a guest that
 * commits, proven without hiding.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { fixture, workspace, writeProject } from "./files.ts";
import { type NodeProcess, post, reaches, startNode, states, znodeRuntime } from "./node.ts";

const place = workspace();
const projects = join(place.directory, "projects");
let node: NodeProcess;

const input = (publics: unknown[], privates: unknown[]) =>
  JSON.stringify({ public_input: publics, private_input: privates });

beforeAll(async () => {
  await mkdir(projects);
  await copyFile(fixture("original-zkwasm.json"), join(projects, "10002"));
  const guest = join(import.meta.dirname, "../../wasm/dist/guests/meter.wasm");
  await writeProject(projects, 1, {
    vmType: "zkwasm",
    code: new Uint8Array(await readFile(guest)),
    codeExpParam: '{"profile":"fast"}',
    packing: { count: 3, window: 2 },
  });
  node = await startNode({ ...place.env, PROJECT_FILE_DIRECTORY: projects });
});

afterAll(async () => {
  await node?.kill();
  await place.remove();
});

describe("a node without a chain", () => {
  test("proves for an original's project file and outputs to stdout", async () => {
    const id = await post(node.url, 10002, input([7], [3, "0x4"]));
    await reaches(node.url, id, "outputted");
    expect((await states(node.url, id)).map((entry) => entry.state)).toEqual([
      "received",
      "packed",
      "dispatched",
      "proved",
      "outputted",
    ]);
  });

  test("fails what the guest refuses, with its reason and no input", async () => {
    const id = await post(node.url, 10002, input([123456789], [3, 4]));
    const failed = await reaches(node.url, id, "failed");
    expect(failed.comment).toContain("require failed");
    const text = await post(node.url, 10002, input([7], ["hunter2"]));
    expect((await reaches(node.url, text, "failed")).comment).toContain("private_input.0");
    expect(failed.comment + node.log()).not.toMatch(/123456789|hunter2/);
  });

  test("packs readings into one task and proves it by a guest that commits to them", async () => {
    const readings = [[12], [-34], [90_000]];
    const ids = await Promise.all(readings.map((one) => post(node.url, 1, input([], one))));
    const proved = await Promise.all(ids.map((id) => reaches(node.url, id, "proved")));
    await Promise.all(ids.map((id) => reaches(node.url, id, "outputted")));
    // After the commitment: two are normal, their sum, and a flag for the third.
    const { outputs } = JSON.parse(proved[0]?.result ?? "");
    expect(outputs.slice(4)).toEqual(["2", String(2n ** 64n - 22n), "4"]);
  });

  test("ends by itself on SIGTERM", async () => {
    expect(await node.stop()).toBe(0);
  });
});

test("an enode takes the proof that a znode on the other runtime made", async () => {
  const keys = [generatePrivateKey(), generatePrivateKey()] as const;
  const [enodeAddress, znodeAddress] = keys.map(privateKeyToAddress) as [string, string];
  const nodes: NodeProcess[] = [];
  const start = async (role: string, index: 0 | 1, env: Record<string, string>) => {
    const DATA_DIRECTORY = join(place.directory, role);
    const own = { PROJECT_FILE_DIRECTORY: projects, OPERATOR_PRIVATE_KEY: keys[index] };
    const options = { role, ...(index === 1 && { runtime: znodeRuntime }) };
    const started = await startNode({ DATA_DIRECTORY, ...own, ...env }, options);
    nodes.push(started);
    return started;
  };
  try {
    const enode = await start("enode", 0, { TRUSTED_PROVERS: znodeAddress });
    const peer = await readFile(join(place.directory, "enode", "peer.json"), "utf8");
    const BOOTNODE_MULTIADDR = JSON.parse(peer).multiaddrs.join(",");
    await start("znode", 1, { TRUSTED_ENODES: enodeAddress, BOOTNODE_MULTIADDR });
    const ids = await Promise.all([1, 2, 3].map((one) => post(enode.url, 1, input([], [one]))));
    for (const id of ids) await reaches(enode.url, id, "outputted");
    expect(enode.log()).toContain(`"by":"${znodeAddress}"`);
  } finally {
    for (const one of nodes) await one.kill();
  }
});

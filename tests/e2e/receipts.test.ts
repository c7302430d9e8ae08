/** A proof that its enode never heard of is given, not made again, after both were killed. */
import { afterAll, expect, test } from "bun:test";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { freePort } from "../../scripts/free_port.ts";
import { weatherModule, workspace, writeProject } from "./files.ts";
import { type NodeProcess, nodesIn, post, reaches, sleep, until } from "./node.ts";

const place = workspace();
const directory = (name: string) => join(place.directory, name);
const [enodeKey, znodeKey] = [generatePrivateKey(), generatePrivateKey()];
const { start, kill } = nodesIn(directory);

afterAll(async () => {
  await kill();
  await place.remove();
});

const kept = async () =>
  (await readdir(join(directory("znode"), "receipts"))).filter((name) => name.endsWith(".log"));

/** Proofs that the process has begun. */
async function proofs(znode: NodeProcess): Promise<{ running: number; made: number }> {
  const metrics = await (await fetch(`${znode.url}/metrics`)).text();
  const value = (name: RegExp) => Number(name.exec(metrics)?.[1] ?? 0);
  return {
    running: value(/^w3bstream_proofs_running (\d+)$/m),
    made: value(/^w3bstream_proof_seconds_count\{.*\} (\d+)$/m),
  };
}

test("a receipt outlives its znode and its enode", async () => {
  await mkdir(directory("projects"));
  await writeProject(directory("projects"), 1, {
    code: await weatherModule(),
    packing: { count: 1, window: 1 },
    output: { type: "stdout" },
  });
  const enodeEnv = {
    TRUSTED_PROVERS: privateKeyToAddress(znodeKey),
    P2P_LISTEN: `/ip4/127.0.0.1/tcp/${await freePort()}`,
  };
  let enode = await start("enode", enodeKey, enodeEnv);
  const peer = JSON.parse(await readFile(join(directory("enode"), "peer.json"), "utf8"));
  const znodeEnv = {
    TRUSTED_ENODES: privateKeyToAddress(enodeKey),
    BOOTNODE_MULTIADDR: (peer.multiaddrs as string[]).join(","),
    WORKERS: "1",
  };
  let znode = await start("znode", znodeKey, znodeEnv);

  const id = await post(enode.url, 1, '{"value":1}');
  while ((await proofs(znode)).running === 0) await sleep(20);
  enode.child.kill("SIGSTOP");
  await until("the proof is made", async () => (await kept()).length === 1 || undefined);
  expect((await proofs(znode)).made).toBe(1);
  await Promise.all([znode.kill(), enode.kill()]);

  enode = await start("enode", enodeKey, enodeEnv);
  expect((await kept()).length).toBe(1);
  znode = await start("znode", znodeKey, znodeEnv);
  await reaches(enode.url, id, "outputted");
  expect(await proofs(znode)).toEqual({ running: 0, made: 0 });
  await until("the receipt is forgotten", async () => (await kept()).length === 0 || undefined);

  // It does prove what it has not proved.
  await reaches(enode.url, await post(enode.url, 1, '{"value":2}'), "outputted");
  expect((await proofs(znode)).made).toBe(1);
});

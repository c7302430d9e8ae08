/** From a message's receipt anyone checks what became of it, the enode gone or not. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../scripts/free_port.ts";
import { startNetwork, type TestNetwork } from "./chain.ts";
import { workspace } from "./files.ts";
import { type NodeProcess, post, reaches, startNode, until } from "./node.ts";
import { type Result, ws } from "./ws.ts";

const place = workspace();
const [data, file] = [join(place.directory, "data"), join(place.directory, "receipt.json")];
const readings = ['{"value":21.5}', '{"value":22.5}', '{"value":20.5}'];
const program = join(import.meta.dirname, "../../wasm/dist/weather_halo2.wasm");
let network: TestNetwork, node: NodeProcess, ids: string[];

const verify = (path: string, ...args: string[]) =>
  ws(["verify", path, "--enode", node.url, ...args], { CHAIN_ENDPOINT: network.anvil.url });
const check = (result: Result, name: string) =>
  new RegExp(`^${name} +(\\S+) (.*)$`, "m").exec(result.out)?.slice(1) ?? [];

/** The receipt with something else in it, in a file of its own. */
async function changed(change: (receipt: Record<string, never>) => void): Promise<string> {
  const receipt = JSON.parse(await readFile(file, "utf8"));
  change(receipt);
  const path = join(place.directory, "changed.json");
  await writeFile(path, JSON.stringify(receipt));
  return path;
}

beforeAll(async () => {
  network = await startNetwork(data, { count: 3, window: 5 });
  const listen = `/ip4/127.0.0.1/tcp/${await freePort()}`;
  node = await startNode({ ...place.env, ...network.env, P2P_LISTEN: listen });
  const send = (text: string) =>
    until("the project is served", () => post(node.url, 1, text).catch(() => undefined));
  ids = [];
  for (const reading of readings) ids.push(await send(reading));
  for (const id of ids) await reaches(node.url, id, "outputted");
  const [, id = ""] = ids;
  const saved = await ws(["message", "receipt", id, "--enode", node.url, "--output", file]);
  expect(saved).toMatchObject({ code: 0, out: expect.stringContaining("proof    of halo2") });
});
afterAll(async () => {
  await node?.kill();
  await network?.anvil.stop();
  await place.remove();
});

test("holds from the message to the router", async () => {
  const result = await verify(file, "--data", readings[1] ?? "");
  expect(result).toMatchObject({ code: 0 });
  expect(check(result, "data")).toEqual(["ok", "the leaf is of this message"]);
  expect(check(result, "inclusion").join(" ")).toMatch(/^ok message \d of 3 in a task that 0x/);
  const { prover, operator } = network.parties;
  expect(check(result, "inclusion")[1]).toContain(operator.address);
  expect(check(result, "proof")).toEqual([
    "ok",
    `valid, of halo2, about this task's data, made by ${prover.address}`,
  ]);
  expect(check(result, "chain").join(" ")).toMatch(/^ok the router accepted it in block \d+/);
});

test("is not of other data, and of none where nobody gives it", async () => {
  const other = await verify(file, "--data", '{"value":21.6}');
  expect(other).toMatchObject({ code: 1, err: expect.stringContaining("does not hold: data") });
  expect(check(await verify(file), "data")[0]).toBe("?");
});

// deno-lint-ignore no-explicit-any
type Any = any;
test.each<[string, (receipt: Any) => void]>([
  ["inclusion", (r) => r.leaf.path[0] = r.leaf.hash],
  ["inclusion", (r) => r.task.nonce = `${BigInt(r.task.nonce) + 1n}`],
  ["proof", (r) => {
    const bytes = Uint8Array.fromBase64(r.proof.proof);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    r.proof.proof = bytes.toBase64();
  }],
  ["proof", (r) => {
    const bytes = Uint8Array.fromBase64(r.proof.publicValues);
    bytes[31] = (bytes[31] ?? 0) ^ 1;
    r.proof.publicValues = bytes.toBase64();
  }],
  ["proof", (r) => r.proof.task.prover = network.parties.rival.address],
])("does not hold when its %s is another", async (name, change) => {
  const result = await verify(await changed(change), "--data", readings[1] ?? "");
  expect(result.code).toBe(1);
  expect(check(result, name)[0]).toBe("NO");
});

test("of a message that is unknown or not packed there is none", async () => {
  const unknown = "01930000-0000-7000-8000-000000000001";
  const answer = await fetch(`${node.url}/message/${unknown}/receipt`);
  expect([answer.status, (await answer.json()).error]).toEqual([
    404,
    `there is no message ${unknown} here`,
  ]);
  const id = await post(node.url, 1, '{"value":1}');
  const early = await fetch(`${node.url}/message/${id}/receipt`);
  expect([200, 409]).toContain(early.status);
});

test("holds when the enode is gone, by program and chain alone", async () => {
  await node.kill();
  const args = ["--data", readings[1] ?? ""];
  const without = await verify(file, ...args);
  expect(without.code).toBe(0);
  expect(check(without, "proof")[0]).toBe("?");
  const result = await verify(file, ...args, "--program", program);
  expect(result.code).toBe(0);
  for (const name of ["data", "inclusion", "proof", "chain"]) {
    expect(check(result, name)[0]).toBe("ok");
  }
});

/** A project's own packer: a task a device, and what the program reads is each reading once. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseReceipt } from "../../src/protocol/receipt_file.ts";
import { weatherModule, workspace, writeProject } from "./files.ts";
import { type NodeProcess, reaches, startNode, states } from "./node.ts";

const place = workspace();
const projects = join(place.directory, "projects");
const sample = join(import.meta.dirname, "../../wasm/dist/guests/packer_device.wasm");
let node: NodeProcess;

beforeAll(async () => {
  await mkdir(projects);
  const code = await weatherModule();
  const program = new Uint8Array(await readFile(sample));
  const output = { type: "stdout" };
  await writeProject(projects, 1, { code, output, packing: { program, count: 5, window: 30 } });
  await writeProject(projects, 2, { code, output, packing: { program: code, count: 1 } });
  await writeProject(projects, 3, { code, output, packing: { count: 1 } });
  node = await startNode({ ...place.env, PROJECT_FILE_DIRECTORY: projects });
});
afterAll(async () => {
  await node?.kill();
  await place.remove();
});

async function sendAll(projectID: number, messages: readonly string[]): Promise<string[]> {
  const answer = await fetch(`${node.url}/messages`, {
    method: "POST",
    body: JSON.stringify(messages.map((data) => ({ projectID, projectVersion: "0.1", data }))),
  });
  const { messages: stored } = await answer.json() as { messages: { messageID: string }[] };
  return stored.map(({ messageID }) => messageID);
}

test("each message is in the task, the proof is of each reading once", async () => {
  const readings = [20, 21, 20, 21, 22].map((value) => `{"value":${value}}`);
  const ids = await sendAll(1, readings);
  for (const id of ids) await reaches(node.url, id, "outputted");
  const receipt = await (await fetch(`${node.url}/message/${ids[0]}/receipt`)).json();
  expect(receipt.leaf.count).toBe(5);
  const { publicValues } = parseReceipt(receipt.proof);
  const words = Array.from(
    { length: publicValues.length / 32 },
    (_, i) => Number(BigInt(`0x${publicValues.slice(32 * i, 32 * i + 32).toHex()}`) & 0xffff_ffffn),
  );
  const [, least, greatest, count] = words;
  expect(count).toBe(3);
  expect([least, greatest].every((n) => n !== undefined && n > 0)).toBe(true);
});

test("one that is none stalls its project, and says so, and no other", async () => {
  const [stuck = ""] = await sendAll(2, ['{"value":20}']);
  const [id = ""] = await sendAll(3, ['{"value":20}']);
  await reaches(node.url, id, "outputted");
  const waits = async () => (await states(node.url, stuck))[0]?.comment ?? "";
  while (!await waits()) await Bun.sleep(100);
  expect(await waits()).toContain("the project's packer: ");
  expect(await states(node.url, stuck)).toHaveLength(1);
});

/** A task's way through all stages shows in the metrics and in the log. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { weatherModule, workspace, writeProject } from "./files.ts";
import { type NodeProcess, post, reaches, startNode, until } from "./node.ts";

const place = workspace();
const projects = join(place.directory, "projects");
let node: NodeProcess;

beforeAll(async () => {
  await mkdir(projects);
  const [code, output] = [await weatherModule(), { type: "stdout" }];
  await writeProject(projects, 1, { code, output, packing: { count: 1 } });
  await writeProject(projects, 2, { code, output, packing: { count: 2 } });
  node = await startNode({ ...place.env, PROJECT_FILE_DIRECTORY: projects });
});
afterAll(async () => {
  await node?.kill();
  await place.remove();
});

test("each stage counts what it did, how long it took and what it has", async () => {
  await post(node.url, 2, '{"value":1}');
  await reaches(node.url, await post(node.url, 1, '{"value":20}'), "outputted");
  const wanted = [
    "w3bstream_ready 1",
    "w3bstream_da_commit_seconds_count 2",
    "w3bstream_da_commit_messages_sum 2",
    `w3bstream_ingest_queue{unit="messages"} 0`,
    `w3bstream_unpacked_messages{project="2"} 1`,
    "w3bstream_pack_seconds_count 1",
    `w3bstream_tasks_total{project="1",state="outputted"} 1`,
    ...["dispatched", "proved", "outputted"]
      .map((state) => `w3bstream_task_seconds_count{state="${state}"} 1`),
    "w3bstream_check_seconds_count 1",
    `w3bstream_dispatch{of="peers"} 1`,
    `w3bstream_dispatch{of="leases"} 0`,
    `w3bstream_proofs_total{runtime="halo2",result="made"} 1`,
    `w3bstream_proof_seconds_count{runtime="halo2"} 1`,
    `w3bstream_output_seconds_count{type="stdout",state="confirmed"} 1`,
    "w3bstream_p2p_links 1",
  ];
  let missing: string[] = wanted;
  await until("the metrics tell of it", async () => {
    const lines = (await (await fetch(`${node.url}/metrics`)).text()).split("\n");
    missing = wanted.filter((line) => !lines.includes(line));
    return missing.length === 0 || undefined;
  }).catch((error) => {
    throw new Error(`not told: ${missing.join("; ")}`, { cause: error });
  });
  const text = await (await fetch(`${node.url}/metrics`)).text();
  expect(text).not.toContain("w3bstream_tasks_open{");
  expect(text).not.toContain("\nw3bstream_chain_silent_seconds ");
});

test("the log tells each step of a task with its id", async () => {
  const id = await post(node.url, 1, '{"value":21}');
  await reaches(node.url, id, "outputted");
  const { taskId } = await (await fetch(`${node.url}/message/${id}/receipt`)).json();
  const lines = node.log().split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { msg: string; task?: string });
  const tasks = Map.groupBy(lines.filter(({ task }) => task !== undefined), ({ task }) => task);
  expect(tasks.size).toBe(2);
  expect([...tasks.keys()]).toContain(taskId);
  for (const own of tasks.values()) {
    expect(new Set(own.map(({ msg }) => msg))).toEqual(
      new Set(["packed", "dispatched", "proving", "proved", "output confirmed", "outputted"]),
    );
  }
});

/** Project files of the original's formats run unchanged from PROJECT_FILE_DIRECTORY. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fixture, weatherModule, workspace, writeProject } from "./files.ts";
import { type NodeProcess, post, reaches, startNode, states } from "./node.ts";

const place = workspace();
const projects = join(place.directory, "projects");
let node: NodeProcess;

beforeAll(async () => {
  await mkdir(projects);
  await copyFile(fixture("original-halo2-v1.json"), join(projects, "10001"));
  await copyFile(fixture("original-halo2-v2.json"), join(projects, "10002"));
  await writeProject(projects, 1, {
    code: await weatherModule(),
    packing: { count: 4, window: 1 },
  });
  node = await startNode({ ...place.env, PROJECT_FILE_DIRECTORY: projects });
});

afterAll(async () => {
  await node?.kill();
  await place.remove();
});

describe("a node without a chain", () => {
  test.each([["prove(input)", 10001], ["prove(project, task, client, signature, input)", 10002]])(
    "proves for an original module of the form %s and outputs to stdout",
    async (_form, project) => {
      const id = await post(node.url, project, '{"private_a":3,"private_b":4}');
      await reaches(node.url, id, "outputted");
      const life = await states(node.url, id);
      expect(life.map((entry) => entry.state)).toEqual([
        "received",
        "packed",
        "dispatched",
        "proved",
        "outputted",
      ]);
      expect(life[3]?.result).toContain("proof");
      // Printed as hex, once, as the original has it.
      const printed = new RegExp(
        `^stdout projectID=${project} taskID=0x\\w{64} proof=(\\w+)$`,
        "gm",
      );
      const proofs = [...node.log().matchAll(printed)].map(([, proof]) => proof ?? "");
      expect(proofs.map((proof) => Buffer.from(proof, "hex").toString())).toEqual([
        life[3]?.result as string,
      ]);
    },
  );

  test(
    "packs leftovers when the window ends, and proves them with the sample circuit",
    async () => {
      const ids = await Promise.all(
        [12.3, -4.5].map((value) => post(node.url, 1, JSON.stringify({ value }))),
      );
      for (const id of ids) await reaches(node.url, id, "outputted");
    },
  );

  test("one message that the program refuses fails alone", async () => {
    const [good, bad] = await Promise.all([
      post(node.url, 1, '{"value":1}'),
      post(node.url, 1, '{"value":"hunter2"}'),
    ]);
    const failed = await reaches(node.url, bad, "failed");
    expect(failed.comment).toContain("value");
    await reaches(node.url, good, "outputted");
    expect(failed.comment + node.log()).not.toContain("hunter2");
  });

  test("shows a task by its number and by its id, and the metrics of all", async () => {
    const byNumber = await (await fetch(`${node.url}/task/10001/1`)).json();
    expect(byNumber).toMatchObject({ taskID: 1, projectID: 10001 });
    const byId = await (await fetch(`${node.url}/task/10001/${byNumber.taskHash}`)).json();
    expect(byId).toEqual(byNumber);
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    expect(metrics).toContain('w3bstream_messages_total{project="10001",result="accepted"} 1');
  });

  test("ends by itself on SIGTERM", async () => {
    expect(await node.stop()).toBe(0);
  });
});

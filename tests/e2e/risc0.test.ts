/**
 * Risc0 projects through a node: a guest of ours, proven for real, and an original's file as it is.
 * `SLOW=1` proves the latter as well; each proof takes all cores for a minute.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { installedLibrary } from "../../runtimes/risc0/installed.ts";
import { slow } from "../slow.ts";
import { fixture, workspace, writeProject } from "./files.ts";
import { type NodeProcess, post, reaches, startNode, states } from "./node.ts";

const place = workspace();
const projects = join(place.directory, "projects");
const installed = installedLibrary() !== undefined;
let node: NodeProcess;

beforeAll(async () => {
  await mkdir(projects);
  await copyFile(fixture("original-risc0.json"), join(projects, "10000"));
  const guest = join(import.meta.dirname, "../../wasm/dist/guests/risc0_meter.bin");
  await writeProject(projects, 1, {
    vmType: "risc0",
    code: new Uint8Array(await readFile(guest)),
    codeExpParam: '{"input":"bytes","binding":"data"}',
    packing: { count: 3, window: 2 },
  });
  node = await startNode({ ...place.env, PROJECT_FILE_DIRECTORY: projects });
});

afterAll(async () => {
  await node?.kill();
  await place.remove();
});

/** The last numbers of a journal, of 8 bytes each. */
const numbers = (journal: string, count: number) =>
  (journal.slice(2).match(/.{16}/g) ?? []).slice(-count).map((number) => BigInt(`0x${number}`));

if (!installed) test.skip("risc0: the prover is not built (bun run build:native)", () => {});

describe.skipIf(!installed)("a node with the risc0 prover", () => {
  test("packs readings into one task, proves it, verifies it and outputs it", async () => {
    const ids = await Promise.all(["21.5", "-3", "99"].map((one) => post(node.url, 1, one)));
    for (const id of ids) await reaches(node.url, id, "outputted");
    const life = await states(node.url, ids[0] as string);
    expect(life.map((entry) => entry.state)).toEqual([
      "received",
      "packed",
      "dispatched",
      "proved",
      "outputted",
    ]);
    const { journal } = JSON.parse(life[3]?.result ?? "");
    // Three readings, of which two are within the range, and the sum of those in thousandths.
    expect(numbers(journal, 3)).toEqual([3n, 2n, 18_500n]);
  });

  test("fails what a guest refuses by the dry run, with its reason and no input", async () => {
    const id = await post(node.url, 1, "hunter2");
    const failed = await reaches(node.url, id, "failed");
    expect(failed.comment).toContain("the guest refused its input: exit code 2");
    const out = '{"private_input":"hunter2","public_input":"3,34","receipt_type":"Stark"}';
    const panicked = await reaches(node.url, await post(node.url, 10000, out), "failed");
    expect(panicked.comment).toContain("the guest panicked");
    const snark = '{"private_input":"14","public_input":"3,34","receipt_type":"Snark"}';
    const refused = await reaches(node.url, await post(node.url, 10000, snark), "failed");
    expect(refused.comment).toContain("RISC0_PROVER_ENDPOINT");
    const told = failed.comment + panicked.comment + node.log();
    expect(told.includes("hunter2")).toBe(false);
  });

  test.skipIf(!slow)("proves for an original's project file", async () => {
    const data = '{"private_input":"14","public_input":"3,34","receipt_type":"Stark"}';
    const id = await post(node.url, 10000, data);
    await reaches(node.url, id, "outputted");
    const { result } = (await states(node.url, id))[3] ?? {};
    const journal = Buffer.from(JSON.parse(result ?? "").journal.slice(2), "hex").toString();
    expect(journal).toMatch(/3.*34/);
    expect(journal).not.toContain("14");
  });

  test("ends by itself on SIGTERM", async () => {
    expect(await node.stop()).toBe(0);
  });
});

/** Hostile and broken projects end in a clear state; the node goes on. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { weatherModule, workspace, writeProject } from "./files.ts";
import { type NodeProcess, post, reaches, sleep, startNode, testedOn, until } from "./node.ts";
import { hostile } from "../../runtimes/testing/programs.ts";

const place = workspace();
const projects = join(place.directory, "projects");
let node: NodeProcess;

beforeAll(async () => {
  await mkdir(projects);
  await writeProject(projects, 1, { code: await weatherModule() });
  const bad = [
    "a trap",
    "a loop without end in prove",
    "a start function that never ends",
    "a memory bomb in prove",
  ];
  for (const [index, name] of bad.entries()) {
    const code = hostile[name]?.().code;
    if (!code) throw new Error(`no program "${name}"`);
    // What never ends is given little time; on a busy machine the rest takes seconds to start.
    const timeout = name.includes("end") ? 2 : 60;
    await writeProject(projects, 2 + index, { code, timeout, attempts: 1 });
  }
  await writeProject(projects, 6, { code: new Uint8Array([1, 2, 3]) });
  await writeFile(join(projects, "7"), '[{"version":"0.1","vmType":"halo2"}]');
  await writeFile(join(projects, "8"), "not a project");
  node = await startNode({
    ...place.env,
    PROJECT_FILE_DIRECTORY: projects,
    PROVER_MEMORY_MB: "512",
    WORKERS: "2",
  });
});

afterAll(async () => {
  await node?.kill();
  await place.remove();
});

/** CPU seconds of the node's whole process tree, from `ps`. */
function cpuSeconds(pid: number): number {
  const rows = execFileSync("ps", ["-eo", "pid=,ppid=,cputimes="], { encoding: "utf8" })
    .trim().split("\n").map((row) => row.trim().split(/\s+/).map(Number));
  const family = new Set([pid]);
  for (let grew = true; grew;) {
    grew = false;
    for (const [child = 0, parent = 0] of rows) {
      if (family.has(parent) && !family.has(child)) grew = !!family.add(child);
    }
  }
  return rows.reduce((sum, [child = 0, , cpu = 0]) => sum + (family.has(child) ? cpu : 0), 0);
}

const startFunction: [string, number, RegExp] = [
  "never ends in its start function",
  4,
  /longer|timeout|timed out|seconds/,
];

describe("a project whose program", () => {
  const cases: [string, number, RegExp][] = [
    ["traps", 2, /trap/],
    ["never ends", 3, /longer|timeout|timed out|seconds/],
    // It spins for each try to load it, 10 s; runtimes.test.ts kills such programs on both runtimes.
    ...(testedOn("bun") ? [startFunction] : []),
    ["takes all memory", 5, /memory|trap/],
    ["is no WebAssembly", 6, /load|WebAssembly|module/i],
  ];
  test.each(cases)("%s fails with a reason", async (_what, project, reason) => {
    const id = await post(node.url, project, '{"x":1}');
    const failed = await reaches(node.url, id, "failed");
    expect(failed.comment).toMatch(reason);
  });

  test("has failed uses no CPU any more", async () => {
    await sleep(1000);
    const before = cpuSeconds(node.child.pid as number);
    await sleep(3000);
    expect(cpuSeconds(node.child.pid as number) - before).toBeLessThanOrEqual(1);
  });
});

describe("a project file", () => {
  test("that is wrong is reported by its field, and its messages are refused", async () => {
    await until("file 7 is reported", async () => /code/.test(node.log()) || undefined);
    const refused = (id: number) => expect(post(node.url, id, "x")).rejects;
    const reason = (id: number) => `project config not exist, projectID ${id}, version 0.1`;
    await refused(7).toThrow(`404: ${reason(7)}: project file 7: versions[0].code: `);
    await refused(8).toThrow(
      `404: ${reason(8)}: project file 8: the project file is not`,
    );
  });

  test("that appears while the node runs is served, and refused once it is gone", async () => {
    await writeProject(projects, 9, { code: await weatherModule() });
    const id = await until(
      "project 9 is served",
      () => post(node.url, 9, '{"value":1}').catch(() => undefined),
    );
    await reaches(node.url, id, "outputted");
    await rm(join(projects, "9"));
    await until(
      "project 9 is gone",
      () => post(node.url, 9, '{"value":1}').then(() => undefined, () => true),
    );
  });
});

test("the node still proves for a good project", async () => {
  const id = await post(node.url, 1, '{"value":20.5}');
  await reaches(node.url, id, "outputted");
});

import { expect, test } from "bun:test";
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";

test("the dispatch bench measures real processes", async () => {
  const script = new URL("./dispatch.ts", import.meta.url).pathname;
  const flags = "--databases pglite --queued 30,60 --tasks 20 --trips 1 --json".split(" ");
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...flags]);
  const { results } = JSON.parse(stdout);
  expect(results.map((r: { queued: number }) => r.queued)).toEqual([30, 60]);
  for (const { tasksPerSecond, tripsPerSecond, ratio } of results) {
    expect(tasksPerSecond).toBeGreaterThan(0);
    expect(ratio).toBeCloseTo(tasksPerSecond / tripsPerSecond);
  }
}, 300_000);

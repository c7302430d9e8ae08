import { expect, test } from "bun:test";
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";

test(
  "of two znodes, and of two enodes on one PostgreSQL, both take part, and nothing is done twice",
  async () => {
    const script = new URL("./scale.ts", import.meta.url).pathname;
    const flags =
      "--znodes 2 --enodes 2 --prove 300 --workers 4 --verify 40 --projects 4 --seconds 3 --json";
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...flags.split(" ")]);
    const { results } = JSON.parse(stdout);
    expect(results.map((r: { stage: string }) => r.stage)).toEqual(["znodes", "enodes"]);
    for (const { enodes, znodes, tasksPerSecond, shares, twice } of results) {
      expect(twice).toBe(0);
      expect(tasksPerSecond).toBeGreaterThan(0);
      expect(shares.enodes.length).toBe(enodes);
      expect(shares.znodes.length).toBe(znodes);
      for (const share of [...shares.enodes, ...shares.znodes]) expect(share).toBeGreaterThan(0);
    }
  },
  600_000,
);

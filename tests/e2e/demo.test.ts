/** The quick start's first command. */
import { describe, expect, test } from "bun:test";
import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { nodeRuntime } from "./node.ts";

const root = join(import.meta.dirname, "../..");

function demo(...args: string[]): Promise<{ code: number; out: string }> {
  const file = join(root, "node_modules/.bin/bun");
  const options = { cwd: root, env: { PATH: process.env.PATH, HOME: process.env.HOME } };
  return new Promise((resolve) => {
    execFile(
      file,
      ["scripts/demo/index.ts", ...args],
      options,
      (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, out: stdout + stderr }),
    );
  });
}

// The demo itself runs on Bun; the nodes' runs on Deno have the other files.
describe.if(nodeRuntime === "bun")("the demo", () => {
  test.each([["an enode and two znodes", []], ["one node", ["--role", "all"]]])(
    "with %s ends with values on the chain and refusals, and exits 0",
    async (_, args) => {
      const { code, out } = await demo("--messages", "32", ...args);
      expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining("done") });
      expect(out.match(/°C/g)?.length).toBe(2 * 3);
      for (const error of ["TaskUsed", "InvalidProof", "BindingMismatch", "NotOperator"]) {
        expect(out).toContain(error);
      }
    },
  );

  test("exits non-zero and says why", async () => {
    const { code, out } = await demo("--messages", "0");
    expect(code).toBe(1);
    expect(out).toContain("--messages must be from 1 to 4096");
  });
});

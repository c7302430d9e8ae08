import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

const root = join(import.meta.dirname, "../..");
const bin = (name: string) => join(root, "node_modules/.bin", name);
/** Prints a result again and again, and says of each on standard error whether that went well. */
const script = `
  import { stdoutOutput } from ${JSON.stringify(import.meta.resolve("./stdout.ts"))};
  const job = { task: { projectId: 1n }, taskId: "0x1", receipt: { proof: new Uint8Array(4) } };
  const output = stdoutOutput();
  for (;;) {
    console.error(await output.run(job).then(({ state }) => state, () => "failed"));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }`;

test.each<[string, string[]]>([
  ["bun", ["-e", script]],
  ["deno", ["eval", "--ext=ts", script]],
])("on %s nothing is taken for printed when its reader is gone", async (name, args) => {
  const child = spawn(bin(name), args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const said: string[] = [];
  child.stderr.on("data", (text) => said.push(...String(text).trim().split("\n")));
  const exited = once(child, "exit");
  try {
    await once(child.stdout, "data");
    child.stdout.destroy();
    const failures = () => said.filter((line) => line === "failed").length;
    while (failures() < 3 && child.exitCode === null) await setTimeout(10);
    const first = said.indexOf("failed");
    expect(said.slice(0, first)).toEqual(Array(first).fill("confirmed"));
    expect(said.slice(first, first + 3)).toEqual(["failed", "failed", "failed"]);
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
}, 60_000);

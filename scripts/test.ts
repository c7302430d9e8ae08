/** Runs every check of the project and ends with `N passed, N failed, N skipped`. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { slow } from "../tests/slow.ts";
import { keepTarget, restoreTarget } from "./build/target_cache.ts";
import { type Counts, excerpt, failedFiles } from "./test/output.ts";
import { noteOf, recall, remember } from "./test/remembered.ts";
import { root, type Step, steps } from "./test/steps.ts";

const path = [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter);

/** Cargo workspaces that tests build. */
const workspaces = [
  "wasm",
  "wasm/packer",
  "wasm/guests",
  "wasm/wrap",
  "wasm/risc0",
  "wasm/guests/risc0",
  "wasm/risc0_kernel",
]
  .map((folder) => join(root, folder));

/** @param live whether the output is shown as it comes */
function run(step: Step, live: boolean): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const [file = "", ...args] = step.command;
    const child = spawn(file, args, {
      cwd: join(root, step.cwd ?? "."),
      env: { ...process.env, ...step.env, PATH: path, FORCE_COLOR: undefined, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (step.background && child.pid) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    let output = "";
    const collect = (stream: NodeJS.ReadableStream) =>
      stream.on("data", (chunk) => {
        output += chunk;
        if (live) process.stdout.write(chunk);
      });
    collect(child.stdout);
    collect(child.stderr);
    child.on("error", (error) => resolve({ code: 127, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

function available(tool: string): boolean {
  return path.split(delimiter).some((directory) => existsSync(join(directory, tool)));
}

const all = steps(available("cargo"));
const only = process.argv.slice(2);
if (only.includes("--help")) {
  console.log("usage: npm test [-- <part of a step's name> …]\n\nsteps:");
  for (const { name } of all) console.log(`  ${name}`);
  process.exit(0);
}
const wanted = all.filter(({ name }) =>
  only.length === 0 || only.some((part) => name.includes(part))
);
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
interface Failure {
  readonly step: Step;
  readonly output: string;
  readonly failed: number;
}
const failures: Failure[] = [];

async function check(step: Step, live: boolean): Promise<void> {
  const title = `\n── ${step.name}: ${step.command.join(" ")}`;
  if (live) console.log(title);
  if (step.needs && !step.needs.tools.every(available)) {
    console.log(`${live ? "" : title}\nSKIPPED: ${step.needs.why}`);
    total.skipped++;
    return;
  }
  const note = step.inputs && noteOf([step.cwd ?? "", ...step.command], root, step.inputs);
  if (note && !slow && recall(note, step.makes)) {
    console.log(`${live ? "" : title}\n── ${step.name}: passed before with the same files`);
    total.passed++;
    return;
  }
  const began = performance.now();
  const { code, output } = await run(step, live);
  if (note && code === 0) remember(note, step.makes);
  if (!live) console.log(`${title}\n${output}`);
  const counts = step.count?.(output) ?? { passed: code === 0 ? 1 : 0, failed: 0, skipped: 0 };
  // A tool that fails, or runs nothing, without naming a failed test is itself the failed check.
  const ranNothing = counts.passed + counts.failed === 0;
  if ((code !== 0 || ranNothing) && counts.failed === 0) counts.failed = 1;
  if (counts.failed > 0) failures.push({ step, output, failed: counts.failed });
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`── ${step.name}: ${counts.failed === 0 ? "ok" : "FAILED"} in ${seconds} s`);
}

/** Runs each lane's steps in their order, the lanes side by side; the first lane's are shown live. */
async function checkAll(): Promise<void> {
  const ended = new Map(wanted.map(({ name }) => [name, Promise.withResolvers<void>()]));
  const lanes = Map.groupBy(wanted, ({ lane }) => lane ?? "");
  const shown = [...lanes.keys()][0];
  await Promise.all([...lanes].map(async ([lane, own]) => {
    for (const step of own) {
      await Promise.all((step.after ?? []).map((name) => ended.get(name)?.promise));
      await check(step, lane === shown);
      ended.get(step.name)?.resolve();
    }
  }));
}

if (available("cargo")) workspaces.forEach(restoreTarget);
// What makes a second build faster makes the first one slower.
if (!existsSync(join(root, "wasm/target/debug/incremental"))) process.env.CARGO_INCREMENTAL ??= "0";
await checkAll();
if (available("cargo")) workspaces.forEach(keepTarget);

for (const { step, output, failed } of failures) {
  console.log(`\n── failed: ${step.name}\n${excerpt(output)}`);
  const files = failedFiles(output);
  if (!step.again || files.length === 0) continue;
  console.log(`\n── ${step.name}, once more: ${files.join(" ")}`);
  const { code } = await run({ ...step, command: [...step.again, ...files] }, true);
  if (code !== 0) continue;
  console.log(`── UNSTEADY, passed when run again: ${step.name}: ${files.join(" ")}`);
  total.failed -= failed;
  total.passed += failed;
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);

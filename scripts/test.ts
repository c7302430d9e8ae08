/** Runs every check of the project and ends with `N passed, N failed, N skipped`. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { libraryName } from "./build/cargo.ts";

const root = join(import.meta.dirname, "..");
const path = [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter);

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Skipped, loudly, when this is not to be had. */
  readonly needs?: { readonly tool: string; readonly why: string };
  /** Runs beside the step before it: both wait for most of their time. */
  readonly beside?: true;
  /**
   * The command without its files. The files with a failure are run once more when all else has
   * ended, and both runs are shown: a machine that is busy with other things fails what waits.
   */
  readonly again?: readonly string[];
  /** Reads the tool's own counts; a step without them counts as one. */
  readonly count?: (output: string) => Counts;
}

const sum = (output: string, pattern: RegExp) =>
  [...output.matchAll(pattern)].reduce((n, m) => n + Number(m[1]), 0);

const bunCounts = (output: string): Counts => ({
  passed: sum(output, /^ *(\d+) pass$/gm),
  failed: sum(output, /^ *(\d+) fail$/gm),
  skipped: sum(output, /^ *(\d+) (?:skip|todo)$/gm),
});
const forgeCounts = (output: string): Counts => ({
  passed: sum(output, /: (\d+) tests? passed, \d+ failed, \d+ skipped \(/g),
  failed: sum(output, /: \d+ tests? passed, (\d+) failed, \d+ skipped \(/g),
  skipped: sum(output, /: \d+ tests? passed, \d+ failed, (\d+) skipped \(/g),
});
const cargoCounts = (output: string): Counts => ({
  passed: sum(output, /^test result: \w+\. (\d+) passed/gm),
  failed: sum(output, /^test result: .*?(\d+) failed/gm),
  skipped: sum(output, /^test result: .*?(\d+) ignored/gm),
});

/** What the tools print for a test that failed. */
const failure = /^\(fail\) |^test .* FAILED$|^\[FAIL|panicked at|^error(\[|:)/;

/** The lines of failures with some before them, so that the end of a long log says what is wrong. */
function excerpt(output: string, before = 25, most = 150): string {
  const lines = output.split("\n");
  const kept = new Set<number>();
  lines.forEach((line, index) => {
    if (!failure.test(line)) return;
    for (let at = Math.max(0, index - before); at <= index + 2; at++) kept.add(at);
  });
  const shown = kept.size > 0 ? lines.filter((_, index) => kept.has(index)) : lines;
  return shown.slice(-most).join("\n");
}

/** The files of which bun says that a test failed. */
function failedFiles(output: string): string[] {
  const files = new Set<string>();
  let file: string | undefined;
  for (const line of output.split("\n")) {
    // What follows names the failures again, without their files.
    if (/^\d+ tests? (failed|skipped):$/.test(line)) break;
    file = /^(\S+\.test\.ts):$/.exec(line)?.[1] ?? file;
    if (file && line.startsWith("(fail) ")) files.add(file);
  }
  return [...files];
}

const rust = { tool: "cargo", why: "Rust is not installed: the crates in wasm/ go untested" };

/** With a limit that only what hangs will meet, in milliseconds. */
const bunTest = ["bun", "test", "--timeout", "600000"];

/** Where cargo puts the native prover. */
const nativeProver = join(root, "wasm/target/debug", libraryName("zkwasm"));

const steps: Step[] = [
  { name: "format", command: ["deno", "fmt", "--check", "--quiet"] },
  { name: "lint", command: ["deno", "lint", "--quiet"] },
  { name: "types", command: ["tsc", "--noEmit"] },
  { name: "contracts: format", command: ["node", "contracts/forge.mjs", "fmt", "--check"] },
  {
    name: "contracts: ABIs are current",
    command: ["bun", "scripts/build/contracts.ts", "--check"],
  },
  {
    name: "contracts: tests",
    command: ["node", "contracts/forge.mjs", "test"],
    count: forgeCounts,
  },
  {
    name: "shared vectors are current",
    command: ["bun", "scripts/build/vectors.ts", "--check"],
  },
  {
    name: "wasm: toolchain is installed",
    command: ["rustup", "toolchain", "install"],
    cwd: "wasm",
    needs: { tool: "rustup", why: "rustup is not installed: cargo is used as it is" },
  },
  {
    name: "wasm: native prover is built",
    command: ["cargo", "build", "--package", "zkwasm", "--lib", "--features", "parallel"],
    cwd: "wasm",
    needs: rust,
  },
  {
    name: "unit tests",
    command: [...bunTest, "src", "runtimes", "scripts"],
    again: bunTest,
    env: available("cargo") ? { ZKWASM_NATIVE: nativeProver } : {},
    count: bunCounts,
  },
  ...["bun", "deno"].map((runtime): Step => ({
    name: `end to end, nodes on ${runtime}`,
    command: [...bunTest, "tests"],
    env: { NODE_RUNTIME: runtime },
    count: bunCounts,
    again: bunTest,
    ...(runtime === "deno" ? { beside: true } : {}),
  })),
  { name: "wasm: format", command: ["cargo", "fmt", "--check"], cwd: "wasm", needs: rust },
  {
    name: "wasm: clippy",
    command: ["cargo", "clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"],
    cwd: "wasm",
    needs: rust,
  },
  {
    name: "wasm: tests",
    command: ["cargo", "test", "--workspace"],
    cwd: "wasm",
    needs: rust,
    count: cargoCounts,
  },
  {
    name: "wasm: committed modules are current",
    command: ["bun", "scripts/build/halo2.ts", "--check"],
    needs: rust,
  },
  {
    name: "wasm: committed prover is current",
    command: ["bun", "scripts/build/zkwasm.ts", "--check"],
    needs: rust,
  },
  {
    name: "wasm: committed guests are current",
    command: ["bun", "scripts/build/guests.ts", "--check"],
    needs: rust,
  },
  {
    name: "risc0 guests: format",
    command: ["cargo", "fmt", "--all", "--check"],
    cwd: "wasm/guests/risc0",
    needs: rust,
  },
  {
    name: "risc0 guests: clippy",
    command: ["cargo", "clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"],
    cwd: "wasm/guests/risc0",
    needs: rust,
  },
  {
    name: "risc0 guests: tests",
    command: ["cargo", "test"],
    cwd: "wasm/guests/risc0",
    needs: rust,
    count: cargoCounts,
  },
  {
    name: "risc0 guests: committed programs are current",
    command: ["bun", "scripts/build/risc0_guests.ts", "--check"],
    needs: rust,
  },
];

/** @param live whether the output is shown as it comes */
function run(step: Step, live: boolean): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const [file = "", ...args] = step.command;
    const child = spawn(file, args, {
      cwd: join(root, step.cwd ?? "."),
      env: { ...process.env, ...step.env, PATH: path, FORCE_COLOR: undefined, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
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

const only = process.argv.slice(2);
if (only.includes("--help")) {
  console.log("usage: npm test [-- <part of a step's name> …]\n\nsteps:");
  for (const { name } of steps) console.log(`  ${name}`);
  process.exit(0);
}
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
interface Failure {
  readonly step: Step;
  readonly output: string;
  readonly failed: number;
}
const failures: Failure[] = [];
const wanted = steps.filter(({ name }) =>
  only.length === 0 || only.some((part) => name.includes(part))
);

async function check(step: Step, live: boolean): Promise<void> {
  const title = `\n── ${step.name}: ${step.command.join(" ")}`;
  if (live) console.log(title);
  if (step.needs && !available(step.needs.tool)) {
    console.log(`SKIPPED: ${step.needs.why}`);
    total.skipped++;
    return;
  }
  const began = performance.now();
  const { code, output } = await run(step, live);
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

for (let first = 0, next = 1; first < wanted.length; first = next++) {
  while (wanted[next]?.beside) next++;
  const together = wanted.slice(first, next);
  await Promise.all(together.map((step, index) => check(step, index === 0)));
}
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

/**
 * What it costs to prove through the native library in a caged child, beside a host in Rust alone
 * (`wasm/risc0/examples/prove.rs`) that proves the same run of the sample guest; runs alternate.
 */
import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { NativeSource } from "../../runtimes/native.ts";
import { ChildPool } from "../../runtimes/pool.ts";
import { Engine } from "../../runtimes/risc0/engine.ts";
import { risc0Runtime } from "../../runtimes/risc0/index.ts";
import { stdinOf } from "../../runtimes/risc0/input.ts";
import { cacheOf, installedLibrary, workspace } from "../../runtimes/risc0/installed.ts";
import { openNativeRisc0 } from "../../runtimes/risc0/native.ts";
import { greatestPo2, segmentBytes } from "../../runtimes/risc0/size.ts";
import type { ProveContext, TaskInput } from "../../runtimes/runtime.ts";
import { runtimeName } from "../../src/platform.ts";
import { bindingOf, programIdOf } from "../../src/protocol/task.ts";
import { cargo } from "../build/cargo.ts";
import { cpuMs, endedChildrenMs } from "./cpu.ts";

/** What one proof took. */
interface Cost {
  readonly cpuSeconds: number;
  readonly seconds: number;
  /** Highest resident bytes. */
  readonly peakMemory: number;
}
interface Ours extends Cost {
  /** Longest that the event loop of the child's parent was held up, ms. */
  readonly heldMs: number;
}

interface Row {
  /** Rows of the run's one segment, as a power of two. */
  readonly po2: number;
  readonly cycles: number;
  readonly dryRunMs: number;
  readonly ours: Ours;
  readonly host: Cost;
  /** Processor time, the median of the pairs. */
  readonly ratio: number;
  /** What `runtimes/risc0/size.ts` takes for the highest resident bytes. */
  readonly foretold: number;
}

const guest = fileURLToPath(new URL("../../wasm/dist/guests/risc0_meter.bin", import.meta.url));
const code = new Uint8Array(readFileSync(guest));
const context: ProveContext = {
  taskId: `0x${"11".repeat(32)}`,
  prover: `0x${"22".repeat(20)}`,
  projectId: 1n,
  version: "0.1",
  serial: 1n,
  clientId: "",
  signature: "0x",
};
const readings = (count: number): TaskInput => ({
  messages: Array.from(
    { length: count },
    (_, i) => new TextEncoder().encode((20 + i / 1000).toFixed(3)),
  ),
  salt: new Uint8Array(32).fill(7),
});
const stdinFor = (input: TaskInput) =>
  stdinOf("committed", input, bindingOf(context.taskId, context.prover));

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** Highest resident bytes of a process so far; 0 once it is gone. */
function peakMemory(pid: number): number {
  try {
    const [, kib] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kib ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Segments are cut before they are full, so that a full one needs a higher limit. */
const limitFor = (po2: number) => Math.min(po2 + 1, greatestPo2);

/** Input whose run is one segment of that size, and what a dry run says of it. */
function inputFor(engine: Engine, po2: number) {
  const limits = { segmentPo2: limitFor(po2), cycles: 2 ** 28 };
  for (let count = 1; count < 100_000; count = Math.ceil(count * 1.3)) {
    const input = readings(count);
    const stdin = stdinFor(input);
    const dryRun = () => engine.run(code, stdin, limits, (execution) => execution);
    const { segments, cycles } = dryRun();
    if (segments.length > 1) break;
    if (segments[0] !== po2) continue;
    const times = Array.from({ length: 5 }, () => {
      const began = performance.now();
      dryRun();
      return performance.now() - began;
    });
    return { input, stdin, cycles, dryRunMs: median(times) };
  }
  throw new Error(`the sample guest makes no single segment of 2^${po2} rows`);
}

/** By this project's own runtime, in a process of its own. */
async function prove(native: NativeSource, po2: number, input: TaskInput): Promise<Ours> {
  const provers = new ChildPool({ size: 1 });
  // Enough for that limit, not for the next.
  const limits = { memoryBytes: segmentBytes(limitFor(po2) + 1) - 1, timeoutSeconds: 3600 };
  const runtime = risc0Runtime({ provers, workers: 1, limits, native: () => native });
  const never = new AbortController().signal;
  try {
    const spec = { vmType: "risc0" as const, code, param: "", programId: programIdOf(code, "") };
    const program = await runtime.load(spec, never);
    let [last, heldMs] = [performance.now(), 0];
    const timer = setInterval(() => {
      const now = performance.now();
      heldMs = Math.max(heldMs, now - last - 10);
      last = now;
    }, 10);
    const began = performance.now();
    await program.prove(input, context, never).finally(() => clearInterval(timer));
    const seconds = (performance.now() - began) / 1000;
    const pid = provers.pids[0] ?? 0;
    // Of the whole process, with its start, as of the other host.
    return { cpuSeconds: cpuMs(pid) / 1000, seconds, peakMemory: peakMemory(pid), heldMs };
  } finally {
    await runtime.close();
    await provers.close();
  }
}

/** By the host in Rust, with as many threads. */
function proveInRust(host: string, stdinFile: string, po2: number): Promise<Cost> {
  return new Promise((resolve, reject) => {
    const [before, began] = [endedChildrenMs(), performance.now()];
    const child = spawn(host, [guest, stdinFile, String(limitFor(po2))], {
      env: { RAYON_NUM_THREADS: String(availableParallelism()) },
      stdio: ["ignore", "ignore", "inherit"],
    });
    let peak = 0;
    const timer = setInterval(() => peak = Math.max(peak, peakMemory(child.pid ?? 0)), 50);
    child.on("error", reject);
    child.on("close", (exit) => {
      clearInterval(timer);
      if (exit !== 0) return reject(new Error(`the host in Rust ended with ${exit}`));
      const cpuSeconds = (endedChildrenMs() - before) / 1000;
      resolve({ cpuSeconds, seconds: (performance.now() - began) / 1000, peakMemory: peak });
    });
  });
}

const middle = <T extends Cost>(costs: readonly T[]): T =>
  [...costs].sort((a, b) => a.cpuSeconds - b.cpuSeconds)[Math.floor(costs.length / 2)] as T;

async function measure(
  say: (line: string) => void,
  native: NativeSource,
  host: string,
  directory: string,
  po2: number,
  runs: number,
): Promise<Row> {
  const engine = new Engine(await openNativeRisc0(native));
  const { input, stdin, cycles, dryRunMs } = inputFor(engine, po2);
  const stdinFile = join(directory, `stdin-${po2}`);
  writeFileSync(stdinFile, stdin);
  const ours: Ours[] = [];
  const hosts: Cost[] = [];
  const sides = [
    async () => void ours.push(await prove(native, po2, input)),
    async () => void hosts.push(await proveInRust(host, stdinFile, po2)),
  ];
  for (let run = 0; run < runs; run++) {
    say(`2^${po2} rows, run ${run + 1}/${runs}`);
    for (const side of run % 2 === 0 ? sides : [...sides].reverse()) await side();
  }
  const ratio = median(ours.map((one, i) => one.cpuSeconds / (hosts[i]?.cpuSeconds ?? NaN)));
  const shown = {
    ...middle(ours),
    heldMs: Math.max(...ours.map((one) => one.heldMs)),
  };
  const foretold = segmentBytes(po2);
  return { po2, cycles, dryRunMs, ours: shown, host: middle(hosts), ratio, foretold };
}

/** Measures and prints. @throws {Error} where the library is not built, or there is no `/proc` */
export async function benchRisc0(
  { runs, sizes, json }: { runs: number; sizes: readonly number[]; json: boolean },
): Promise<void> {
  if (process.platform !== "linux") throw new Error("processor time is read from Linux' /proc");
  const native = installedLibrary();
  if (!native) throw new Error("the risc0 prover is not built: bun run build:native builds it");
  const say = (line: string) => json || console.error(line);
  say("building the host in Rust");
  const target = join(cacheOf().directory, "target");
  cargo(
    workspace,
    ["build", "--release", "--features", "prove", "--locked", "--quiet", "--example", "prove"],
    { CARGO_TARGET_DIR: target, DOCS_RS: "1" },
  );
  const directory = mkdtempSync(join(tmpdir(), "w3bstream-bench-"));
  // Another build in the cache may take it away.
  const host = join(directory, "prove");
  copyFileSync(join(target, "release/examples/prove"), host);
  const rows: Row[] = [];
  try {
    for (const po2 of sizes) rows.push(await measure(say, native, host, directory, po2, runs));
  } finally {
    rmSync(directory, { recursive: true });
  }
  const machine = { on: runtimeName, cores: availableParallelism(), load: loadavg()[0] };
  if (json) return console.log(JSON.stringify({ ...machine, runs, rows }));
  const mib = (bytes: number) => Math.round(bytes / 2 ** 20);
  console.table(rows.map(({ po2, cycles, dryRunMs, ours, host, ratio, foretold }) => ({
    rows: `2^${po2}`,
    cycles,
    "dry run, ms": dryRunMs.toFixed(1),
    "cpu-s": ours.cpuSeconds.toFixed(2),
    "cpu-s, Rust": host.cpuSeconds.toFixed(2),
    "beside Rust": ratio.toFixed(3),
    "s": ours.seconds.toFixed(1),
    "s, Rust": host.seconds.toFixed(1),
    "MiB": mib(ours.peakMemory),
    "MiB, Rust": mib(host.peakMemory),
    "MiB foretold": mib(foretold),
    "parent held, ms": Math.round(ours.heldMs),
  })));
  console.log(`on ${machine.on}, ${machine.cores} cores, load ${machine.load?.toFixed(1)}`);
}

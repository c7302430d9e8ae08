/**
 * Proofs per second through the runtimes, beside calling the same module in a bare loop in this
 * process. Rounds of the two alternate, so that a busy machine disturbs both alike.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import process from "node:process";
import { createRuntimes, type Runtimes } from "../../runtimes/index.ts";
import type { Program, ProgramSpec, ProveContext, TaskInput } from "../../runtimes/runtime.ts";
import { runtimeName } from "../../src/platform.ts";
import { programIdOf } from "../../src/protocol/task.ts";
import { greatestPo2, leastPo2 } from "../../runtimes/risc0/size.ts";
import { benchRisc0 } from "./risc0.ts";
import { flagsOf, whole, wrong } from "./options.ts";

const help = `Usage: bun scripts/bench/prover.ts [options]

Proofs/s, latency and memory of each runtime for 1..N workers, beside a bare loop over the module.

  --runtime <name> halo2 (default), or risc0: the native library beside a host in Rust alone
  --workers <n>    most workers (default: cores of this machine)
  --proofs <n>     proofs a worker makes in a round (default 2)
  --rounds <n>     rounds, of which the median counts (default 6)
  --program <path> Halo2 program of our C-ABI form (default wasm/dist/weather_halo2.wasm)
  --native <path>  a native build of it, measured as well
  --runs <n>       for risc0: pairs of proofs a size (default 3)
  --po2 <n,…>      for risc0: segments' sizes, as powers of two of rows (default 15,16,17)
  --json           print one JSON object
  --help           this text`;

const flags = flagsOf(help, {
  runtime: "halo2",
  runs: "3",
  po2: "15,16,17",
  workers: String(availableParallelism()),
  proofs: "2",
  rounds: "6",
  program: undefined,
  native: undefined,
});
if (flags.runtime === "risc0") {
  const sizes = flags.po2.split(",").map(Number);
  if (!sizes.every((po2) => Number.isInteger(po2) && po2 >= leastPo2 && po2 <= greatestPo2)) {
    wrong(`--po2 must be whole numbers from ${leastPo2} to ${greatestPo2}`);
  }
  await benchRisc0({ runs: whole("runs", flags.runs, 1000), sizes, json: flags.json });
  process.exit(0);
} else if (flags.runtime !== "halo2") {
  wrong("--runtime must be halo2 or risc0");
}
const [workers, proofs, rounds] = [
  whole("workers", flags.workers, 1024),
  whole("proofs", flags.proofs, 100_000),
  whole("rounds", flags.rounds, 1000),
];

interface Figures {
  readonly proofsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}
interface Result extends Figures {
  readonly runtime: string;
  readonly workers: number;
  /** Of the bare loop, a worker; the median over rounds. */
  readonly ratioPerWorker?: number;
  /** Of one worker's rate; the median over rounds. */
  readonly speedup?: number;
  /** Highest resident bytes of one process. */
  readonly peakMemory: number;
}

const never = new AbortController().signal;
const path = flags.program ?? new URL("../../wasm/dist/weather_halo2.wasm", import.meta.url);
const code = new Uint8Array(readFileSync(path));
const spec: ProgramSpec = { vmType: "halo2", code, param: "", programId: programIdOf(code, "") };
const input: TaskInput = {
  messages: Array.from({ length: 16 }, (_, i) => encode(JSON.stringify({ value: 20 + i / 10 }))),
  salt: new Uint8Array(32).fill(7),
};
const context: ProveContext = {
  taskId: `0x${"11".repeat(32)}`,
  prover: `0x${"22".repeat(20)}`,
  projectId: 1n,
  version: "0.1",
  serial: 1n,
  clientId: "",
  signature: "0x",
};

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The least that calls the module: no pool, no checks, the input ready. */
function bareProver(): () => void {
  type Exports = Record<string, (...args: number[]) => number> & { memory: WebAssembly.Memory };
  const instance: { exports: WebAssembly.Exports } = new WebAssembly.Instance(
    new WebAssembly.Module(code),
    {
      env: {
        host_random: (at: number, length: number) => {
          crypto.getRandomValues(new Uint8Array(exports.memory.buffer as ArrayBuffer, at, length));
        },
        host_log: () => {},
        host_progress: () => {},
      },
    },
  );
  const exports = instance.exports as Exports;
  const json = encode(JSON.stringify({
    messages: input.messages.map((message) => new TextDecoder().decode(message)),
    salt: `0x${"07".repeat(32)}`,
    binding: `0x${"33".repeat(32)}`,
  }));
  return () => {
    const at = exports.ws_alloc?.(json.length) ?? 0;
    new Uint8Array(exports.memory.buffer, at, json.length).set(json);
    if (exports.ws_prove?.(at, json.length) !== 0) throw new Error("the bare loop did not prove");
    exports.ws_free?.(at, json.length);
  };
}

/** Runs `count` jobs on each of `lanes` lanes. */
async function measure(
  lanes: number,
  count: number,
  job: () => Promise<void> | void,
): Promise<{ rate: number; latencies: number[] }> {
  const latencies: number[] = [];
  const start = performance.now();
  await Promise.all(Array.from({ length: lanes }, async () => {
    for (let i = 0; i < count; i++) {
      const before = performance.now();
      await job();
      latencies.push(performance.now() - before);
    }
  }));
  return { rate: lanes * count / ((performance.now() - start) / 1000), latencies };
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}
const median = (values: readonly number[]) => quantile(values, 0.5);

interface Lane {
  readonly runtime: string;
  readonly workers: number;
  readonly job: () => Promise<void> | void;
  readonly rates: number[];
  readonly latencies: number[];
  peakMemory(): number;
}

const opened: Runtimes[] = [];

async function pooled(runtime: string, count: number, native?: string): Promise<Lane> {
  const library = native && {
    path: native,
    sha256: `0x${createHash("sha256").update(readFileSync(native)).digest("hex")}`,
  };
  const nativeLibraries = library ? { [spec.programId]: library } : {};
  const runtimes = createRuntimes({ workers: count, nativeLibraries, allowTestSetups: true });
  opened.push(runtimes);
  const program: Program = await runtimes.load(spec, never);
  return {
    runtime,
    workers: count,
    job: async () => void await program.prove(input, context, never),
    rates: [],
    latencies: [],
    peakMemory: () => runtimes.usage().peakMemory,
  };
}

function bare(): Lane {
  const job = bareProver();
  return {
    runtime: "bare loop",
    workers: 1,
    job,
    rates: [],
    latencies: [],
    peakMemory: () => process.memoryUsage().rss,
  };
}

function resultOf(lane: Lane, lanes: readonly Lane[]): Result {
  const rates = (runtime: string) =>
    lanes.find((other) => other.runtime === runtime && other.workers === 1)?.rates ?? [];
  const against = (base: readonly number[], scale: number) =>
    median(lane.rates.map((rate, i) => rate / scale / (base[i] ?? NaN)));
  const result: Result = {
    runtime: lane.runtime,
    workers: lane.workers,
    proofsPerSecond: median(lane.rates),
    p50Ms: quantile(lane.latencies, 0.5),
    p99Ms: quantile(lane.latencies, 0.99),
    peakMemory: lane.peakMemory(),
  };
  if (lane.runtime === "bare loop") return result;
  const speedup = lane.workers > 1 ? { speedup: against(rates(lane.runtime), 1) } : {};
  if (lane.runtime !== "halo2 wasm") return { ...result, ...speedup };
  return { ...result, ...speedup, ratioPerWorker: against(rates("bare loop"), lane.workers) };
}

const lanes: Lane[] = [bare()];
for (let n = 1; n <= workers; n++) lanes.push(await pooled("halo2 wasm", n));
for (let n = 1; flags.native && n <= workers; n++) {
  lanes.push(await pooled("halo2 native", n, flags.native));
}
try {
  // Once each beforehand: processes start, modules load, code is compiled.
  for (const { workers: count, job } of lanes) await measure(count, 1, job);
  for (let round = 1; round <= rounds; round++) {
    for (const lane of lanes) {
      if (!flags.json) console.error(`round ${round}/${rounds}: ${lane.runtime} × ${lane.workers}`);
      const { rate, latencies } = await measure(lane.workers, proofs, lane.job);
      lane.rates.push(rate);
      lane.latencies.push(...latencies);
    }
  }
} finally {
  await Promise.all(opened.map((runtimes) => runtimes.close()));
}

const results = lanes.map((lane) => resultOf(lane, lanes));
const machine = { on: runtimeName, cores: availableParallelism(), load: loadavg()[0] };
if (flags.json) {
  console.log(JSON.stringify({ ...machine, rounds, proofsPerRound: proofs, results }));
} else {
  console.table(results.map((r) => ({
    runtime: r.runtime,
    workers: r.workers,
    "proofs/s": r.proofsPerSecond.toFixed(3),
    "p50 ms": Math.round(r.p50Ms),
    "p99 ms": Math.round(r.p99Ms),
    "MiB a process": Math.round(r.peakMemory / 1048576),
    "of bare, a worker": r.ratioPerWorker?.toFixed(3) ?? "",
    "speed-up": r.speedup?.toFixed(2) ?? "",
  })));
  console.log(`on ${machine.on}, ${machine.cores} cores, load ${machine.load?.toFixed(1)}`);
}

/**
 * Tasks per second from packed to confirmed at stdout, beside the round trips per second of one
 * bare stream before and after them, with an enode and two znodes as processes on loopback.
 *
 * A round trip of the bare stream is a frame as large as a lease's, sent over an open libp2p stream
 * between two processes with the node's own host (TCP, Noise, Yamux) and back; the next is sent
 * when it has arrived. Nothing is signed, parsed or stored. A task takes three such trips (lease and
 * acceptance, payload and receipt, grant and report), a check of its own signature, a share of those
 * of the frames that carry it, and three commits; many tasks are under way at once.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { runtimeName } from "../../src/platform.ts";
import { startPostgres, type TestPostgres } from "../../tests/postgres.ts";
import { cpuMs } from "./cpu.ts";
import type { EnodeReport, NodeSettings, Trips } from "./dispatch_node.ts";
import { flagsOf, whole, wrong } from "./options.ts";

const evidenceKinds = ["none", "enode", "both"] as const;

const help = `Usage: bun scripts/bench/dispatch.ts [options]

Tasks/s from packed to confirmed at stdout, by number of queued tasks, beside the round trips/s of
one bare stream. Proofs take no time; everything else is as in a node.

  --databases <list>  of postgres, pglite (default both)
  --queued <list>     tasks queued at the start (default 5000,20000,100000)
  --tasks <n>         of which so many are done, a tenth to warm up (default 5000)
  --capacity <n>      proofs that a znode takes at once (default 128)
  --stakers <list>    znodes among which each task is ranked, and its assignment signed; 0: no
                      ranking, as without a chain (default 0)
  --evidence <list>   what is kept of what znodes sign, of none; enode: by the enode; both: by the
                      znodes too, as on a chain (default enode)
  --seconds <n>       most time for the tasks of one depth (default 60)
  --trips <n>         seconds of bare round trips before and after each depth (default 2)
  --json              print one JSON object
  --help              this text`;

const flags = flagsOf(help, {
  databases: "postgres,pglite",
  queued: "5000,20000,100000",
  tasks: "5000",
  capacity: "128",
  stakers: "0",
  evidence: "enode",
  seconds: "60",
  trips: "2",
});
const depths = flags.queued.split(",").map((n) => whole("queued", n, 1_000_000));
const tasks = whole("tasks", flags.tasks, 1_000_000);
const capacity = whole("capacity", flags.capacity, 4_096);
const seconds = whole("seconds", flags.seconds, 3_600);
const trips = whole("trips", flags.trips, 600);
const stakerCounts = flags.stakers.split(",").map((n) =>
  n === "0" ? 0 : whole("stakers", n, 100_000)
);
const keepings = flags.evidence.split(",").map((text) =>
  evidenceKinds.find((kind) => kind === text) ?? wrong("--evidence must be none, enode or both")
);
const kinds = flags.databases.split(",");
if (kinds.some((kind) => kind !== "postgres" && kind !== "pglite")) {
  wrong("--databases must be postgres, pglite or both");
}
const znodes = 2;

interface Result {
  readonly database: string;
  readonly queued: number;
  readonly stakers: number;
  readonly evidence: NodeSettings["evidence"];
  readonly tasksPerSecond: number;
  readonly tripsPerSecond: number;
  readonly ratio: number;
  /** CPU time of both ends a round trip. */
  readonly tripMs: number;
  /** CPU time a task. */
  readonly enodeMs: number;
  readonly znodeMs: number;
  /** Of a server; an embedded database is the enode's. */
  readonly databaseMs: number;
  /** Resident bytes of the enode. */
  readonly memory: number;
  /** Longest that its thread did not come round to what was due, ms. */
  readonly stallMs: number;
}

/** Everything a process may say, each field in a line of its own. */
interface Said {
  readonly addresses: string[];
  readonly warm: true;
  readonly report: EnodeReport;
  readonly trips: Trips;
}

const running = new Set<ChildProcess>();

class Node {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #directory = mkdtempSync(join(tmpdir(), "w3bstream-bench-"));

  constructor(settings: Pick<NodeSettings, "role"> & Partial<NodeSettings>) {
    const script = new URL("./dispatch_node.ts", import.meta.url).pathname;
    const arguments_ = runtimeName === "deno" ? ["run", "--quiet", "--allow-all"] : [];
    this.#child = spawn(process.execPath, [...arguments_, script], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    running.add(this.#child);
    this.#child.once("exit", () => running.delete(this.#child));
    const { stdin, stdout } = this.#child;
    if (!stdin || !stdout) throw new Error("no pipes");
    const all = {
      directory: this.#directory,
      depth: 0,
      stakers: 0,
      evidence: "enode" as const,
      tasks: 0,
      znodes,
      number: 0,
      capacity,
    };
    stdin.write(`${JSON.stringify({ ...all, seconds, dial: [], ...settings })}\n`);
    const lines = createInterface({ input: stdout });
    this.#lines = lines[Symbol.asyncIterator]();
  }

  get cpuMs(): number {
    return cpuMs(this.#child.pid as number);
  }

  /** Reads until the field is said; what else is said is passed over. */
  async hear<K extends keyof Said>(field: K): Promise<Said[K]> {
    for (let l = await this.#lines.next(); !l.done; l = await this.#lines.next()) {
      if (!l.value.startsWith("{")) continue;
      const said = JSON.parse(l.value) as Partial<Said> & { error?: string };
      if (said.error) throw new Error(said.error);
      const value = said[field];
      if (value !== undefined) return value as Said[K];
    }
    throw new Error("a process of the bench ended early");
  }

  async end(): Promise<void> {
    const ended = this.#child.exitCode === null && this.#child.signalCode === null
      ? once(this.#child, "exit")
      : undefined;
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(timer);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

async function bareTrips(): Promise<Trips> {
  const pong = new Node({ role: "pong" });
  try {
    const ping = new Node({ role: "ping", dial: await pong.hear("addresses"), seconds: trips });
    try {
      return await ping.hear("trips");
    } finally {
      await ping.end();
    }
  } finally {
    await pong.end();
  }
}

async function measure(
  kind: string,
  depth: number,
  stakers: number,
  evidence: NodeSettings["evidence"],
  server?: TestPostgres,
): Promise<Result> {
  const before = await bareTrips();
  const dsn = await server?.freshDatabase();
  const count = Math.min(tasks, depth);
  const nodes: Node[] = [];
  const start = (settings: ConstructorParameters<typeof Node>[0]): Node => {
    const node = new Node(settings);
    nodes.push(node);
    return node;
  };
  try {
    const enode = start({ role: "enode", dsn, depth, stakers, evidence, tasks: count });
    const dial = await enode.hear("addresses");
    const provers = Array.from(
      { length: znodes },
      (_, i) => start({ role: "znode", number: i + 1, evidence, dial }),
    );
    // A pipe that nobody reads would stop a znode's outputs.
    for (const prover of provers) prover.hear("report").catch(() => undefined);
    const spent = () => [
      enode.cpuMs,
      provers.reduce((sum, prover) => sum + prover.cpuMs, 0),
      server?.pid === undefined ? 0 : cpuMs(server.pid),
    ];
    await enode.hear("warm");
    const warm = spent();
    const report = await enode.hear("report");
    const [enodeMs, znodeMs, databaseMs] = spent()
      .map((ms, i) => (ms - (warm[i] as number)) / report.tasks) as [number, number, number];
    await Promise.all(nodes.map((node) => node.end()));
    const after = await bareTrips();
    const tasksPerSecond = report.tasks / report.seconds;
    const tripsPerSecond = (before.perSecond + after.perSecond) / 2;
    return {
      ...{ database: kind, queued: depth, stakers, evidence, tasksPerSecond, tripsPerSecond },
      ratio: tasksPerSecond / tripsPerSecond,
      tripMs: before.cpuMs + after.cpuMs,
      ...{ enodeMs, znodeMs, databaseMs },
      memory: report.memory,
      stallMs: report.stallMs,
    };
  } finally {
    await Promise.all(nodes.map((node) => node.end()));
  }
}

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => process.exit(130));

const results: Result[] = [];
for (const kind of kinds) {
  const server = kind === "postgres" ? await startPostgres() : undefined;
  try {
    const each = depths.flatMap((depth) =>
      stakerCounts.flatMap((n) => keepings.map((evidence) => [depth, n, evidence] as const))
    );
    for (const [depth, stakers, evidence] of each) {
      const r = await measure(kind, depth, stakers, evidence, server);
      results.push(r);
      if (flags.json) continue;
      console.log(
        `${kind.padEnd(8)} ${String(depth).padStart(7)} queued  ${stakers} stakers  ` +
          `evidence ${evidence.padEnd(5)}  ` +
          `${r.tasksPerSecond.toFixed(0).padStart(5)} tasks/s  ` +
          `bare ${r.tripsPerSecond.toFixed(0).padStart(5)} trips/s  ratio ${r.ratio.toFixed(3)}  ` +
          `CPU a trip ${r.tripMs.toFixed(2)} ms, a task: enode ${r.enodeMs.toFixed(2)} ms, ` +
          `znodes ${r.znodeMs.toFixed(2)} ms, database ${r.databaseMs.toFixed(2)} ms  ` +
          `enode ${(r.memory / 2 ** 20).toFixed(0)} MiB, held up for ${r.stallMs.toFixed(0)} ms`,
      );
    }
  } finally {
    await server?.stop();
  }
}
if (flags.json) console.log(JSON.stringify({ runtime: runtimeName, load: loadavg(), results }));
process.exit(0);

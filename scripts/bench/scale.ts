/**
 * Whether a second znode, or a second enode on the same PostgreSQL, raises the rate of tasks. All
 * nodes are processes with everything that a node has but the proofs, which take time and no work:
 * so that a machine of few cores can be as many znodes as the stage under test can use.
 */
import { loadavg } from "node:os";
import process from "node:process";
import { openPostgres } from "../../src/da/postgres.ts";
import { createLog } from "../../src/log.ts";
import { runtimeName } from "../../src/platform.ts";
import { startPostgres, type TestPostgres } from "../../tests/postgres.ts";
import { ScaleNetwork, type Shape, sleep, sum } from "./scale_network.ts";
import { flagsOf, whole } from "./options.ts";

const help = `Usage: bun scripts/bench/scale.ts [options]

Tasks/s of 1, 2 and 4 znodes, where proofs are what takes longest, and of 1 and 2 enodes that share
one PostgreSQL, where checking the proofs is. Enodes check one receipt at a time, as they always do.

  --znodes <list>     znodes to compare, at one enode (default 1,2,4)
  --enodes <list>     enodes to compare, at two znodes (default 1,2)
  --prove <ms>        a proof, with --znodes (default 1000)
  --workers <n>       proofs that a znode makes at once (default 16)
  --verify <ms>       the check of a receipt, with --enodes (default 50, what Halo2 takes)
  --commit <ms>       the commitment to a task's messages, with --enodes (default 4, likewise)
  --projects <n>      (default 8)
  --seconds <n>       of each measurement (default 15)
  --json              print one JSON object
  --help              this text`;

const flags = flagsOf(help, {
  znodes: "1,2,4",
  enodes: "1,2",
  prove: "1000",
  workers: "16",
  verify: "50",
  commit: "4",
  projects: "8",
  seconds: "15",
});
const list = (name: string, text: string) =>
  text.split(",").filter(Boolean).map((n) => whole(name, n, 16));
const [znodes, enodes] = [list("znodes", flags.znodes), list("enodes", flags.enodes)];
const seconds = whole("seconds", flags.seconds, 600);
const workers = whole("workers", flags.workers, 1024);
const projects = whole("projects", flags.projects, 1000);
const proveMs = whole("prove", flags.prove, 60_000);
const verifyMs = whole("verify", flags.verify, 60_000);
const commitMs = whole("commit", flags.commit, 60_000);

interface Result {
  readonly stage: "znodes" | "enodes";
  readonly enodes: number;
  readonly znodes: number;
  readonly tasksPerSecond: number;
  /** What the stage could do if nothing else took time. */
  readonly bound: number;
  /** Of the rate with the first number of the list. */
  readonly ratio: number;
  /** Tasks that each enode saw through, and proofs that each znode made. */
  readonly shares: { readonly enodes: readonly number[]; readonly znodes: readonly number[] };
  /** Tasks that were proved, or given to a znode, more than once. */
  readonly twice: number;
  /** CPU time of all nodes a task, ms. */
  readonly taskMs: number;
}

/** Of all tasks: how many are there, ended well, and were leased or proved more than once. */
async function audit(dsn: string): Promise<{ tasks: number; ended: number; twice: number }> {
  const database = await openPostgres({ dsn, log: createLog("error") });
  try {
    const [row] = await database.query<Record<"tasks" | "ended" | "twice", bigint>>(`
      with life as (
        select task_serial, count(*) filter (where state = 'dispatched') as leased,
               count(*) filter (where state = 'proved') as proved,
               count(*) filter (where state = 'outputted') as outputted
          from w3bstream.task_states group by task_serial
      )
      select count(*) as tasks, count(*) filter (where outputted = 1) as ended,
             count(*) filter (where leased > 1 or proved > 1 or outputted > 1) as twice
        from life`);
    return {
      tasks: Number(row?.tasks),
      ended: Number(row?.ended),
      twice: Number(row?.twice),
    };
  } finally {
    await database.close();
  }
}

async function measure(
  server: TestPostgres,
  shape: Shape,
): Promise<Omit<Result, "stage" | "ratio" | "bound">> {
  const dsn = await server.freshDatabase();
  const network = await ScaleNetwork.start(shape, dsn);
  try {
    network.feed();
    await network.warm(shape.backlog / 4);
    const from = await network.count();
    await sleep(seconds * 1000);
    const to = await network.count();
    const messages = await network.drain();
    const { tasks, ended, twice } = await audit(dsn);
    if (tasks !== messages || ended !== messages) {
      throw new Error(`${messages} messages became ${tasks} tasks, of which ${ended} ended`);
    }
    const less = (a: readonly number[], b: readonly number[]) => a.map((n, i) => n - (b[i] ?? 0));
    const done = less(to.done, from.done);
    return {
      ...{ enodes: shape.enodes, znodes: shape.znodes, twice },
      tasksPerSecond: sum(done) / ((to.at - from.at) / 1000),
      shares: { enodes: done, znodes: less(to.proofs, from.proofs) },
      taskMs: (to.cpuMs - from.cpuMs) / sum(done),
    };
  } finally {
    await network.stop();
  }
}

const results: Result[] = [];
const server = await startPostgres();
try {
  const cases = [
    ...znodes.map((n) => ({
      ...{ stage: "znodes" as const, first: znodes[0], bound: n * workers * 1000 / proveMs },
      shape: {
        ...{ enodes: 1, znodes: n, projects, workers, proveMs, commitMs: 1, verifyMs: 1 },
        backlog: 4 * n * workers,
      },
    })),
    ...enodes.map((n) => ({
      ...{ stage: "enodes" as const, first: enodes[0], bound: n * 1000 / (verifyMs + commitMs) },
      // Proofs are short beside the checks, and there is always a znode with room.
      shape: {
        ...{ enodes: n, znodes: 2, projects, workers, proveMs: verifyMs, commitMs, verifyMs },
        backlog: 8 * n * workers,
      },
    })),
  ];
  for (const { stage, bound, shape } of cases) {
    const measured = await measure(server, shape);
    const first = results.find((r) => r.stage === stage)?.tasksPerSecond;
    const ratio = first === undefined ? 1 : measured.tasksPerSecond / first;
    const r: Result = { stage, ...measured, bound, ratio };
    results.push(r);
    if (flags.json) continue;
    console.log(
      `${r.enodes} enodes  ${r.znodes} znodes  ${r.tasksPerSecond.toFixed(1).padStart(6)} tasks/s` +
        ` of ${bound.toFixed(1)}  ×${ratio.toFixed(2)}  CPU a task ${r.taskMs.toFixed(1)} ms` +
        `  enodes saw through ${r.shares.enodes.join(" + ")}` +
        `, znodes proved ${r.shares.znodes.join(" + ")}, ${r.twice} twice`,
    );
  }
} finally {
  await server.stop();
}
if (flags.json) console.log(JSON.stringify({ runtime: runtimeName, load: loadavg(), results }));
process.exit(0);

/**
 * What a look at the dashboard costs the database, with many tasks: ms of each query, on PostgreSQL
 * and embedded, and what counting costs those who write. `--tasks 100000`.
 */
import { rmSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import type { Da } from "../../src/da/da.ts";
import type { Database } from "../../src/da/database.ts";
import { storesOn } from "../../src/da/index.ts";
import { migrate } from "../../src/da/migrate.ts";
import { openPglite } from "../../src/da/pglite.ts";
import { openPostgres } from "../../src/da/postgres.ts";
import { pgliteFolder, silent } from "../../src/da/testing/databases.ts";
import { fillTasks } from "../../src/da/testing/fill.ts";
import { startPostgres } from "../../tests/postgres.ts";

const { values } = parseArgs({ options: { tasks: { type: "string", default: "100000" } } });
const count = Number(values.tasks);
const middle = BigInt(count >> 1);

const looks: Readonly<Record<string, (da: Da) => Promise<unknown>>> = {
  "counts, as the stream asks": ({ views }) => views.tally(),
  "50 newest tasks": ({ views }) => views.tasks({}),
  "50 tasks from the middle": ({ views }) => views.tasks({ before: middle }),
  "50 of a project": ({ views }) => views.tasks({ projectId: 3n, before: middle }),
  "50 that failed": ({ views }) => views.tasks({ state: "failed" }),
  "50 of a project that failed": ({ views }) =>
    views.tasks({ projectId: 3n, state: "failed", before: middle }),
  "of a project that has none": ({ views }) => views.tasks({ projectId: 99n }),
  "one task": ({ views }) => views.task(middle),
  "50 failures": ({ views }) => views.failures(),
  "2,000 proofs": ({ views }) => views.proofs(),
};

const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1] as number;
const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await work();
  return performance.now() - started;
};

async function measure(kind: string, database: Database): Promise<void> {
  await migrate(database, silent);
  const filling = await timed(() => fillTasks(database, count));
  console.log(`${kind}: ${count} tasks filled in ${(filling / 1000).toFixed(1)} s`);
  const da = storesOn(database);
  await da.views.tally();
  for (const [name, look] of Object.entries(looks)) {
    const times: number[] = [];
    for (let i = 0; i < 21; i++) times.push(await timed(() => look(da)));
    console.log(`  ${name.padEnd(30)} ${median(times).toFixed(1)} ms`);
  }
  const scan = "select project_id, state, count(*) from w3bstream.tasks group by 1, 2";
  const scans: number[] = [];
  for (let i = 0; i < 5; i++) scans.push(await timed(() => database.query(scan)));
  console.log(`  ${"(counts by reading all tasks)".padEnd(30)} ${median(scans).toFixed(1)} ms`);
  // Each moves 5,000 tasks in one statement, as batches of saves do.
  const move = (n: number) =>
    database.query(
      `update w3bstream.tasks set ended_at = case when ended_at is null then now() end, revision = $1
        where serial <= 5000 and phase = 'proved'`,
      [n],
    );
  const counted: number[] = [], uncounted: number[] = [];
  for (let i = 0; i < 5; i++) {
    counted.push(await timed(() => move(i)));
    await database.query("alter table w3bstream.tasks disable trigger tasks_moved");
    uncounted.push(await timed(() => move(i)));
    await database.query("alter table w3bstream.tasks enable trigger tasks_moved");
  }
  const cost = (times: number[]) => (median(times) / 4600 * 1000).toFixed(0);
  console.log(`  a change of state: ${cost(counted)} µs, uncounted ${cost(uncounted)} µs`);
}

const server = await startPostgres();
const postgres = await openPostgres({ dsn: server.dsn, log: silent });
await measure("PostgreSQL", postgres);
await postgres.close();
await server.stop();
const directory = await pgliteFolder();
const pglite = await openPglite({ directory, log: silent });
await measure("embedded", pglite);
await pglite.close();
rmSync(directory, { recursive: true });
process.exit(0);

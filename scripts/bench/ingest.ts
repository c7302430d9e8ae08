/**
 * Messages per second over HTTP, beside two loops of the same `insert … select from unnest` in the
 * same process, with as many callers, batches in flight and rows a batch: `bare` hands the arrays
 * to the client as a plain program would, `tuned` encodes them as the store does and is the floor
 * under everything that HTTP adds. `jwt` is HTTP again, for a project that takes only messages with
 * a JWT (EdDSA), a token for each connection. `traced` is HTTP by a node that tells a collector, a
 * process of its own, of each message. Rounds alternate, so that a busy machine disturbs all alike.
 */
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setImmediate } from "node:timers";
import pino from "pino";
import type { Database } from "../../src/da/database.ts";
import { byteaArray, textArray } from "../../src/da/encode.ts";
import { groupCommitDefaults } from "../../src/da/group_commit.ts";
import { newIdentity } from "../../src/da/ids.ts";
import { storesOn } from "../../src/da/index.ts";
import { migrate } from "../../src/da/migrate.ts";
import { openPglite } from "../../src/da/pglite.ts";
import { openPostgres } from "../../src/da/postgres.ts";
import { createIngest } from "../../src/ingest/index.ts";
import { identity, someProjects } from "../../src/ingest/testing/projects.ts";
import { signer, tokenOf } from "../../src/ingest/testing/senders.ts";
import { createMetrics } from "../../src/metrics.ts";
import type { Tracing } from "../../src/tracing.ts";
import { exportTraces } from "../../src/tracing_otlp.ts";
import { runtimeName, serveHttp } from "../../src/platform.ts";
import { startPostgres } from "../../tests/postgres.ts";
import { startCollector } from "./collector.ts";
import { type LoadReport, quantile } from "./load.ts";
import { flagsOf, wrong } from "./options.ts";

const help = `Usage: bun scripts/bench/ingest.ts [options]

Durable messages/s, p50 and p99 of POST /message, with and without a JWT from each client, beside a
bare unnest loop in the same run, and beside one with the store's own encoding. The clients take their share of the same cores.

  --databases <list>    of postgres, pglite (default both)
  --connections <list>  (default 1,16,64,256)
  --seconds <n>         of one round (default 3)
  --rounds <n>          rounds, of which the median counts (default 3)
  --sampled <ratio>     part of the messages that traced is told of (default 1)
  --bytes <n>           of data a message (default 200)
  --json                print one JSON object
  --help                this text`;

const flags = flagsOf(help, {
  databases: "postgres,pglite",
  connections: "1,16,64,256",
  seconds: "3",
  rounds: "3",
  bytes: "200",
  sampled: "1",
});
const positive = (name: string, text: string, most: number): number => {
  const value = Number(text);
  if (value > 0 && value <= most) return value;
  return wrong(`--${name} must be a number from 1 to ${most}`);
};
const seconds = positive("seconds", flags.seconds, 600);
const rounds = positive("rounds", flags.rounds, 100);
const bytes = positive("bytes", flags.bytes, 1_000_000);
const sampled = positive("sampled", flags.sampled, 1);
const connections = flags.connections.split(",").map((n) => positive("connections", n, 4096));
const kinds = flags.databases.split(",");
if (kinds.some((kind) => kind !== "postgres" && kind !== "pglite")) {
  wrong("--databases must be postgres, pglite or both");
}

type Figures = Pick<LoadReport, "p50Ms" | "p99Ms"> & {
  readonly perSecond: number;
  /** CPU time of this process a message, µs, which a busy machine changes less than the rate. */
  readonly cpuMicros?: number;
};
interface Result {
  readonly database: string;
  readonly connections: number;
  readonly http: Figures;
  readonly jwt: Figures;
  readonly traced: Figures;
  readonly bare: Figures;
  readonly tuned: Figures;
  /** Of the bare loop's rate; the median over rounds. */
  readonly ratio: number;
  readonly ratioOfTuned: number;
  /** Of messages with a JWT to those without. */
  readonly ratioOfJwt: number;
  /** Of messages that are traced to those that are not. */
  readonly ratioOfTraced: number;
}

type Name = "http" | "jwt" | "traced" | "bare" | "tuned";

/** How rows become the statement's parameters. */
interface Encoding {
  text(values: readonly string[]): string;
  bytea(values: readonly Uint8Array[]): string;
}
const tunedEncoding: Encoding = { text: textArray, bytea: byteaArray };
// What postgres.js makes of JavaScript arrays.
const clientArray = (values: readonly string[]) =>
  `{${values.map((v) => `"${v.replace(/\\/g, "\\\\").replace(/"/g, '\\"')}"`).join(",")}}`;
const clientEncoding: Encoding = {
  text: clientArray,
  bytea: (values) => clientArray(values.map((v) => `\\x${Buffer.from(v).toString("hex")}`)),
};

const say = (text: string) => flags.json ? console.error(text) : console.log(text);
const log = pino({ level: "silent" });

/** Callers that each wait for their row's commit, without HTTP, parsing or checks. */
async function loop(database: Database, callers: number, encoding: Encoding): Promise<Figures> {
  const insert = `insert into w3bstream.messages
      (id, project_id, project_version, client_id, group_key, data, size, salt)
    select id, project_id, version, client_id, group_key, data, octet_length(data), salt
      from unnest($1::uuid[], $2::int8[], $3::text[], $4::text[], $5::text[], $6::bytea[],
                  $7::bytea[]) as row(id, project_id, version, client_id, group_key, data, salt)`;
  const data = new TextEncoder().encode("x".repeat(bytes));
  const queue: (() => void)[] = [];
  const times: number[] = [];
  let running = 0, ended = false;
  const pump = async (): Promise<void> => {
    if (running >= database.concurrency || queue.length === 0) return;
    running++;
    const batch = queue.splice(0, groupCommitDefaults.batchRows);
    const ids = batch.map(newIdentity);
    await database.query(insert, [
      encoding.text(ids.map(({ id }) => id)),
      encoding.text(ids.map(() => "1")),
      encoding.text(ids.map(() => "0.1")),
      encoding.text(ids.map(() => "")),
      encoding.text(ids.map(() => "")),
      encoding.bytea(ids.map(() => data)),
      encoding.bytea(ids.map(({ salt }) => salt)),
    ]);
    running--;
    for (const done of batch) done();
    await pump();
  };
  const started = performance.now();
  const caller = async () => {
    while (!ended) {
      const at = performance.now();
      await new Promise<void>((resolve, reject) => {
        queue.push(resolve);
        if (queue.length === 1) setImmediate(() => pump().catch(reject));
      });
      times.push(performance.now() - at);
    }
  };
  const stop = setTimeout(() => ended = true, seconds * 1000);
  await Promise.all(Array.from({ length: callers }, caller));
  clearTimeout(stop);
  const elapsed = (performance.now() - started) / 1000;
  const sorted = Float64Array.from(times).sort();
  return {
    perSecond: times.length / elapsed,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
  };
}

function load(port: number, count: number, tokens: readonly string[] = []): Promise<Figures> {
  const script = new URL("./load.ts", import.meta.url).pathname;
  const arguments_ = [port, count, seconds * 1000, bytes].map(String);
  const runtime = runtimeName === "deno" ? ["run", "--quiet", "--allow-net"] : [];
  const child = spawn(process.execPath, [...runtime, script, ...arguments_], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(tokens.join("\n"));
  const before = process.cpuUsage();
  let output = "";
  child.stdout.on("data", (text) => output += text);
  return new Promise((resolve, reject) =>
    child.once("close", (code) => {
      if (code !== 0) return reject(new Error(`the load generator ended with ${code}`));
      const report = JSON.parse(output) as LoadReport;
      if (report.failed > 0) return reject(new Error(`${report.failed} requests failed`));
      const { user, system } = process.cpuUsage(before);
      const cpuMicros = (user + system) / report.answered;
      resolve({ perSecond: report.answered / report.seconds, cpuMicros, ...report });
    })
  );
}

const median = <T>(values: readonly T[], by: (value: T) => number): T =>
  [...values].sort((a, b) => by(a) - by(b))[values.length >> 1] as T;

async function measure(
  kind: string,
  database: Database,
  tracing: Tracing,
): Promise<Result[]> {
  await migrate(database, log);
  const da = storesOn(database);
  const serve = (auth?: object, tracing?: Tracing) => {
    const ingest = createIngest({
      ...{ da, projects: someProjects(auth), maxBodyBytes: 1 << 21, identity, log },
      ...{ metrics: createMetrics(), tracing },
    });
    return serveHttp((request) => ingest.fetch(request), {
      ...{ hostname: "127.0.0.1", port: 0, maxBodyBytes: 1 << 22 },
    });
  };
  const open = serve();
  const issuer = signer("EdDSA");
  const authenticated = serve({ type: "jwt", issuer: "bench", keys: [issuer.jwk] });
  const traced = serve(undefined, tracing);
  const tokens = (count: number) =>
    Array.from({ length: count }, (_, i) =>
      tokenOf(issuer, {
        ...{ iss: "bench", sub: `client-${i}`, aud: "w3bstream-project-1", exp: 4e9 },
      }));
  const results: Result[] = [];
  try {
    for (const count of connections) {
      const all: Record<Name, Figures>[] = [];
      for (let round = 0; round < rounds; round++) {
        const figures: Partial<Record<Name, Figures>> = {};
        const measures: [Name, () => Promise<Figures>][] = [
          ["bare", () => loop(database, count, clientEncoding)],
          ["http", () => load(open.port, count)],
          ["jwt", () => load(authenticated.port, count, tokens(count))],
          ["traced", () => load(traced.port, count)],
          ["tuned", () => loop(database, count, tunedEncoding)],
        ];
        // In turn each way round: who comes later finds another database cache and disk.
        for (const [name, measure] of round % 2 === 0 ? measures : measures.reverse()) {
          figures[name] = await measure();
          // A table that grows through the run would slow the later ones.
          await database.query("truncate w3bstream.messages");
        }
        all.push(figures as Record<Name, Figures>);
      }
      const middle = (name: Name) =>
        median(all.map((figures) => figures[name]), ({ perSecond }) => perSecond);
      const figures = {
        ...{ http: middle("http"), jwt: middle("jwt"), traced: middle("traced") },
        ...{ bare: middle("bare"), tuned: middle("tuned") },
      };
      const { http, jwt, traced: told, bare, tuned } = figures;
      const ratioOf = (one: Name, other: Name) =>
        median(all.map((f) => f[one].perSecond / f[other].perSecond), (value) => value);
      const [ratio, ratioOfTuned] = [ratioOf("http", "bare"), ratioOf("http", "tuned")];
      const ratioOfJwt = ratioOf("jwt", "http");
      const ratioOfTraced = ratioOf("traced", "http");
      const ratios = { ratio, ratioOfTuned, ratioOfJwt, ratioOfTraced };
      results.push({ database: kind, connections: count, ...figures, ...ratios });
      const cell = (f: Figures) =>
        `${f.perSecond.toFixed(0).padStart(6)}/s p50 ${f.p50Ms.toFixed(1)} p99 ${
          f.p99Ms.toFixed(1)
        } ms`
          .padEnd(36);
      say(
        `${kind.padEnd(8)} ${String(count).padStart(4)} connections  http ${cell(http)}jwt ${
          cell(jwt)
        }` +
          `bare ${cell(bare)}tuned ${cell(tuned)}` +
          `ratio ${ratio.toFixed(2)} (of tuned ${ratioOfTuned.toFixed(2)}), ` +
          `jwt of http ${ratioOfJwt.toFixed(2)}, traced of http ${ratioOfTraced.toFixed(2)}, ` +
          `cpu ${[http, jwt, told].map((f) => f.cpuMicros?.toFixed(0)).join(", ")} µs a message`,
      );
    }
  } finally {
    await Promise.all([open.stop(), authenticated.stop(), traced.stop()]);
  }
  return results;
}

const collector = await startCollector();
const { tracing, stop: stopTracing } = exportTraces(
  { ...{ endpoint: collector.url, headers: {} }, service: "bench", ratio: sampled },
  log,
);
const results: Result[] = [];
for (const kind of kinds) {
  if (kind === "postgres") {
    const server = await startPostgres();
    const database = await openPostgres({ dsn: server.dsn, log });
    try {
      results.push(...await measure(kind, database, tracing));
    } finally {
      await database.close();
      await server.stop();
    }
  } else {
    const directory = mkdtempSync(join(tmpdir(), "w3bstream-bench-"));
    const database = await openPglite({ directory, log });
    try {
      results.push(...await measure(kind, database, tracing));
    } finally {
      await database.close();
      rmSync(directory, { recursive: true, force: true });
    }
  }
}
await stopTracing();
collector.stop();
if (flags.json) {
  const conditions = { runtime: runtimeName, bytes, seconds, rounds, load: loadavg() };
  console.log(JSON.stringify({ ...conditions, results }));
}
process.exit(0);

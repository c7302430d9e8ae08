import { afterEach, beforeEach, expect, test } from "bun:test";
import pino from "pino";
import postgres from "postgres";
import { useDatabase } from "../../da/testing/databases.ts";
import { createMetrics } from "../../metrics.ts";
import { until } from "../../testing/until.ts";
import { createIngest } from "../index.ts";
import { identity, someProjects } from "../testing/projects.ts";
import { startTable, type TableSource } from "./postgres.ts";

const subject = useDatabase("postgres");
let dsn: string;
let sql: postgres.Sql;
let sources: TableSource[];
const logged: string[] = [];
const log = pino({ level: "warn" }, { write: (line) => void logged.push(line) });

beforeEach(async () => {
  dsn = await subject.server?.freshDatabase() ?? "";
  sql = postgres(dsn, { max: 4, onnotice: () => {} });
  // As the original's http_plugin makes it, as far as it is read.
  await sql`create table messages (id bigserial primary key, client_did text, project_id bigint,
    project_version text, data bytea)`;
  [sources, logged.length] = [[], 0];
});
afterEach(async () => {
  for (const source of sources) await source.stop();
  await sql.end({ timeout: 1 });
});

let metrics = createMetrics();
function start(table = "messages") {
  metrics = createMetrics();
  const ingest = createIngest({
    ...{ da: subject.da, projects: someProjects(), maxBodyBytes: 4096, identity, log },
    metrics,
  });
  const source = startTable({
    metrics,
    ...{ dsn, table, take: ingest.take, maxBodyBytes: 4096, log },
    ...{ places: { ...subject.da.chain, cursor }, unready: () => undefined },
  });
  sources.push(source);
  return source;
}
let looks = 0;
const cursor = (name: string) => {
  looks++;
  return subject.da.chain.cursor(name);
};
const insert = (data: string, on: postgres.Sql = sql, project = 1) =>
  on`insert into messages (project_id, project_version, data)
     values (${project}, '0.1', ${Buffer.from(data)})`;
const stored = async () =>
  (await subject.database.query<{ text: string }>(
    "select convert_from(data, 'UTF8') as text from w3bstream.messages order by id",
  )).map(({ text }) => text).sort();
const holds = (...texts: string[]) => until(async () => `${await stored()}` === `${texts.sort()}`);

test("rows become messages, each once, over restarts", async () => {
  await insert("a");
  const first = start();
  await holds("a");
  await insert("b");
  await holds("a", "b");
  await first.stop();
  await insert("c");
  const second = start();
  await holds("a", "b", "c");
  await second.stop();
  // A place that is lost costs reading only.
  await subject.database.query("truncate w3bstream.chain_cursors");
  const third = start();
  await insert("d");
  await holds("a", "b", "c", "d");
  await until(() => third.unready === undefined);
});

test("a row that is committed after one with a greater id is not missed", async () => {
  start();
  const open = await sql.reserve();
  await open`begin`;
  await insert("early id", open);
  await insert("late id");
  const before = looks;
  await until(() => looks > before + 1);
  await open`commit`;
  open.release();
  await holds("early id", "late id");
  // Ids that a session took long before it uses them.
  const [taken] = await sql`select nextval('messages_id_seq') as id`;
  await insert("after");
  await holds("early id", "late id", "after");
  await sql`insert into messages (id, project_id, project_version, data)
    values (${taken?.id}, 1, '0.1', 'kept back')`;
  await holds("early id", "late id", "after", "kept back");
});

test("what can't be a message is passed over and logged", async () => {
  await insert("x".repeat(5000));
  await insert("unknown project", sql, 77);
  await sql`insert into messages (project_id) values (1)`;
  for (let i = 0; i < 250; i++) await insert(`${i}`.padStart(3, "0"));
  const source = start();
  await until(async () => (await stored()).length === 250);
  expect(logged.join()).toContain("message refused");
  // As far as a look that is over.
  await until(() => source.unready === undefined);
  expect(source.waiting).toBe(0);
  const told = await metrics.registry.getMetricsAsJSON();
  const values = (name: string) =>
    told.find((metric) => metric.name === `w3bstream_source_${name}`)?.values;
  const by = { source: "postgres" };
  expect(values("messages_total")).toEqual(expect.arrayContaining([
    { labels: { ...by, result: "received" }, value: 253 },
    { labels: { ...by, result: "accepted" }, value: 250 },
    { labels: { ...by, result: "refused" }, value: 3 },
  ]));
  expect(values("refused_total")).toEqual(expect.arrayContaining([
    { labels: { ...by, reason: "size" }, value: 1 },
    { labels: { ...by, reason: "project" }, value: 1 },
    { labels: { ...by, reason: "malformed" }, value: 1 },
  ]));
});

test("a view may narrow what is looked through, and name the data's type", async () => {
  await sql`create view newest as select id, project_id, project_version, xmin,
    jsonb_build_object('v', convert_from(data, 'UTF8')) as data from messages where id > 1`;
  await insert("old");
  await insert("new");
  start("public.newest");
  await holds(`{"v": "new"}`);
});

test("a missing table is said, and waited for", async () => {
  await sql`alter table messages rename to other`;
  const source = start();
  await until(() => logged.length > 0);
  expect([logged[0], source.unready]).toEqual([
    expect.stringContaining("has no table messages"),
    "the data source can't be read",
  ]);
  const lag = source.lagSeconds;
  await until(() => source.lagSeconds > lag);
  await sql`alter table other rename to messages`;
  await insert("a");
  await holds("a");
});

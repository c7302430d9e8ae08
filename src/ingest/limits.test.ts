import { beforeEach, describe, expect, test } from "bun:test";
import { silent, useDatabase } from "../da/testing/databases.ts";
import { storesOn } from "../da/index.ts";
import { createMetrics } from "../metrics.ts";
import { createIngest, type Ingest, type IngestDeps } from "./index.ts";
import { identity, someProjects } from "./testing/projects.ts";
import { signer, tokenOf } from "./testing/senders.ts";

const subject = useDatabase("postgres");
const own = signer("EdDSA");
const rule = { type: "jwt", issuer: "i", keys: [own.jwk] };
const claims = { iss: "i", aud: "w3bstream-project-1", exp: 4e9 };
let clock = 0;
let ingest: Ingest;
const make = (change: Partial<IngestDeps> = {}) =>
  createIngest({
    ...{ da: subject.da, projects: someProjects(), maxBodyBytes: 1 << 20 },
    ...{ identity, log: silent, metrics: createMetrics() },
    ...change,
  });
beforeEach(() => {
  clock = 0;
});

const last = `${(1n << 63n) - 1n}`;
const bodyFor = (projectId: string, data: string) =>
  `{"projectID":${projectId},"projectVersion":"0.1","data":"${data}"}`;
const post = (body: string, headers: Record<string, string> = {}, path = "/message") =>
  ingest.app.request(path, {
    ...{ method: "POST", body },
    headers: { "content-length": `${body.length}`, ...headers },
  });
const as = (sub: string) => ({ authorization: `Bearer ${tokenOf(own, { ...claims, sub })}` });
/** Status of each of `count` messages, sent together. */
const burst = async (count: number, headers = {}, projectId = "1") =>
  (await Promise.all(
    Array.from({ length: count }, (_, i) => post(bodyFor(projectId, `${i}`), headers)),
  )).map(({ status }) => status);
const taken = (statuses: readonly number[]) => statuses.filter((status) => status === 200).length;

describe("rates", () => {
  const rates = (more: object = {}) => ({ now: () => clock, ...more });

  test("of a project: so many at once, then so many a second", async () => {
    ingest = make({ projects: someProjects(undefined, { rate: 2, burst: 5 }), rates: rates() });
    expect(taken(await burst(8))).toBe(5);
    const refused = await post(bodyFor("1", "x"));
    expect([refused.status, refused.headers.get("retry-after"), await refused.json()]).toEqual([
      429,
      "1",
      { error: "project 1 may send 2 a second; slow down" },
    ]);
    clock = 1000;
    expect(taken(await burst(8))).toBe(2);
    clock = 100_000;
    expect(taken(await burst(8))).toBe(5);
    // Others have theirs.
    expect(taken(await burst(8, {}, last))).toBe(8);
  });

  test("of a client leave the others theirs", async () => {
    const projects = someProjects(rule, { clientRate: 1, clientBurst: 3 });
    ingest = make({ projects, rates: rates() });
    expect(taken(await burst(10, as("a")))).toBe(3);
    expect(taken(await burst(2, as("b")))).toBe(2);
    expect((await post(bodyFor("1", "x"), as("a"))).status).toBe(429);
  });

  test("of the operator hold where the file allows more", async () => {
    const projects = someProjects(rule, { rate: 100, burst: 4, clientRate: 100 });
    ingest = make({ projects, rates: rates({ project: 1, client: 2 }) });
    expect(taken(await burst(9, as("a")))).toBe(2);
    expect(taken(await burst(9, as("b")))).toBe(2);
    expect(taken(await burst(9, as("c")))).toBe(0);
  });

  test("refuse the rest of a batch, message by message", async () => {
    ingest = make({ projects: someProjects(undefined, { rate: 1, burst: 2 }), rates: rates() });
    const list = `[${[1, 2, 3].map((i) => bodyFor("1", `${i}`)).join()}]`;
    const answer = await post(list, {}, "/messages");
    expect([answer.status, await answer.json()]).toMatchObject([207, {
      messages: [{ messageID: expect.any(String) }, { messageID: expect.any(String) }, {
        status: 429,
      }],
    }]);
    expect((await post(list, {}, "/messages")).status).toBe(429);
  });

  test("are not used up by what is refused for other reasons", async () => {
    const projects = someProjects(rule, { rate: 1, burst: 1 });
    ingest = make({ projects, rates: rates() });
    expect(taken(await burst(50))).toBe(0);
    expect((await post(bodyFor("1", "x"), as("a"))).status).toBe(200);
  });
});

test("a message is as large as the project says", async () => {
  ingest = make({ projects: someProjects(undefined, { bytes: 4 }) });
  expect((await post(bodyFor("1", "1234"))).status).toBe(200);
  const refused = await post(bodyFor("1", "12é4"));
  expect([refused.status, await refused.json()])
    .toEqual([413, { error: "data must have at most 4 bytes" }]);
});

describe("the queue", () => {
  test("is fair: a flood of one project makes another wait for little of it", async () => {
    const [queueRows, batchRows] = [2000, 50];
    const da = storesOn(subject.database, { queueRows, batchRows });
    ingest = make({ da });
    let flooding = true, stored = 0, refused = 0;
    const other: number[] = [];
    // As many as the queue has places, each sending again as soon as it was answered.
    const flood = Promise.all(Array.from({ length: queueRows }, async (_, i) => {
      while (flooding) {
        const { status } = await post(bodyFor("1", `${i}`));
        if (status === 200) stored++;
        else {
          expect(status).toBe(429);
          refused++;
          await new Promise((done) => setTimeout(done, 20));
        }
      }
    }));
    while (refused === 0) await new Promise((done) => setTimeout(done, 1));
    /** Messages of the flood that were stored while one of another project waited. */
    const passed: number[] = [];
    for (let i = 0; i < 100; i++) {
      const before = stored;
      other.push((await post(bodyFor(last, `${i}`))).status);
      passed.push(stored - before);
    }
    flooding = false;
    await flood;
    expect(other).toEqual(Array(100).fill(200));
    // The batches in flight and its own; first come, first served would be the whole queue.
    const bound = (subject.database.concurrency + 1) * batchRows;
    passed.sort((a, b) => a - b);
    expect(passed[50]).toBeLessThanOrEqual(bound);
    expect(passed.at(-1)).toBeLessThan(queueRows / 2);
    expect(stored).toBeGreaterThan(queueRows);
  });

  test("keeps places for those who have none, however many fill it", async () => {
    const { GroupCommit } = await import("../da/group_commit.ts");
    const go = Promise.withResolvers<void>();
    const commits = new GroupCommit<number, number>(
      { concurrency: 1, batchRows: 10, batchBytes: 1e9, queueRows: 1000, queueBytes: 1e9 },
      async (values) => {
        await go.promise;
        return values;
      },
    );
    const fill = (owner: string) => {
      let held = 0;
      try {
        for (; held < 1000; held++) {
          commits.admit(1, 1, owner);
          void commits.add(held, 1, owner);
        }
      } catch {
        // Its share is full.
      }
      return held;
    };
    const held = ["a", "b", "c", "d", "e"].map(fill);
    expect(held[0]).toBe(800);
    for (const rows of held) expect(rows).toBeGreaterThan(0);
    go.resolve();
    await commits.drained();
  });
});

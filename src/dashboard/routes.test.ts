import { beforeAll, describe, expect, test } from "bun:test";
import { getAddress } from "viem";
import { silent, useDatabase } from "../da/testing/databases.ts";
import { bytes, idOf, message, packedTask } from "../da/testing/make.ts";
import { createIngest, type Ingest } from "../ingest/index.ts";
import { identity, someProjects } from "../ingest/testing/projects.ts";
import { createMetrics } from "../metrics.ts";
import { eventsOf } from "../sse.ts";
import * as schema from "./schema.ts";

const token = "an-operator-of-this-enode";
const prover = getAddress(`0x${"be".repeat(20)}`);
const sender = "did:example:a-private-sender";

describe("what the dashboard asks", () => {
  const subject = useDatabase("pglite");
  let ingest: Ingest;
  beforeAll(() => {
    ingest = createIngest({
      ...{ da: subject.da, projects: someProjects(), maxBodyBytes: 2000, identity },
      ...{ log: silent, metrics: createMetrics() },
      degraded: () => Promise.resolve({ mqtt: "the broker is away" }),
      heldUpBy: () => "waits for a znode: none is linked",
      dashboard: {
        operatorToken: token,
        dispatch: () => ({ peers: 1, leases: 1 }),
        znodes: {
          staked: () => [{ prover, stake: 10n ** 19n }],
          linked: () => [],
          conduct: () => ({ score: 3, barred: undefined }),
        },
      },
    });
  });
  const ask = (path: string, authorization?: string) =>
    ingest.app.request(path, authorization === undefined ? {} : { headers: { authorization } });
  const get = async (path: string, authorization?: string) =>
    await (await ask(path, authorization)).json();
  /** Past the time for which answers are shared. */
  const later = () => new Promise((resolve) => setTimeout(resolve, 1_050));

  test("strangers see no data, no sender and no ids of messages; the operator sees senders", async () => {
    const task = await packedTask(subject.da, 2, { clientId: sender, data: bytes("secret data") });
    const unpacked = idOf(await subject.da.messages.append(message({ clientId: sender })));
    const id = (await subject.da.views.messagesOf(task.serial))[0]?.id as string;
    const own = { state: "attempt", by: prover, comment: "given up by one", result: "" };
    const failed = { state: "failed", by: prover, comment: "why", result: "" };
    await subject.da.tasks.save({
      ...{ taskId: task.taskId, revision: 0, phase: "failed", machine: "{}", wakeAt: null },
      log: [own, failed],
    });
    const paths = {
      "/overview": schema.overviewSchema,
      "/overview/tasks": schema.tasksSchema,
      "/overview/tasks?project=1&state=failed": schema.tasksSchema,
      [`/overview/tasks/${task.taskId}`]: schema.taskSchema,
      [`/overview/tasks/${task.serial}`]: schema.taskSchema,
      "/overview/failures": schema.failuresSchema,
      "/overview/projects": schema.projectsSchema,
      "/overview/znodes": schema.znodesSchema,
      "/overview/proofs": schema.proofTimesSchema,
      [`/overview/find?q=${id}`]: schema.foundSchema,
      [`/overview/find?q=${unpacked}`]: schema.foundSchema,
    };
    for (const [path, answer] of Object.entries(paths)) {
      const text = await (await ask(path)).text();
      // Also what else a schema would not know must not be in it.
      expect(z(answer, text)).toEqual(JSON.parse(text));
      for (const hidden of [sender, "secret", id, unpacked, '"score"', "given up by"]) {
        expect([path, text.includes(hidden)]).toEqual([path, false]);
      }
      const operators = await ask(path, `Bearer ${token}`);
      expect([path, operators.status]).toEqual([path, 200]);
      z(answer, await operators.text());
    }
    const seen = await get(`/overview/tasks/${task.taskId}`, `Bearer ${token}`);
    expect(seen.messageList).toMatchObject([{ id, clientId: sender }, { clientId: sender }]);
    expect(seen.states.slice(-2)).toMatchObject([own, failed]);
    expect((await get("/overview/failures")).failures[0]).toMatchObject({ reason: "why" });
    expect((await get("/overview/znodes", `Bearer ${token}`)).znodes[0]).toMatchObject({
      score: 3,
    });
  });

  const z = (answer: { parse(value: unknown): unknown }, text: string) =>
    answer.parse(JSON.parse(text));

  test("a wrong token is refused, and so is any where the enode has none", async () => {
    for (const wrong of [`Bearer ${token}x`, "Bearer ", `Basic ${token}`, "Bearer wrong"]) {
      const answer = await ask("/overview", wrong);
      expect(answer.status).toBe(401);
      expect(await answer.text()).not.toContain(token);
    }
    expect((await get("/overview")).operator).toBe("asked");
    expect((await get("/overview", `Bearer ${token}`)).operator).toBe("shown");
    const without = createIngest({
      ...{ da: subject.da, projects: someProjects(), maxBodyBytes: 2000, identity },
      ...{ log: silent, metrics: createMetrics() },
    });
    expect((await (await without.app.request("/overview")).json()).operator).toBe("off");
    const headers = { authorization: "Bearer undefined" };
    expect((await without.app.request("/overview", { headers })).status).toBe(401);
  });

  test("counts all stages, and projects that have tasks though they are not served", async () => {
    await later();
    await packedTask(subject.da, 3);
    await packedTask(subject.da, 1, { projectId: 77n });
    expect(await get("/overview")).toMatchObject({
      messages: { received: 4, waiting: 0 },
      tasks: { packed: 2, outputted: 0 },
      znodes: { linked: 1, leases: 1 },
      missing: {},
      degraded: { mqtt: "the broker is away" },
    });
    const { projects } = await get("/overview/projects");
    const named = (id: string) => projects.find((p: { projectId: string }) => p.projectId === id);
    expect(named("1")).toMatchObject({ source: "directory", messages: 3, tasks: { packed: 1 } });
    expect(named("2")).toMatchObject({ paused: true, tasks: { packed: 0 } });
    expect(named("77")).toMatchObject({ source: "none", tasks: { packed: 1 } });
    expect(named(`${(1n << 63n) - 1n}`)).toMatchObject({ versions: [{}, {}] });
  });

  test("pages hang together, and what names nothing is said", async () => {
    await later();
    for (let i = 0; i < 60; i++) await packedTask(subject.da);
    const first = await get("/overview/tasks?project=1");
    expect(first.tasks).toHaveLength(50);
    const second = await get(`/overview/tasks?project=1&before=${first.before}`);
    expect([second.tasks.length, second.before]).toEqual([10, null]);
    const all = [...first.tasks, ...second.tasks].map(({ serial }) => Number(serial));
    expect(all).toEqual(Array.from({ length: 60 }, (_, i) => 60 - i));
    for (
      const [path, status] of [
        ["/overview/tasks?state=gone", 400],
        ["/overview/tasks?project=x", 400],
        ["/overview/tasks?before=99999999999999999999", 400],
        ["/overview/tasks/0x12", 400],
        [`/overview/tasks/0x${"12".repeat(32)}`, 404],
        ["/overview/failures?before=-1", 400],
      ] as const
    ) expect([path, (await ask(path)).status]).toEqual([path, status]);
    for (
      const text of ["", "%00", "nothing", "999999", `0x${"12".repeat(32)}`, `${"9".repeat(19)}`]
    ) {
      expect(await get(`/overview/find?q=${text}`)).toEqual({ kind: "nothing", task: null });
    }
    expect(await get("/overview/find?q=60")).toMatchObject({
      kind: "task",
      task: { serial: "60" },
    });
  });

  test("who is told of a change gets no list of before it", async () => {
    await later();
    const events = eventsOf(await ask("/overview/events"));
    await events.next();
    expect((await get("/overview/tasks")).tasks).toHaveLength(0);
    const { serial } = await packedTask(subject.da);
    for await (const { data } of events) if (JSON.parse(data).tasks.packed === 1) break;
    expect((await get("/overview/tasks")).tasks).toMatchObject([{ serial: `${serial}` }]);
  });

  test("the stream tells the same without the viewer", async () => {
    const answer = await ask("/overview/events");
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    for await (const { event, data } of eventsOf(answer)) {
      expect(event).toBe("summary");
      const told = schema.overviewSchema.omit({ operator: true }).strict().parse(JSON.parse(data));
      expect(told.tasks.packed).toBeGreaterThanOrEqual(0);
      break;
    }
    const open = eventsOf(await ask("/overview/events"));
    await open.next();
    void ingest.drain();
    while (!(await open.next()).done);
    expect((await ask("/overview/events")).status).toBe(503);
  });
});

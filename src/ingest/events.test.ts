import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { silent, useDatabase } from "../da/testing/databases.ts";
import { build, wide } from "../da/testing/make.ts";
import { createMetrics } from "../metrics.ts";
import { type HttpServer, serveHttp } from "../platform.ts";
import { createIngest, type Ingest, type IngestDeps } from "./index.ts";
import { identity, someProjects } from "./testing/projects.ts";

const subject = useDatabase("postgres");
let ingest: Ingest;
let server: HttpServer;
const serve = (change: Partial<IngestDeps> = {}) => {
  ingest = createIngest({
    ...{ da: subject.da, projects: someProjects(), maxBodyBytes: 4096 },
    ...{ identity, log: silent, metrics: createMetrics() },
    events: { lookMs: [20, 50] },
    ...change,
  });
  server = serveHttp((request) => ingest.fetch(request), {
    ...{ hostname: "127.0.0.1", port: 0, maxBodyBytes: 1 << 20 },
  });
};
beforeEach(() => serve());
afterEach(async () => {
  await ingest.drain();
  await server.stop();
});

const url = (path: string) => `http://127.0.0.1:${server.port}${path}`;
async function send(): Promise<string> {
  const body = JSON.stringify({ projectID: 1, projectVersion: "0.1", data: "x" });
  const answer = await fetch(url("/message"), { method: "POST", body });
  return (await answer.json() as { messageID: string }).messageID;
}
const listen = (id: string, last?: string) => {
  const abort = new AbortController();
  const headers: Record<string, string> = last === undefined ? {} : { "last-event-id": last };
  const path = url(`/message/${id}/events`);
  return { abort, answer: fetch(path, { headers, signal: abort.signal }) };
};

/** Reads events until there are `count`, or, without, until the stream ends. */
async function read(response: Response, count = Infinity): Promise<string[]> {
  const found: string[] = [];
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const parts = text.split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts) {
      const [id, event, data] = part.split("\n");
      if (!event) continue;
      expect(event).toBe("event: state");
      found.push(`${id?.slice(4)} ${JSON.parse(data?.slice(6) ?? "").state}`);
    }
    if (found.length >= count) break;
  }
  return found;
}

const pack = () =>
  subject.da.packing.pack({ projectId: 1n, version: "0.1", group: "" }, wide, build);
type Task = NonNullable<Awaited<ReturnType<typeof pack>>>;
const save = (task: Task, revision: number, phase: "dispatched" | "proved", states: string[]) =>
  subject.da.tasks.save({
    ...{ taskId: task.taskId, revision, phase, machine: "{}", wakeAt: null },
    log: states.map((state) => ({ state, by: "z", comment: "", result: "" })),
  });

describe("the events of a message", () => {
  test("tell its life as it happens, and end with it", async () => {
    const id = await send();
    const answer = await listen(id).answer;
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    const all = read(answer);
    const task = await pack() as Task;
    await save(task, 0, "dispatched", ["dispatched"]);
    await save(task, 1, "proved", ["proved", "outputted"]);
    expect(await all).toEqual([
      "1 received",
      "2 packed",
      "3 dispatched",
      "4 proved",
      "5 outputted",
    ]);
  });

  test("go on where a client was", async () => {
    const id = await send();
    const first = listen(id);
    expect(await read(await first.answer, 1)).toEqual(["1 received"]);
    first.abort.abort();
    const task = await pack() as Task;
    const second = listen(id, "1");
    expect(await read(await second.answer, 1)).toEqual(["2 packed"]);
    second.abort.abort();
    await save(task, 0, "proved", ["dispatched", "failed"]);
    expect(await read(await listen(id, "2").answer)).toEqual(["3 dispatched", "4 failed"]);
    // Nothing more will come, which is how a browser is told to stop.
    expect((await listen(id, "4").answer).status).toBe(204);
    expect((await read(await listen(id, "99").answer)).length).toBe(4);
    expect((await read(await listen(id, "x").answer)).length).toBe(4);
  });

  test("are told to many by one look at a time", async () => {
    let looks = 0;
    const { messages } = subject.da;
    const status = (id: string) => {
      looks++;
      return messages.status(id);
    };
    await server.stop();
    serve({ da: { ...subject.da, messages: { ...messages, status } } });
    const id = await send();
    const answers = await Promise.all(Array.from({ length: 50 }, () => listen(id).answer));
    const all = Promise.all(answers.map((answer) => read(answer)));
    looks = 0;
    const task = await pack() as Task;
    await save(task, 0, "proved", ["failed"]);
    for (const events of await all) expect(events.at(-1)).toBe("3 failed");
    expect(looks).toBeLessThan(50);
  });

  test("are bounded in number, and given free by who leaves", async () => {
    await server.stop();
    serve({ events: { listeners: 2, lookMs: [20, 50] } });
    const id = await send();
    const one = listen(id), two = listen(id);
    expect([(await one.answer).status, (await two.answer).status]).toEqual([200, 200]);
    const refused = await listen(id).answer;
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    one.abort.abort();
    let status = 503;
    while (status === 503) {
      const again = listen(id);
      status = (await again.answer).status;
      again.abort.abort();
    }
    expect(status).toBe(200);
  });

  test("of a message that is not there are 404", async () => {
    const answer = await listen("01a21c4b-2461-7000-b490-d9995d09a999").answer;
    expect([answer.status, await answer.json()]).toMatchObject([404, {
      error: expect.stringContaining("no message"),
    }]);
    expect((await listen("x").answer).status).toBe(404);
  });

  test("end when the enode stops, with a comment now and then before", async () => {
    await server.stop();
    serve({ events: { lookMs: [20, 50], keepAliveMs: 10 } });
    const answer = await listen(await send()).answer;
    let text = "";
    const whole = (async () => {
      for await (const chunk of answer.body ?? []) {
        text += new TextDecoder().decode(chunk);
        if (text.includes("\n\n:\n\n")) await ingest.drain();
      }
    })();
    await whole;
    expect(text).toContain("\n\n:\n\n");
  });
});

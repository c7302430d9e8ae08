import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { EnodeClient, EnodeError } from "./client.ts";
import { silent, useDatabase } from "./da/testing/databases.ts";
import { build, wide } from "./da/testing/make.ts";
import { createIngest } from "./ingest/index.ts";
import { identity, someProjects } from "./ingest/testing/projects.ts";
import { signer, tokenOf } from "./ingest/testing/senders.ts";
import { createMetrics } from "./metrics.ts";
import { type HttpServer, serveHttp } from "./platform.ts";

const subject = useDatabase("postgres");
const own = signer("EdDSA");
const token = tokenOf(own, { iss: "i", sub: "s", aud: "w3bstream-project-1", exp: 4e9 });
let server: HttpServer, enode: EnodeClient;
beforeAll(() => {
  const ingest = createIngest({
    // What `useDatabase` opens comes after this.
    get da() {
      return subject.da;
    },
    projects: someProjects({ type: "jwt", issuer: "i", keys: [own.jwk] }),
    ...{ maxBodyBytes: 65_536, identity, log: silent, metrics: createMetrics() },
    events: { lookMs: [20, 50] },
  });
  server = serveHttp((request) => ingest.fetch(request), {
    ...{ hostname: "127.0.0.1", port: 0, maxBodyBytes: 1 << 20 },
  });
  enode = new EnodeClient(`http://127.0.0.1:${server.port}`, { token });
});
afterAll(() => server.stop());

const message = { projectId: 1, version: "0.1", data: "x" };
const failure = (work: Promise<unknown>) =>
  work.then(() => undefined, (error) => error as EnodeError);

describe("a client", () => {
  test("sends, and is told what became of it", async () => {
    const id = await enode.send(message, { idempotencyKey: "k" });
    expect(await enode.send(message, { idempotencyKey: "k" })).toBe(id);
    const status = await enode.message(id);
    expect(status).toMatchObject({ messageID: id, states: [{ state: "received" }] });
    expect(await enode.task(1n, "1")).toMatchObject({ taskID: 1, states: null });
    expect((await enode.config()).OperatorETHAddress).toBe(identity.operator);
  });

  test("sends many, also where none is stored", async () => {
    const answers = await enode.sendMany([message, { ...message, projectId: (1n << 63n) - 1n }]);
    expect(answers).toMatchObject([{ messageID: expect.any(String) }, { status: 401 }]);
    expect(await enode.sendMany([{ ...message, version: "9" }])).toMatchObject([{ status: 404 }]);
    expect(await enode.sendMany([])).toEqual([]);
  });

  test("watches a message to its end", async () => {
    const id = await enode.send(message);
    const states: string[] = [];
    const watched = (async () => {
      for await (const { state } of enode.watch(id)) states.push(state);
    })();
    const task = await subject.da.packing.pack(
      { projectId: 1n, version: "0.1", group: "" },
      wide,
      build,
    );
    await subject.da.tasks.save({
      ...{
        taskId: task?.taskId ?? "0x",
        revision: 0,
        phase: "proved",
        machine: "{}",
        wakeAt: null,
      },
      log: [{ state: "outputted", by: "z", comment: "", result: "" }],
    });
    await watched;
    expect(states).toEqual(["received", "packed", "outputted"]);
  });

  test("tells the enode's reason, and that there is none", async () => {
    const stranger = new EnodeClient(`http://127.0.0.1:${server.port}/`);
    expect(await failure(stranger.send(message))).toMatchObject({
      status: 401,
      reason: expect.stringContaining("Authorization"),
      message: expect.stringMatching(/^401: /),
    });
    expect(await failure(enode.watch("x").next())).toMatchObject({ status: 404 });
    const nobody = new EnodeClient("http://127.0.0.1:1");
    expect(await failure(nobody.send(message)))
      .toMatchObject({ status: 0, message: "no enode answers at http://127.0.0.1:1" });
    expect(await failure(nobody.sendMany([message]))).toBeInstanceOf(EnodeError);
  });
});

describe("a watch", () => {
  let answers: ((response: http.ServerResponse) => void)[] = [];
  const asked: (string | undefined)[] = [];
  const fake = http.createServer((request, response) => {
    asked.push(request.headers["last-event-id"] as string | undefined);
    (answers.shift() ?? ((r) => r.writeHead(204).end()))(response);
  });
  beforeAll(() => new Promise<void>((resolve) => fake.listen(0, "127.0.0.1", resolve)));
  afterAll(() => {
    fake.closeAllConnections();
    fake.close();
  });
  const state = (id: number, name: string) =>
    `id: ${id}\nevent: state\ndata: {"state":"${name}","time":"","comment":"","result":""}\n\n`;

  test("goes on where a lost connection left it, and gives up on an enode that is gone", async () => {
    const port = (fake.address() as AddressInfo).port;
    const client = new EnodeClient(`http://127.0.0.1:${port}`);
    let cut = () => {};
    answers = [
      (r) => {
        r.writeHead(200).write(`${state(1, "received")}id: 2\nda`);
        cut = () => r.destroy();
      },
      (r) => r.writeHead(503, { "retry-after": "1" }).end(`{"error":"later"}`),
      (r) => r.writeHead(200).end(state(2, "packed")),
      (r) => r.writeHead(200).end(`:\n\n${state(3, "failed")}`),
    ];
    const states: string[] = [];
    for await (const { state } of client.watch("m")) {
      states.push(state);
      // In the middle of an event.
      if (state === "received") cut();
    }
    expect(states).toEqual(["received", "packed", "failed"]);
    expect(asked).toEqual([undefined, "1", "1", "2"]);
    answers = [(r) => r.writeHead(200).end("id: 1\ndata: nonsense\n\n")];
    expect(await failure(client.watch("m").next())).toMatchObject({
      message: expect.stringContaining("none of an enode"),
    });
  });
});

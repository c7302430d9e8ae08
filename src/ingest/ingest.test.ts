import { beforeEach, describe, expect, test } from "bun:test";
import pino from "pino";
import { keccak256, toBytes } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { useDatabase } from "../da/testing/databases.ts";
import { build, packedTask, wide } from "../da/testing/make.ts";
import { type SignedTask, taskBlock } from "../protocol/task_block.ts";
import {
  assignmentSigner,
  assignmentsSchema,
  type Batch,
  signAssignments,
  skippedHash,
  skippedText,
} from "../protocol/assignment.ts";
import { createMetrics } from "../metrics.ts";
import { createIngest, type Ingest, type IngestDeps } from "./index.ts";
import { signedText } from "./sender.ts";
import { identity, someProjects } from "./testing/projects.ts";

describe("the HTTP API", () => {
  const subject = useDatabase("postgres");
  const logged: string[] = [];
  const log = pino({ level: "trace" }, { write: (line) => void logged.push(line) });
  let metrics = createMetrics();
  let ingest: Ingest;
  const make = (change: Partial<IngestDeps> = {}) =>
    createIngest({
      ...{ da: subject.da, projects: someProjects(), maxBodyBytes: 4096 },
      ...{ identity, log, metrics, ...change },
    });
  beforeEach(() => {
    logged.length = 0;
    metrics = createMetrics();
    ingest = make();
  });

  const good = { projectID: 1, projectVersion: "0.1", data: `{"private":"secret"}` };
  const post = (body: unknown, headers: Record<string, string> = {}, path = "/message") =>
    ingest.app.request(path, {
      method: "POST",
      headers,
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  const read = async (response: Response | Promise<Response>) => {
    const answer = await response;
    return [answer.status, await answer.json()] as const;
  };
  const get = (path: string) => read(ingest.app.request(path));
  const pending = () => subject.da.packing.pending();

  describe("POST /message", () => {
    test("answers with the id of a stored message", async () => {
      const answer = await post(good);
      const body = await answer.json();
      expect(answer.status).toBe(200);
      expect(Object.keys(body)).toEqual(["messageID"]);
      expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
      expect(await subject.da.messages.status(body.messageID)).toBeDefined();
      let data = "";
      await subject.da.packing.pack(
        { projectId: 1n, version: "0.1", group: "" },
        wide,
        async ([m]) => {
          data = new TextDecoder().decode(m?.data);
          return undefined;
        },
      );
      expect(data).toBe(good.data);
    });

    test("takes any content type, any case of names, and a trailing slash", async () => {
      const text = JSON.stringify({ ProjectID: 1, ProjectVersion: "0.1", Data: "x" });
      const form = { "content-type": "application/x-www-form-urlencoded" };
      expect((await post(text, form)).status).toBe(200);
      const moved = await post(text, {}, "/message/");
      expect([moved.status, moved.headers.get("location")]).toEqual([307, "/message"]);
    });

    test("400 names the field", async () => {
      const [status, body] = await read(post({ projectID: 1, projectVersion: "0.1" }));
      expect(status).toBe(400);
      expect(body).toEqual({
        error:
          "Key: 'HandleMessageReq.Data' Error:Field validation for 'Data' failed on the 'required' tag",
      });
      expect(await read(post(""))).toMatchObject([400, { error: "EOF" }]);
      expect(await pending()).toEqual([]);
    });

    test("404 for a project or version that is not there", async () => {
      for (
        const [id, version] of [
          ["99999", "0.1"],
          ["1", "0.3"],
          ["18446744073709551615", "0.1"],
          ["1", "0.1\\u0000"],
        ]
      ) {
        const body = `{"projectID":${id},"projectVersion":"${version}","data":"x"}`;
        const name = version!.replace("\\u0000", "\0");
        expect(await read(post(body))).toMatchObject([404, {
          error: `project config not exist, projectID ${id}, version ${name}`,
        }]);
      }
    });

    test("403 for a paused project", async () => {
      expect(await read(post({ ...good, projectID: 2 }))).toMatchObject([403, {
        error: "project 2 is paused and takes no messages",
      }]);
    });

    test("the largest id of a project is stored as it is", async () => {
      const id = "9223372036854775807";
      const [status] = await read(post(`{"projectID":${id},"projectVersion":"0.1","data":"x"}`));
      expect(status).toBe(200);
      expect(await pending()).toMatchObject([{ projectId: BigInt(id) }]);
    });

    test("413 for more than the limit, also when no length is stated", async () => {
      const big = JSON.stringify({ ...good, data: "x".repeat(5000) });
      for (const headers of [{}, { "content-length": String(big.length) }]) {
        expect(await read(post(big, headers))).toMatchObject([413, {
          error: "the body must have at most 4096 bytes",
        }]);
      }
      const exact = JSON.stringify({ ...good, data: "" });
      const full = JSON.stringify({ ...good, data: "x".repeat(4096 - exact.length) });
      expect((await post(full)).status).toBe(200);
    });

    test("an Idempotency-Key makes a retry safe", async () => {
      const key = { "idempotency-key": "retry 1" };
      const [, first] = await read(post(good, key));
      const [, again] = await read(post(good, key));
      const [, other] = await read(post(good, { "idempotency-key": "retry 2" }));
      expect(again).toEqual(first);
      expect(other).not.toEqual(first);
      expect(await pending()).toMatchObject([{ count: 2 }]);
      const [status, body] = await read(post({ ...good, data: "other" }, key));
      expect([status, body.error]).toEqual([409, expect.stringContaining("Idempotency-Key")]);
      expect(await pending()).toMatchObject([{ count: 2 }]);
      for (const bad of ["x".repeat(201), "é"]) {
        expect((await post(good, { "idempotency-key": bad })).status).toBe(400);
      }
    });

    test("503 with Retry-After when the queue is full, or the database gone", async () => {
      const { OverloadedError } = await import("../da/da.ts");
      const { DatabaseUnavailableError } = await import("../da/index.ts");
      for (
        const error of [new OverloadedError(3), new DatabaseUnavailableError(new Error("down"))]
      ) {
        ingest = make({
          da: {
            ...subject.da,
            messages: { ...subject.da.messages, append: () => Promise.reject(error) },
          },
        });
        const answer = await post(good);
        expect([answer.status, await answer.json()]).toEqual([503, { error: error.message }]);
        expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      }
    });

    test("no private data in errors or logs", async () => {
      ingest = make({
        da: {
          ...subject.da,
          messages: { ...subject.da.messages, append: () => Promise.reject(new Error("boom")) },
        },
      });
      expect(await read(post(good))).toMatchObject([500, { error: "internal error" }]);
      expect(logged.length).toBeGreaterThan(0);
      const bad = [
        `{"data":"secret`,
        `{"data":{"secret":1}}`,
        `{"projectID":7,"projectVersion":"v","data":"secret"}`,
      ];
      for (const body of bad) expect(await (await post(body)).text()).not.toContain("secret");
      expect(logged.join()).not.toContain("secret");
    });
  });

  describe("a device's signature", () => {
    const device = privateKeyToAccount(keccak256("0x01"));
    const sign = async (text: string) => await device.sign({ hash: keccak256(toBytes(text)) });
    const compact = `{"projectID":1,"projectVersion":"0.2","data":"22.5"}`;
    const fields = { projectID: 1, projectVersion: "0.2", data: "22.5" };

    test("makes its address the sender, and the group of a project that packs by device", async () => {
      const signature = await sign(compact);
      expect((await post({ ...fields, signature })).status).toBe(200);
      // Go's secp256k1 ends a signature with 0 or 1, others with 27 or 28.
      const low = signature.slice(0, -2) + (signature.endsWith("1b") ? "00" : "01");
      expect((await post({ ...fields, signature: low })).status).toBe(200);
      expect(await pending()).toMatchObject([{ group: device.address, count: 2 }]);
    });

    test("covers the text as Go marshals it", async () => {
      const data = `<a href="x">&\u2028 é\n`;
      const text = `{"projectID":1,"projectVersion":"0.2",` +
        `"data":"\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028 é\\n"}`;
      expect(signedText({ projectId: 1n, version: "0.2", data, signature: undefined })).toBe(text);
      expect((await post({ ...fields, data, signature: await sign(text) })).status).toBe(200);
      expect(await pending()).toMatchObject([{ group: device.address }]);
    });

    test("of other data is another sender's, and none is 401", async () => {
      expect((await post({ ...fields, data: "99", signature: await sign(compact) })).status).toBe(
        200,
      );
      expect((await pending())[0]?.group).not.toBe(device.address);
      const zeros = `0x${"00".repeat(65)}`;
      for (const signature of ["x", "0x12", zeros, `${await sign(compact)}00`]) {
        expect((await post({ ...fields, signature })).status).toBe(401);
      }
    });
  });

  describe("POST /messages", () => {
    const many = (list: unknown, headers = {}) => read(post(list, headers, "/messages"));

    test("200 with an id each", async () => {
      const [status, body] = await many([good, good, good]);
      expect(status).toBe(200);
      expect(new Set(body.messages.map((m: { messageID: string }) => m.messageID)).size).toBe(3);
      expect(await many([])).toMatchObject([200, { messages: [] }]);
    });

    test("207 when some were stored: the others say why, in their places", async () => {
      const [status, body] = await many([good, { ...good, projectID: 5 }, {}, good, {
        ...good,
        projectID: 2,
      }]);
      expect(status).toBe(207);
      expect(body.messages).toMatchObject([
        { messageID: expect.any(String) },
        { status: 404, error: "project config not exist, projectID 5, version 0.1" },
        { status: 400, error: expect.stringContaining("'ProjectID'") },
        { messageID: expect.any(String) },
        { status: 403 },
      ]);
      expect(await pending()).toMatchObject([{ count: 2 }]);
    });

    test("400 when none was stored, or the body is no array", async () => {
      expect((await many([{}]))[0]).toBe(400);
      expect(await many(good)).toMatchObject([400, {
        error: "the body must be a JSON array of messages",
      }]);
      ingest = make({ limits: { batchMessages: 2 } });
      expect((await many([good, good, good]))[0]).toBe(400);
    });

    test("an Idempotency-Key covers each message by its place", async () => {
      const key = { "idempotency-key": "batch" };
      const [, first] = await many([good, good], key);
      expect((await many([good, good], key))[1]).toEqual(first);
      expect(await pending()).toMatchObject([{ count: 2 }]);
    });
  });

  describe("GET /message/:id", () => {
    test("an unknown id has no states", async () => {
      expect(await get("/message/x")).toMatchObject([200, { messageID: "x", states: null }]);
    });

    test("tells why the message waits", async () => {
      const comment = async (id: string) => (await get(`/message/${id}`))[1].states[0].comment;
      const [, { messageID }] = await read(post(good));
      const reason = "this node's key may not operate the project";
      ingest = make({ problemOf: ({ version }) => version === "0.1" ? reason : undefined });
      expect(await comment(messageID)).toBe(reason);
      const [, other] = await read(post({ ...good, projectVersion: "0.2" }));
      expect(await comment(other.messageID)).toBe("");
      const known = someProjects();
      ingest = make({ projects: { ...known, get: () => known.get(2n) } });
      expect(await comment(messageID)).toBe("project 1 is paused");
      ingest = make({ projects: { ...known, get: () => undefined } });
      expect(await comment(messageID)).toBe("project 1 is not served here");
      await subject.da.packing.pack({ projectId: 1n, version: "0.1", group: "" }, wide, build);
      expect(await comment(messageID)).toBe("");
    });

    test("tells what its task is held up by", async () => {
      const [, { messageID }] = await read(post(good));
      const group = { projectId: 1n, version: "0.1", group: "" };
      const { taskId } = await subject.da.packing.pack(group, wide, build) as { taskId: string };
      const reason = "waits for a znode: none is linked";
      ingest = make({ heldUpBy: (id) => id === taskId ? reason : undefined });
      const comments = async (path: string) =>
        (await get(path))[1].states.map(({ comment }: { comment: string }) => comment);
      expect(await comments(`/message/${messageID}`)).toEqual(["", reason]);
      expect(await comments(`/task/1/${taskId}`)).toEqual([reason]);
    });

    test("tells the life of the message, in the original's fields", async () => {
      const [, { messageID }] = await read(post(good));
      const received = (await get(`/message/${messageID}`))[1];
      expect(received.states).toEqual([
        { state: "received", time: expect.stringMatching(/^\d{4}-.*Z$/), comment: "", result: "" },
      ]);
      const group = { projectId: 1n, version: "0.1", group: "" };
      const record = await subject.da.packing.pack(group, wide, build);
      const names = ["dispatched", "lease ended", "dispatched", "proved", "outputted"];
      await subject.da.tasks.save({
        ...{ taskId: record!.taskId, revision: 0, phase: "proved", machine: "{}", wakeAt: null },
        log: names.map((state) => ({ state, by: "0xz", comment: `c ${state}`, result: "" })),
      });
      const { states } = (await get(`/message/${messageID}`))[1];
      expect(states.map((s: { state: string }) => s.state)).toEqual(
        ["received", "packed", "dispatched", "dispatched", "proved", "outputted"],
      );
      expect(Object.keys(states[2])).toEqual(["state", "time", "comment", "result"]);
      const task = (await get("/task/1/1"))[1];
      expect(task.states).toEqual(states.slice(1));
    });
  });

  describe("GET /task/:project_id/:task_id", () => {
    test("finds by number and by hash", async () => {
      const record = await packedTask(subject.da, 2);
      const signed = await subject.da.signed.get(record.taskId) as SignedTask;
      const block = `${(await taskBlock(signed)).cid}`;
      const expected = { taskID: 1, projectID: 1, taskHash: record.taskId, block };
      for (const id of ["1", record.taskId, record.taskId.toUpperCase().replace("0X", "0x")]) {
        const [status, body] = await get(`/task/1/${id}`);
        expect([status, body]).toMatchObject([200, expected]);
        expect(body.states).toMatchObject([{ state: "packed" }]);
      }
    });

    test("its assignments, with the task that they are about", async () => {
      const { taskId, task } = await packedTask(subject.da);
      const path = "/task/1/1/assignments";
      const [status, empty] = await get(path);
      expect([status, assignmentsSchema.parse(empty)]).toMatchObject([200, {
        taskId,
        task,
        assignments: [],
      }]);
      const skipped = skippedText({ named: [], others: [] });
      const prover = "0x00000000000000000000000000000000000000bb" as const;
      const assignment = {
        ...{ taskId, epoch: 1n, prover, seedBlock: 7n, seedHash: keccak256("0x5e"), rank: 1n },
        skippedHash: skippedHash(skipped),
      };
      const signer = privateKeyToAccount(keccak256("0x0e"));
      const [batch] = await signAssignments(task, signer, [assignment]);
      await subject.da.tasks.save({
        ...{ taskId, revision: 0, phase: "dispatched", machine: "{}", wakeAt: null, log: [] },
        assignments: [{ ...assignment, skipped, batch: batch as Batch }],
      });
      const { assignments } = assignmentsSchema.parse((await get(path))[1]);
      expect(assignments).toEqual([{ ...assignment, skipped, batch: batch as Batch }]);
      const [entry] = assignments;
      expect(entry && assignmentSigner(task, entry, entry.batch)).toBe(signer.address);
      expect((await get("/task/1/8/assignments"))[0]).toBe(404);
      expect((await get("/task/2/1/assignments"))[0]).toBe(404);
    });

    test("one whose payload was purged has no block any more", async () => {
      await packedTask(subject.da);
      await get("/task/1/1");
      await subject.database.query("update w3bstream.tasks set purged_at = now()");
      expect((await get("/task/1/1"))[1]).not.toHaveProperty("block");
    });

    test("one that is not there has no states, and keeps its numbers exactly", async () => {
      expect(await get("/task/1/7")).toMatchObject([200, {
        taskID: 7,
        projectID: 1,
        states: null,
      }]);
      const text = await (await ingest.app.request("/task/18446744073709551615/9007199254740993"))
        .text();
      expect(text).toBe(
        `{"taskID":9007199254740993,"projectID":18446744073709551615,"states":null}`,
      );
      expect(await get(`/task/1/0x${"ab".repeat(32)}`)).toMatchObject([200, { taskID: null }]);
    });

    test.each([
      ["/task/x/1", `strconv.ParseUint: parsing "x": invalid syntax`],
      ["/task/1/-1", `strconv.ParseUint: parsing "-1": invalid syntax`],
      ["/task/1/0x12", `strconv.ParseUint: parsing "0x12": invalid syntax`],
      [
        "/task/1/18446744073709551616",
        `strconv.ParseUint: parsing "18446744073709551616": value out of range`,
      ],
    ])("%s is 400", async (path, error) => {
      expect(await get(path)).toMatchObject([400, { error }]);
    });
  });

  test("GET /live, /enode_config, /metrics, and 404 for the rest", async () => {
    expect(await get("/live")).toMatchObject([200, { status: "up" }]);
    const [, config] = await get("/enode_config");
    expect(config).toEqual({
      projectContractAddress: identity.projectContract,
      OperatorETHAddress: identity.operator,
    });
    const missing = await ingest.app.request("/nothing");
    expect([missing.status, await missing.text()]).toEqual([404, "404 page not found"]);
    await post(good);
    await post({});
    const text = await (await ingest.app.request("/metrics")).text();
    expect(text).toContain(`w3bstream_messages_total{project="1",result="accepted"} 1`);
    expect(text).toContain(`w3bstream_messages_total{project="unknown",result="refused"} 1`);
    expect(text).toContain(
      `w3bstream_http_request_seconds_count{route="POST /message",status="200"} 1`,
    );
  });
});

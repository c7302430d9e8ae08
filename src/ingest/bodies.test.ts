import { beforeEach, describe, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { encode } from "cborg";
import fc from "fast-check";
import { silent, useDatabase } from "../da/testing/databases.ts";
import { wide } from "../da/testing/make.ts";
import { createMetrics } from "../metrics.ts";
import { deviceText } from "./auth/device.ts";
import { createIngest, type Ingest, type IngestDeps } from "./index.ts";
import { identity, someProjects } from "./testing/projects.ts";
import { signer } from "./testing/senders.ts";

const subject = useDatabase("postgres");
let ingest: Ingest;
const make = (change: Partial<IngestDeps> = {}) =>
  createIngest({
    ...{ da: subject.da, projects: someProjects(), maxBodyBytes: 4096 },
    ...{ identity, log: silent, metrics: createMetrics(), ...change },
  });
beforeEach(() => ingest = make());

type Body = string | Uint8Array;
const post = async (path: string, body: Body, headers: Record<string, string>) => {
  const init = { method: "POST", headers, body: body as BodyInit };
  const answer = await ingest.app.request(path, init);
  return [answer.status, await answer.json()] as const;
};
const cborType = { "content-type": "application/cbor" };
const lines = { "content-type": "application/x-ndjson; charset=utf-8" };
const gzip = { "content-encoding": "gzip" };
const message = { projectID: 1, projectVersion: "0.1", data: "22.5" };

/** Data of what was stored, oldest first. */
async function stored(): Promise<string[]> {
  const data: string[] = [];
  await subject.da.packing.pack({ projectId: 1n, version: "0.1", group: "" }, wide, async (all) => {
    data.push(...all.map((m) => Buffer.from(m.data).toString("latin1")));
    return undefined;
  });
  return data.sort();
}

describe("CBOR", () => {
  test("is a map, whose data may be bytes", async () => {
    const bytes = Uint8Array.from([0, 255, 128]);
    expect((await post("/message", encode(message), cborType))[0]).toBe(200);
    expect((await post("/message", encode({ ...message, data: bytes }), cborType))[0]).toBe(200);
    expect(await stored()).toEqual(["\0\xff\x80", "22.5"]);
  });

  test("is an array of them for many, of which each tells what is wrong", async () => {
    const list = [message, { ...message, data: 5 }, 7, { ...message, projectID: 9 }];
    const [status, body] = await post("/messages", encode(list), cborType);
    expect(status).toBe(207);
    expect(body.messages).toMatchObject([
      { messageID: expect.any(String) },
      { status: 400, error: expect.stringContaining("data") },
      { status: 400, error: "a message must be a CBOR map" },
      { status: 404 },
    ]);
  });

  test("has ids of 64 bits", async () => {
    const id = (1n << 63n) - 1n;
    expect((await post("/message", encode({ ...message, projectID: id }), cborType))[0]).toBe(200);
    expect(await subject.da.packing.pending()).toMatchObject([{ projectId: id }]);
  });

  test("carries a device's signature as bytes", async () => {
    const own = signer("ES256");
    ingest = make({ projects: someProjects({ type: "device", devices: [own.did] }) });
    const [data, time] = [Uint8Array.from([1, 2, 3]), Math.floor(Date.now() / 1000)];
    const fields = { device: own.did, time, nonce: "1" };
    const text = deviceText({
      ...{ audience: "w3bstream-project-1", version: "0.1", data, ...fields },
    });
    const signed = { ...message, data, ...fields, signature: own.sign(text) };
    expect((await post("/message", encode(signed), cborType))[0]).toBe(200);
    const changed = { ...signed, data: Uint8Array.from([1, 2, 4]) };
    expect((await post("/message", encode(changed), cborType))[0]).toBe(401);
  });

  test.each([
    ["nothing", new Uint8Array(), "not CBOR"],
    ["text", new TextEncoder().encode("{}"), "not CBOR"],
    ["half a map", encode(message).subarray(0, 20), "not CBOR"],
    [
      "an array too long to be there",
      Uint8Array.from([0x9b, 0, 0, 0, 0, 255, 255, 255, 255]),
      "not CBOR",
    ],
    ["endless nesting", new Uint8Array(4000).fill(0x81), "not CBOR|must be a CBOR map"],
    ["a number", encode(5), "must be a CBOR map"],
    ["a key twice", Uint8Array.from([0xa2, 0x61, 0x61, 1, 0x61, 0x61, 2]), "not CBOR"],
    ["no fields", encode({}), "projectID"],
    ["project 0", encode({ ...message, projectID: 0 }), "projectID: must be a whole number"],
    ["empty bytes", encode({ ...message, data: new Uint8Array() }), "data"],
  ])("of %s is 400", async (_name, body, text) => {
    const [status, { error }] = await post("/message", body, cborType);
    expect([status, error]).toEqual([400, expect.stringMatching(new RegExp(text))]);
  });

  test("of any bytes never is the server's fault", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (body, many) => {
        const [status] = await post(many ? "/messages" : "/message", body, cborType);
        expect(status === 200 && many || (status >= 400 && status < 500)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe("NDJSON", () => {
  test("is a message a line", async () => {
    const text = `${JSON.stringify(message)}\n\n{"projectID":1}\r\n${
      JSON.stringify({ ...message, data: "é" })
    }\n`;
    const [status, body] = await post("/messages", text, lines);
    expect(status).toBe(207);
    expect(body.messages).toMatchObject([
      { messageID: expect.any(String) },
      { status: 400, error: expect.stringContaining("ProjectVersion") },
      { messageID: expect.any(String) },
    ]);
    expect(await stored()).toEqual(["22.5", "Ã©"]);
    expect(await post("/messages", "\n", lines)).toEqual([200, { messages: [] }]);
  });

  test("has as many lines as a batch has messages", async () => {
    ingest = make({ limits: { batchMessages: 2 } });
    const text = `${JSON.stringify(message)}\n`.repeat(3);
    expect(await post("/messages", text, lines))
      .toEqual([400, { error: "the body must have at most 2 messages" }]);
  });
});

describe("gzip", () => {
  test("holds any form", async () => {
    const one = gzipSync(JSON.stringify(message));
    expect((await post("/message", one, gzip))[0]).toBe(200);
    expect((await post("/message", gzipSync(encode(message)), { ...gzip, ...cborType }))[0]).toBe(
      200,
    );
    const many = gzipSync(`${JSON.stringify(message)}\n`.repeat(20));
    expect((await post("/messages", many, { ...gzip, ...lines }))[0]).toBe(200);
    expect((await stored()).length).toBe(22);
  });

  test("that unpacks to more than a body may have is 413", async () => {
    const bomb = gzipSync(new Uint8Array(4_000_000));
    expect(bomb.length).toBeLessThan(4096);
    expect(await post("/message", bomb, gzip))
      .toEqual([413, { error: "the body must have at most 4096 bytes, unpacked" }]);
    const exact = gzipSync(JSON.stringify(message).padEnd(4096, " "));
    expect((await post("/message", exact, gzip))[0]).toBe(200);
  });

  test("that is cut or none is 400, and other encodings are 415", async () => {
    const whole = gzipSync(JSON.stringify(message));
    for (const body of [whole.subarray(0, 30), "x", ""]) {
      expect((await post("/message", body, gzip))[0]).toBe(400);
    }
    expect(await post("/message", "x", { "content-encoding": "br" }))
      .toEqual([415, { error: "Content-Encoding: only gzip is taken" }]);
    expect((await post("/message", JSON.stringify(message), { "content-encoding": "identity" }))[0])
      .toBe(200);
  });
});

describe("pages of other origins", () => {
  const ask = async (origins: readonly string[] | undefined, origin: string) => {
    ingest = make(origins ? { corsOrigins: origins } : {});
    const preflight = await ingest.app.request("/message", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });
    const answer = await ingest.app.request("/live", { headers: { origin } });
    const allowed = "access-control-allow-origin";
    return [preflight.headers.get(allowed), answer.headers.get(allowed)];
  };

  test("are allowed as the operator says", async () => {
    const app = "https://app.example";
    expect(await ask(undefined, app)).toEqual([null, null]);
    expect(await ask([app], app)).toEqual([app, app]);
    expect(await ask([app], "https://evil.example")).toEqual([null, null]);
    expect(await ask(["*"], app)).toEqual(["*", "*"]);
  });
});

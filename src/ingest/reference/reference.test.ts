import { beforeAll, describe, expect, test } from "bun:test";
import { encode } from "cborg";
import fc from "fast-check";
import { silent } from "../../da/testing/databases.ts";
import { createMetrics } from "../../metrics.ts";
import { decodeMessage } from "../decode.ts";
import { createIngest, type Ingest, type IngestDeps } from "../index.ts";
import { messageSchema } from "../schema.ts";
import { identity, someProjects } from "../testing/projects.ts";
import { operations } from "./operations.ts";

let ingest: Ingest;
// deno-lint-ignore no-explicit-any
let document: any;
beforeAll(async () => {
  ingest = createIngest({
    da: {} as IngestDeps["da"],
    ...{ projects: someProjects(), maxBodyBytes: 2000, identity, log: silent },
    metrics: createMetrics(),
  });
  document = await (await ingest.app.request("/openapi.json")).json();
});

describe("the OpenAPI document", () => {
  test("has each route that is served, and no other", () => {
    const served = ingest.app.routes
      .filter(({ path }) => !["/openapi.json", "/reference", "/message/"].includes(path))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
    const told = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(told.sort()).toEqual(served.sort());
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths).length).toBe(new Set(operations.map((o) => o.path)).size);
  });

  test("refers only to what it has, and has nothing in vain", () => {
    const text = JSON.stringify(document);
    const named = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, n]) => n));
    expect([...named].sort()).toEqual(Object.keys(document.components.schemas).sort());
  });

  test("says what a message is as the schema that reads it", () => {
    const { Message } = document.components.schemas;
    expect(Message.required).toEqual(["projectID", "projectVersion", "data"]);
    expect(Object.keys(Message.properties)).toEqual(Object.keys(messageSchema.shape));
    expect(Message.properties.projectID.anyOf[0]).toMatchObject({ type: "integer", minimum: 1 });
  });

  test("names the parameters of its paths", () => {
    for (const { path, parameters = [] } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);
      expect(parameters.filter((p) => p.in === "path").map((p) => p.name)).toEqual(inPath);
    }
  });
});

test("the reference page has each route and each body, and runs nothing", async () => {
  const answer = await ingest.app.request("/reference");
  const page = await answer.text();
  expect(answer.headers.get("content-type")).toContain("text/html");
  for (const { path } of operations) expect(page).toContain(path);
  for (const name of Object.keys(document.components.schemas)) {
    expect(page).toContain(`id="${name}"`);
  }
  expect(page).not.toContain("<script");
  expect(page).not.toContain("https://");
});

test("what the schema takes is read alike from JSON, NDJSON and CBOR", () => {
  const text = fc.string({ minLength: 1, maxLength: 20 }).map((s) => s.toWellFormed());
  const arbitrary = fc.record({
    projectID: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    projectVersion: text,
    data: text,
    signature: text,
    device: text,
    time: fc.nat(),
    nonce: text,
  }, { requiredKeys: ["projectID", "projectVersion", "data"] });
  fc.assert(fc.property(arbitrary, (message) => {
    const read = messageSchema.parse(message);
    const json = decodeMessage(JSON.stringify(message), "json");
    const cbor = decodeMessage(encode(message), "cbor");
    const { projectID, projectVersion, ...rest } = read;
    const expected = { projectId: projectID, version: projectVersion, ...rest };
    const defined = (o: object) =>
      Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined));
    expect(defined(json)).toEqual(expected);
    expect(defined(cbor)).toEqual(expected);
  }));
});

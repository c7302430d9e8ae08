import { afterAll, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import type { Appended } from "../da/da.ts";
import { OverloadedError } from "../da/da.ts";
import { pgliteFolder, silent } from "../da/testing/databases.ts";
import { createMetrics } from "../metrics.ts";
import { type HttpServer, serveHttp } from "../platform.ts";
import { createIngest, type IngestDeps } from "./index.ts";
import { identity, someProjects } from "./testing/projects.ts";

const body = `{"projectID":1,"projectVersion":"0.1","data":"x"}`;
const head = "POST /message HTTP/1.1\r\nHost: x\r\n";

/** Sends pieces (numbers are pauses, ms) and answers with all that came back until the close. */
function raw(server: HttpServer, pieces: readonly (string | number)[]): Promise<string> {
  return new Promise((resolve) => {
    let got = "";
    const socket = connect(server.port, "127.0.0.1");
    socket.on("data", (data) => got += data);
    socket.on("error", () => {});
    socket.on("close", () => resolve(got));
    void (async () => {
      for (const piece of pieces) {
        if (typeof piece === "number") await new Promise((done) => setTimeout(done, piece));
        else if (!socket.destroyed) socket.write(piece);
      }
    })();
  });
}

describe("a listening server", () => {
  const servers: HttpServer[] = [];
  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  const serve = (
    append: (n: number) => Promise<Appended>,
    change: Partial<IngestDeps> = {},
  ) => {
    let calls = 0;
    const messages = {
      append: () => append(++calls),
      appendMany: () => Promise.resolve([]),
      status: () => Promise.resolve(undefined),
      queued: { rows: 0, bytes: 0 },
    };
    const ingest = createIngest({
      da: { ...{} as IngestDeps["da"], messages },
      ...{ projects: someProjects(), maxBodyBytes: 2000, identity, log: silent },
      metrics: createMetrics(),
      ...change,
    });
    const server = serveHttp((request) => ingest.fetch(request), {
      ...{ hostname: "127.0.0.1", port: 0, maxBodyBytes: 1 << 30 },
    });
    servers.push(server);
    return { ingest, server, calls: () => calls };
  };
  const stored = (n: number): Promise<Appended> =>
    Promise.resolve({ id: `m${n}`, duplicate: false });

  test("answers 413 before a large body has arrived, stated or chunked", async () => {
    const { server, calls } = serve(stored);
    const stated = await raw(server, [`${head}Content-Length: 900000000\r\n\r\nxxx`]);
    expect(stated).toStartWith("HTTP/1.1 413");
    expect(stated).toContain(`{"error":"the body must have at most 2000 bytes"}`);
    const chunk = `3e8\r\n${"x".repeat(1000)}\r\n`;
    const endless = Array.from({ length: 100 }, () => [chunk, 5]).flat();
    const chunked = await raw(server, [`${head}Transfer-Encoding: chunked\r\n\r\n`, ...endless]);
    expect(chunked).toStartWith("HTTP/1.1 413");
    expect(calls()).toBe(0);
  });

  test("reads a chunked body", async () => {
    const { server } = serve(stored);
    const half = body.length >> 1;
    const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
    const got = await raw(server, [
      `${head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunk(body.slice(0, half))}`,
      20,
      `${chunk(body.slice(half))}0\r\n\r\n`,
    ]);
    expect(got).toContain(`{"messageID":"m1"}`);
  });

  test("gives up on a body that does not come", async () => {
    const { server } = serve(stored, { limits: { bodySeconds: 0.2 } });
    const drip = Array.from({ length: 20 }, () => ["x", 50]).flat();
    expect(await raw(server, [`${head}Content-Length: 100\r\n\r\n`, ...drip])).toStartWith(
      "HTTP/1.1 408",
    );
  });

  test("refuses bodies beyond what may be read at once, and takes them again afterwards", async () => {
    const { server } = serve(stored, { limits: { readingBytes: 3000, bodySeconds: 5 } });
    const padded = body + " ".repeat(1900 - body.length);
    const slow = raw(server, [
      `${head}Content-Length: 1900\r\nConnection: close\r\n\r\n`,
      200,
      padded,
    ]);
    await new Promise((done) => setTimeout(done, 100));
    const send = () =>
      fetch(`http://127.0.0.1:${server.port}/message`, { method: "POST", body: padded });
    const refused = await send();
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await slow).toContain("200 OK");
    expect((await send()).status).toBe(200);
  });

  test("sheds load with 503 and Retry-After, and goes on", async () => {
    let waiting = 0;
    const { server } = serve(async (n) => {
      if (waiting >= 8) throw new OverloadedError(2);
      waiting++;
      await new Promise((done) => setTimeout(done, 20));
      waiting--;
      return stored(n);
    });
    const url = `http://127.0.0.1:${server.port}/message`;
    const answers = await Promise.all(
      Array.from({ length: 64 }, () => fetch(url, { method: "POST", body })),
    );
    const refused = answers.filter((answer) => answer.status === 503);
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(8);
    for (const answer of refused) expect(answer.headers.get("retry-after")).toBe("2");
    expect((await fetch(url, { method: "POST", body })).status).toBe(200);
  });

  test("drains: what is being stored is answered, new messages are refused", async () => {
    const go = Promise.withResolvers<void>();
    const { server, ingest } = serve(async (n) => {
      await go.promise;
      return stored(n);
    });
    const base = `http://127.0.0.1:${server.port}`;
    const first = fetch(`${base}/message`, { method: "POST", body });
    await new Promise((done) => setTimeout(done, 50));
    let drained = false;
    const draining = ingest.drain().then(() => drained = true);
    const late = await fetch(`${base}/message`, { method: "POST", body });
    expect([late.status, late.headers.get("retry-after")]).toEqual([503, "5"]);
    expect((await fetch(`${base}/live`)).status).toBe(503);
    const ready = await fetch(`${base}/ready`);
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { status: "not ready", reasons: { node: "it is about to stop" } },
    ]);
    expect(drained).toBe(false);
    go.resolve();
    expect((await first).status).toBe(200);
    await draining;
  });
});

describe("on Deno", () => {
  let child: ChildProcess | undefined;
  let folder: string | undefined;
  afterAll(() => {
    child?.kill("SIGKILL");
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }, 300_000);

  test("stores and tells a message, with few permissions", async () => {
    folder = await pgliteFolder();
    const path = (relative: string) => new URL(relative, import.meta.url).pathname;
    const root = path("../../");
    child = spawn(path("../../node_modules/.bin/deno"), [
      ...["run", "--quiet", "--no-prompt", "--allow-net=127.0.0.1", "--allow-env"],
      ...[`--allow-read=${root},${folder}`, `--allow-write=${folder}`, "--allow-sys"],
      ...[path("./testing/serve.ts"), folder],
    ], { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout! });
    const url: string = await new Promise((resolve, reject) => {
      lines.once("line", resolve);
      child?.once("exit", (code) => reject(new Error(`ended with ${code}`)));
    });
    const sent = await fetch(`${url}/message`, { method: "POST", body });
    expect(sent.status).toBe(200);
    const { messageID } = await sent.json() as { messageID: string };
    const told = await (await fetch(`${url}/message/${messageID}`)).json();
    expect(told).toMatchObject({ messageID, states: [{ state: "received" }] });
    const big = await fetch(`${url}/message`, { method: "POST", body: "x".repeat(5000) });
    expect([big.status, await big.json()]).toEqual([413, {
      error: "the body must have at most 4096 bytes",
    }]);
    const stream = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode("x".repeat(1000))),
    });
    const chunked = await fetch(`${url}/message`, { method: "POST", body: stream });
    expect(chunked.status).toBe(413);
  }, 300_000);
});

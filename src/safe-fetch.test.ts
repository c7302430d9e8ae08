import { afterAll, describe, expect, test } from "bun:test";
import http, { type RequestListener, type Server } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { isPublicAddress } from "./public-address.ts";
import {
  anyAddress,
  safeFetch,
  SafeFetchError,
  type SafeFetchOptions,
  TooLargeError,
} from "./safe-fetch.ts";
import { certificate, certificateKey } from "./testing/certificate.ts";

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(handler: RequestListener, host = "127.0.0.1", tls = false): Promise<number> {
  const server = tls
    ? https.createServer({ key: certificateKey, cert: certificate }, handler)
    : http.createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

const loopback = (address: string) => address === "127.0.0.1";
const fetched = (url: string, options: Partial<SafeFetchOptions> = {}) =>
  safeFetch(url, { maxBytes: 1000, allow: loopback, timeoutMs: 2000, ...options });
const failure = (url: string, options: Partial<SafeFetchOptions> = {}) =>
  fetched(url, options).then(() => {
    throw new Error("was fetched");
  }, (error) => error as SafeFetchError);
const text = (body: Uint8Array) => new TextDecoder().decode(body);

describe("addresses", () => {
  test.each([
    "8.8.8.8",
    "1.1.1.1",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700:4700::1111",
    "2a00:1450::1",
  ])("%s is public", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  test.each([
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:8.8.8.8",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::",
    "example.com",
    "",
  ])("%s is not", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe("refused before anything is sent", () => {
  let asked = 0;
  const port = serve((_, response) => {
    asked++;
    response.end();
  });

  test.each([
    "http://127.0.0.1:PORT/",
    "http://localhost:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f.1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::1]:PORT/",
    "http://169.254.169.254/latest/meta-data/",
  ])("%s", async (url) => {
    const target = url.replace("PORT", `${await port}`);
    const error = await failure(target, { allow: isPublicAddress });
    expect(error).toBeInstanceOf(SafeFetchError);
    expect(error.kind).toBe("refused");
    expect(error.message).toContain("is not at a public address");
    expect(asked).toBe(0);
  });

  test("a public name with a private address among its addresses", async () => {
    const resolve = () => Promise.resolve([{ address: "8.8.8.8" }, { address: "10.0.0.1" }]);
    const error = await failure("http://files.example/", { allow: isPublicAddress, resolve });
    expect(error).toMatchObject({
      kind: "refused",
      message: "files.example is not at a public address",
    });
  });

  test.each([
    ["file:///etc/passwd", "only http and https are fetched, not file:"],
    ["ftp://8.8.8.8/", "only http and https are fetched, not ftp:"],
    ["http://user:pass@8.8.8.8/", "the URL contains a user name or password"],
    ["http://", "the URL is malformed"],
    ["nonsense", "the URL is malformed"],
  ])("%s", async (url, message) => {
    expect(await failure(url)).toMatchObject({ kind: "refused", message });
  });
});

test("a plain answer, with its status", async () => {
  const port = await serve((request, response) => {
    response.writeHead(404, { "x-kind": "test" });
    response.end(`${request.method} ${request.url} ${request.headers.host}`);
  });
  const response = await fetched(`http://127.0.0.1:${port}/a/b?c=d`);
  expect(response.status).toBe(404);
  expect(response.headers.get("x-kind")).toBe("test");
  expect(text(response.body)).toBe(`GET /a/b?c=d 127.0.0.1:${port}`);
});

test.each(["POST", "PUT"] as const)(
  "a body is sent by %s, its redirect not followed",
  async (method) => {
    let received = "";
    const port = await serve(async (request, response) => {
      received = `${request.method} `;
      for await (const chunk of request) received += chunk;
      response.writeHead(307, { location: "/elsewhere" });
      response.end();
    });
    const body = new TextEncoder().encode("hello");
    const response = await fetched(`http://127.0.0.1:${port}/`, { method, body });
    expect(response.status).toBe(307);
    expect(received).toBe(`${method} hello`);
  },
);

describe("redirects", () => {
  test("are followed, a few", async () => {
    const port = await serve((request, response) => {
      const n = Number(request.url?.slice(1));
      if (n === 0) return void response.end("done");
      response.writeHead(302, { location: `/${n - 1}` });
      response.end();
    });
    const response = await fetched(`http://127.0.0.1:${port}/3`);
    expect(text(response.body)).toBe("done");
    expect(response.url).toBe(`http://127.0.0.1:${port}/0`);
    expect(await failure(`http://127.0.0.1:${port}/4`)).toMatchObject({
      kind: "failed",
      message: "more than 3 redirects",
    });
    const unfollowed = await fetched(`http://127.0.0.1:${port}/1`, { maxRedirects: 0 });
    expect(unfollowed).toMatchObject({ status: 302, url: `http://127.0.0.1:${port}/1` });
  });

  test("to another host don't carry what the first was told", async () => {
    const headers = { Authorization: "secret", Accept: "text/x" };
    const echo: RequestListener = ({ headers: { authorization, accept } }, response) =>
      response.end(`${authorization} ${accept}`);
    const other = await serve(echo);
    const port = await serve((request, response) => {
      if (request.url === "/here") return echo(request, response);
      const location = request.url === "/away" ? `http://127.0.0.1:${other}/` : "/here";
      response.writeHead(302, { location });
      response.end();
    });
    const near = await fetched(`http://127.0.0.1:${port}/near`, { headers });
    expect(text(near.body)).toBe("secret text/x");
    const away = await fetched(`http://127.0.0.1:${port}/away`, { headers });
    expect(text(away.body)).toBe("undefined text/x");
  });

  test("to another network are refused", async () => {
    let asked = 0;
    const inner = await serve((_, response) => {
      asked++;
      response.end("secret");
    }, "127.0.0.2");
    for (const location of [`http://127.0.0.2:${inner}/`, "file:///etc/passwd"]) {
      const port = await serve((_, response) => {
        response.writeHead(301, { location });
        response.end();
      });
      expect(await failure(`http://127.0.0.1:${port}/`)).toMatchObject({ kind: "refused" });
    }
    expect(asked).toBe(0);
  });
});

test("the connection goes to the address that was checked", async () => {
  let lookups = 0;
  const port = await serve((request, response) => response.end(request.headers.host));
  // A rebinding name: public at the first look, private afterwards.
  const resolve = () => Promise.resolve([{ address: ++lookups === 1 ? "127.0.0.1" : "10.0.0.1" }]);
  const response = await fetched(`http://files.example:${port}/`, { resolve });
  expect(text(response.body)).toBe(`files.example:${port}`);
  expect(lookups).toBe(1);
});

test("another address is tried when the first refuses", async () => {
  const port = await serve((_, response) => response.end("second"));
  const resolve = () => Promise.resolve([{ address: "127.0.0.3" }, { address: "127.0.0.1" }]);
  const response = await fetched(`http://files.example:${port}/`, { resolve, allow: anyAddress });
  expect(text(response.body)).toBe("second");
});

test("TLS is checked against the name, not the address", async () => {
  const port = await serve((_, response) => response.end("tls"), "127.0.0.1", true);
  const resolve = () => Promise.resolve([{ address: "127.0.0.1" }]);
  const options = { resolve, ca: certificate };
  const response = await fetched(`https://files.example:${port}/`, options);
  expect(text(response.body)).toBe("tls");
  expect((await failure(`https://other.example:${port}/`, options)).kind).toBe("failed");
  expect((await failure(`https://127.0.0.1:${port}/`, options)).kind).toBe("failed");
  expect((await failure(`https://files.example:${port}/`, { resolve })).kind).toBe("failed");
});

describe("bounds", () => {
  test("a large answer, announced or not", async () => {
    const port = await serve((request, response) => {
      if (request.url === "/announced") response.setHeader("content-length", "1001");
      response.end("x".repeat(1001));
    });
    for (const path of ["announced", "chunked"]) {
      const error = await failure(`http://127.0.0.1:${port}/${path}`);
      expect(error).toBeInstanceOf(TooLargeError);
      expect(error).toMatchObject({
        kind: "failed",
        message: "the answer has more than 1000 bytes",
      });
    }
  });

  test("an endless answer", async () => {
    const port = await serve((_, response) => {
      const more = () => response.write("x".repeat(10), () => setTimeout(more, 1));
      more();
    });
    expect((await failure(`http://127.0.0.1:${port}/`)).message).toContain("more than 1000");
  });

  test("no answer", async () => {
    const port = await serve(() => {});
    const start = performance.now();
    const error = await failure(`http://127.0.0.1:${port}/`, { timeoutMs: 100 });
    expect(error).toMatchObject({ kind: "failed", message: "no answer within 100 ms" });
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test("an answer that stalls, and one that is cut", async () => {
    const port = await serve((request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("x");
      if (request.url === "/cut") setTimeout(() => response.destroy(), 20);
    });
    const stalled = await failure(`http://127.0.0.1:${port}/`, { timeoutMs: 100 });
    expect(stalled.message).toBe("no answer within 100 ms");
    expect((await failure(`http://127.0.0.1:${port}/cut`)).kind).toBe("failed");
  });

  test("nobody there, and a name nobody has", async () => {
    const port = await serve(() => {});
    servers.at(-1)?.close();
    expect((await failure(`http://127.0.0.1:${port}/`)).kind).toBe("failed");
    const resolve = () => Promise.reject(Object.assign(new Error("no"), { code: "ENOTFOUND" }));
    expect(await failure("http://files.example/", { resolve })).toMatchObject({
      kind: "failed",
      message: "files.example: ENOTFOUND",
    });
  });

  test("the caller's signal", async () => {
    const port = await serve(() => {});
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("stopped")), 20);
    const error = await failure(`http://127.0.0.1:${port}/`, { signal: controller.signal });
    expect(error.message).toBe("stopped");
  });
});

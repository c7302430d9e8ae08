/** What browsers do to check risc0 receipts, in a headless Chromium. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import process from "node:process";
import type { Page } from "playwright-core";
import { serveHttp } from "../../src/platform.ts";
import { hasChromium, launchChromium, type Pages } from "./chromium.ts";
import type { check } from "./risc0_page.ts";

setDefaultTimeout(120_000);

const root = join(import.meta.dirname, "../..");
const files: Readonly<Record<string, string>> = {
  "/risc0.wasm": "wasm/dist/risc0.wasm",
  "/meter.json": "tests/fixtures/risc0/meter.json",
  "/composite.bin": "tests/fixtures/risc0/composite.bin",
  "/succinct.bin": "tests/fixtures/risc0/succinct.bin",
  "/guest.bin": "wasm/dist/guests/risc0_meter.bin",
};

/** Serves the page with its script and all that it loads. */
async function servePage() {
  const { outputs } = await Bun.build({
    entrypoints: [join(import.meta.dirname, "risc0_page.ts")],
    target: "browser",
  });
  const script = await outputs[0]?.text() ?? "";
  const html = '<!doctype html><title>risc0</title><script type="module" src="/page.js"></script>';
  return serveHttp((request) => {
    const { pathname } = new URL(request.url);
    const file = files[pathname];
    if (file) return new Response(Bun.file(join(root, file)));
    if (pathname === "/page.js") {
      return new Response(script, { headers: { "content-type": "text/javascript" } });
    }
    if (pathname !== "/") return new Response(null, { status: 404 });
    const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
    const headers = { "content-type": "text/html", "content-security-policy": policy };
    return new Response(html, { headers });
  }, { hostname: "127.0.0.1", port: 0, maxBodyBytes: 0 });
}

if (!hasChromium) {
  test.skip(`risc0 in a browser: no Chromium for ${process.platform}-${process.arch}`, () => {});
} else {
  let server: Awaited<ReturnType<typeof servePage>>;
  let chromium: Pages;
  let page: Page;

  beforeAll(async () => {
    server = await servePage();
    chromium = await launchChromium();
    page = await chromium.open(`http://127.0.0.1:${server.port}/`);
    await page.waitForFunction("globalThis.check !== undefined");
  });

  afterAll(async () => {
    await chromium?.close();
    await server?.stop();
  });

  test("receipts hold, and tampered ones are refused", async () => {
    const seen = await page.evaluate("check()") as Awaited<ReturnType<typeof check>>;
    expect(seen.imageId).toBe(
      (await Bun.file(join(root, files["/meter.json"] ?? "")).json()).imageId,
    );
    for (const kind of ["composite", "succinct"] as const) {
      expect(seen[kind].real).toBe("holds");
      for (const [what, reason] of Object.entries(seen[kind].tampered)) {
        expect([what, reason]).toEqual([what, expect.stringMatching(/is malformed|does not hold/)]);
      }
      expect(Object.keys(seen[kind].tampered)).toHaveLength(6);
    }
    expect(seen.broken).toBeFalse();
    expect(chromium.errors).toEqual([]);
  });
}

/** What pages check receipts with: a worker's script, and the verifiers in WebAssembly. */
import { join } from "node:path";
import { Hono } from "hono";
import type { Log } from "../log.ts";
import { pageHeaders, serveAssets, type Source } from "./assets.ts";

const dist = join(import.meta.dirname, "../../wasm/dist");
const wasm = (name: string): Source => ({ path: join(dist, name), type: "application/wasm" });

export function verifierRoutes(log: Log): Hono {
  const serve = serveAssets(
    {
      "worker.js": { script: "worker" },
      "zkwasm.wasm": wasm("zkwasm.wasm"),
      "wrap.wasm": wasm("wrap.wasm"),
      "risc0.wasm": wasm("risc0.wasm"),
      "risc0_kernel_sprout.elf": {
        path: join(dist, "risc0_kernel_sprout.elf"),
        type: "application/octet-stream",
      },
    },
    pageHeaders(),
    log,
  );
  const app = new Hono();
  app.get("/:name", async (c) => await serve(c.req.param("name"), c.req.raw) ?? c.notFound());
  return app;
}

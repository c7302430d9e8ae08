import { Hono } from "hono";
import type { NodeContext } from "./context.ts";
import { listenHttp } from "./listening.ts";
import { readyAnswer } from "./ready.ts";

/** What an operator's monitoring asks; beside an enode, ingestion answers it. */
export function serveHealth(
  { config, metrics, readiness, shutdown, log }: Pick<
    NodeContext,
    "config" | "metrics" | "readiness" | "shutdown" | "log"
  >,
): void {
  const app = new Hono()
    .get("/live", (c) => c.json({ status: "up" }))
    .get("/ready", async (c) => {
      const [status, body] = readyAnswer(
        await readiness.ask(),
        await readiness.degraded(),
      );
      return c.body(body, status, { "content-type": "application/json" });
    })
    .get("/metrics", async (c) =>
      c.body(await metrics.registry.metrics(), 200, {
        "content-type": metrics.registry.contentType,
      }));
  const server = listenHttp((request) => app.fetch(request), config, 1024);
  shutdown.add("HTTP", () => server.stop());
  log.info({ url: `http://${server.hostname}:${server.port}` }, "health and metrics are served");
}

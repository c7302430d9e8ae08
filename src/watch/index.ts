/** The page that an enode serves: it hears the network's gossip itself, and checks receipts. */
import { join } from "node:path";
import { Hono } from "hono";
import { json } from "../ingest/answers.ts";
import type { Log } from "../log.ts";
import type { Host } from "../network/host.ts";
import { css, html, pageHeaders, serveAssets } from "../pages/assets.ts";
import type { Projects } from "../project/types.ts";
import type { Network } from "../protocol/index.ts";

export interface WatchDeps {
  readonly host: Pick<Host, "getMultiaddrs">;
  readonly network: Network;
  readonly projects: Pick<Projects, "list">;
  readonly log: Log;
}

/** What a page can dial. */
const dialled = /\/(ws|wss|webrtc-direct)(\/|$)/;

const page = join(import.meta.dirname, "page");

export function watchRoutes({ host, network, projects, log }: WatchDeps): Hono {
  const app = new Hono();
  const serve = serveAssets(
    {
      "page.html": { path: join(page, "page.html"), type: html },
      "page.css": { path: join(page, "page.css"), type: css },
      "page.js": { script: "watch" },
    },
    pageHeaders("'self' ws: wss:"),
    log,
  );
  app.get("/", async (c) => await serve("page.html", c.req.raw) ?? c.notFound());
  app.get("/network", () =>
    json(
      200,
      JSON.stringify({
        chainId: `${network.chainId}`,
        router: network.router,
        addresses: host.getMultiaddrs().map(String).filter((text) => dialled.test(text)),
        projects: projects.list().map(({ id }) => `${id}`),
      }),
    ));
  app.get("/:name", async (c) => await serve(c.req.param("name"), c.req.raw) ?? c.notFound());
  return app;
}

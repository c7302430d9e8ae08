/** The page that an enode serves at `/`: its pipeline, tasks, znodes and failures, live. */
import { join } from "node:path";
import { Hono } from "hono";
import type { Log } from "../log.ts";
import { css, html, pageHeaders, serveAssets } from "../pages/assets.ts";

const page = join(import.meta.dirname, "page");
const styles = ["base.css", "parts.css", "narrow.css"];

/** `/` for browsers, and the page's files; programs that ask for `/` get what they always got. */
export function dashboardRoutes(log: Log): Hono {
  const serve = serveAssets(
    {
      "page.html": { path: join(page, "page.html"), type: html },
      ...Object.fromEntries(
        styles.map((name) => [name, { path: join(page, name), type: css }]),
      ),
      "page.js": { script: "dashboard" },
    },
    pageHeaders(),
    log,
  );
  const app = new Hono();
  app.get("/", async (c) => {
    const wantsPage = /\btext\/html\b/.test(c.req.header("accept") ?? "");
    return wantsPage && await serve("page.html", c.req.raw) || c.notFound();
  });
  app.get(
    "/dashboard/:name",
    async (c) => await serve(c.req.param("name"), c.req.raw) ?? c.notFound(),
  );
  return app;
}

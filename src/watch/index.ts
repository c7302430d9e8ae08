/** The page that an enode serves: it hears the network's gossip itself, and checks receipts. */
import { Hono } from "hono";
import { failure, json } from "../ingest/answers.ts";
import { errorText, type Log } from "../log.ts";
import type { Host } from "../network/host.ts";
import { Patience } from "../network/patience.ts";
import type { Projects } from "../project/types.ts";
import type { Network } from "../protocol/index.ts";
import { address, bytes32, projectId } from "../protocol/schema.ts";
import { assetNames, createAssets } from "./assets.ts";

export interface WatchDeps {
  readonly host: Pick<Host, "getMultiaddrs">;
  readonly network: Network;
  readonly projects: Pick<Projects, "get" | "list" | "canOperate">;
  readonly log: Log;
}

/** Nothing from elsewhere, and no script but the page's; its verifiers are WebAssembly. */
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
  "worker-src 'self'; connect-src 'self' ws: wss:; img-src data:; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'";

const headers = {
  "content-security-policy": policy,
  "cache-control": "no-cache",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
} as const;

/** Questions about operators, each of which may cost one to the chain. */
const asks = { burst: 256, perSecond: 16 } as const;

/** What a page can dial. */
const dialled = /\/(ws|wss|webrtc-direct)(\/|$)/;

export function watchRoutes({ host, network, projects, log }: WatchDeps): Hono {
  const app = new Hono();
  const asset = createAssets();
  const patience = new Patience(asks.burst, asks.perSecond);
  const serve = async (name: string, request: Request): Promise<Response> => {
    try {
      const { type, bytes, gzip } = await asset(name);
      const packed = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
      return new Response(packed ? gzip : bytes, {
        headers: {
          ...headers,
          "content-type": type,
          vary: "accept-encoding",
          ...(packed ? { "content-encoding": "gzip" } : {}),
        },
      });
    } catch (error) {
      log.warn(`/watch/${name}: ${errorText(error)}`);
      return failure(503, errorText(error));
    }
  };
  app.get("/", (c) => serve("page.html", c.req.raw));
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
  app.get("/operator/:project/:address", async (c) => {
    const [project, account] = [c.req.param("project"), c.req.param("address")];
    const parsed = { id: projectId.safeParse(project), account: address.safeParse(account) };
    if (!parsed.id.success || !parsed.account.success) return failure(400, "no project or address");
    // Who may operate a project that isn't served here, others must be asked.
    const known = projects.get(parsed.id.data) !== undefined;
    if (patience.ended) return failure(429, "asked too often", { "retry-after": "1" });
    patience.spend();
    try {
      const may = known && await projects.canOperate(parsed.id.data, parsed.account.data);
      return json(200, JSON.stringify({ mayOperate: may }));
    } catch (error) {
      log.debug(`/watch/operator: ${errorText(error)}`);
      return failure(503, "the chain can't be asked", { "retry-after": "5" });
    }
  });
  app.get("/program/:id", (c) => {
    const id = bytes32.safeParse(c.req.param("id"));
    if (!id.success) return failure(400, "no id of a program");
    const found = programOf(projects, id.data);
    if (!found) return new Response(null, { status: 204 });
    const { vmType, param, code } = found;
    const line = new TextEncoder().encode(`${JSON.stringify({ vmType, param })}\n`);
    return new Response(new Blob([line, new Uint8Array(code)]), {
      headers: { ...headers, "content-type": "application/octet-stream" },
    });
  });
  app.get("/:name", (c) => {
    const name = c.req.param("name");
    return assetNames.includes(name) ? serve(name, c.req.raw) : c.notFound();
  });
  return app;
}

/** A program that a project has now, or had when this enode started. */
function programOf(projects: WatchDeps["projects"], programId: string) {
  for (const { versions } of projects.list()) {
    for (const { program } of versions.values()) {
      if (program.programId === programId) return program;
    }
  }
  return undefined;
}

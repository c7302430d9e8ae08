import { Hono } from "hono";
import { Channel } from "./channel.ts";
import type { NodeContext } from "./context.ts";
import type { Links } from "./network/link.ts";
import { runOutputs } from "./output/index.ts";
import type { OutputJob, OutputReport } from "./output/types.ts";
import { serveHttp } from "./platform.ts";
import { startProver } from "./prove/index.ts";

/** prove → output */
export function startZnode(context: NodeContext, links: Links): void {
  const { config, log, metrics, shutdown, keys, network, authority, ethereum } = context;
  const jobs = new Channel<OutputJob>(256);
  const reports = new Channel<OutputReport>(256);
  const outputs = runOutputs(jobs, reports, {
    ethereum: ethereum && { ...ethereum, keys: { operator: undefined, gas: keys.prover } },
    log,
    metrics,
  }, shutdown.signal);
  const stopProver = startProver({
    links,
    projects: context.projects,
    runtimes: context.runtimes,
    identity: { network, signer: keys.prover },
    capacity: config.WORKERS,
    mayAssign: (enode, projectId) => context.projects.canOperate(projectId, enode),
    verifierOf: authority.verifierOf,
    outputs: { jobs, reports },
    log,
    metrics,
  });
  shutdown.add("prove and output", async () => {
    jobs.close();
    await outputs;
    reports.close();
    await stopProver();
  });
  if (config.role === "znode") serveHealth(context);
}

/** What an operator's monitoring asks; beside an enode, ingestion answers it. */
function serveHealth({ config, metrics, shutdown, log }: NodeContext): void {
  const app = new Hono()
    .get("/live", (c) => c.json({ status: "up" }))
    .get("/metrics", async (c) =>
      c.body(await metrics.registry.metrics(), 200, {
        "content-type": metrics.registry.contentType,
      }));
  const server = serveHttp((request) => app.fetch(request), {
    hostname: config.httpHost,
    port: config.httpPort,
    maxBodyBytes: 1024,
  });
  shutdown.add("HTTP", () => server.stop());
  log.info({ url: `http://${server.hostname}:${server.port}` }, "health and metrics are served");
}

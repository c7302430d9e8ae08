import type { Config } from "./config.ts";
import { serveHealth } from "./health.ts";
import type { Log } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { keepBootnode } from "./network/bootnode.ts";
import { openHost } from "./network/open_host.ts";
import { PeerScores } from "./network/peer_scores.ts";
import { Readiness } from "./ready.ts";
import type { Shutdown } from "./shutdown.ts";

/** A peer through which others find each other; it has no key to sign with and reads nothing. */
export async function startBootnode(config: Config, log: Log, shutdown: Shutdown): Promise<void> {
  const scores = new PeerScores();
  const host = await openHost(config, scores, log, shutdown);
  if (!host) throw new Error("a boot node has a peer");
  shutdown.add("boot node", keepBootnode(host, config.BOOTNODE_MULTIADDR, scores, log));
  const readiness = new Readiness();
  readiness.add("p2p", () => host.getMultiaddrs().length > 0 ? undefined : "it has no address yet");
  const metrics = createMetrics();
  metrics.ready.from(async () => Object.keys(await readiness.ask()).length === 0 ? 1 : 0);
  metrics.connections.from(() => host.getConnections().length);
  serveHealth({ config, metrics, readiness, shutdown, log });
  log.info({ role: config.role }, "running");
}

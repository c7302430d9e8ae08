/**
 * A node as `src/node.ts` starts it, but that its proofs take time and no work. Its role and times
 * are the arguments, its settings the environment; it ends when its input does.
 */
import process from "node:process";
import { timedRuntimes } from "../../runtimes/testing/timed.ts";
import { loadConfig } from "../../src/config.ts";
import { openContext } from "../../src/context.ts";
import { startEnode } from "../../src/enode.ts";
import { createLog } from "../../src/log.ts";
import { openLinks } from "../../src/network/index.ts";
import { Shutdown } from "../../src/shutdown.ts";
import { startZnode } from "../../src/znode.ts";

const [role = "", ...times] = process.argv.slice(2);
const [proveMs = 0, commitMs = 0, verifyMs = 0] = times.map(Number);
const config = loadConfig(role);
const log = createLog(config.LOG_LEVEL);
const shutdown = new Shutdown(log);
const context = {
  ...await openContext(config, log, shutdown),
  runtimes: timedRuntimes({ proveMs, commitMs, verifyMs, workers: config.WORKERS }),
};
const links = await openLinks(context);
if (links.znode) await startZnode(context, links.znode);
if (links.enode) await startEnode(context, links.enode, links);
process.stdin.resume();
process.stdin.once("end", async () => {
  await shutdown.run();
  process.exit(0);
});

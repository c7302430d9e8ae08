/** Serves the API on an embedded database, for the tests: prints its URL. Argument: the directory. */
import process from "node:process";
import pino from "pino";
import { openDa } from "../../da/index.ts";
import { createMetrics } from "../../metrics.ts";
import { serveHttp } from "../../platform.ts";
import { createIngest } from "../index.ts";
import { identity, someProjects } from "./projects.ts";

const log = pino({ level: "silent" });
const da = await openDa({ directory: process.argv[2] ?? "", log });
const ingest = createIngest({
  ...{ da, projects: someProjects(), maxBodyBytes: 4096, identity, log },
  metrics: createMetrics(),
});
const server = serveHttp((request) => ingest.fetch(request), {
  ...{ hostname: "127.0.0.1", port: 0, maxBodyBytes: 1 << 30 },
});
console.log(`http://127.0.0.1:${server.port}`);

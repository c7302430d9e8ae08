/**
 * Takes messages that devices signed by MQTT until it is killed, and never acknowledges one: prints "stored" once the
 * first is committed. Arguments: the DSN, the broker, the client id.
 */
import process from "node:process";
import pino from "pino";
import { storesOn } from "../../da/index.ts";
import { openPostgres } from "../../da/postgres.ts";
import { createMetrics } from "../../metrics.ts";
import { createIngest } from "../index.ts";
import { startMqtt } from "../sources/mqtt.ts";
import { identity, someProjects } from "./projects.ts";

const silent = pino({ level: "silent" });
const [dsn = "", endpoint = "", clientId = ""] = process.argv.slice(2);
const da = storesOn(await openPostgres({ dsn, log: silent }));
const metrics = createMetrics();
const ingest = createIngest({
  ...{ da, projects: someProjects({ type: "device" }), maxBodyBytes: 4096, identity, log: silent },
  metrics,
});
startMqtt({
  ...{ endpoint, clientId, topic: "w3bstream/+/+", maxBodyBytes: 4096 },
  ...{ unready: () => undefined, metrics, log: silent },
  async take(read, keyOf) {
    await ingest.take(read, keyOf);
    console.log("stored");
    return await new Promise<never>(() => {});
  },
});

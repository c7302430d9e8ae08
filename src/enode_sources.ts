import type { NodeContext } from "./context.ts";
import type { Ingest } from "./ingest/index.ts";
import { startTable } from "./ingest/sources/postgres.ts";

/** Where messages come from beside HTTP, as far as the settings name it. */
export async function startSources(
  { config, da, log, keys, projects, readiness, shutdown }: NodeContext,
  { take }: Ingest,
): Promise<void> {
  const common = { take, unready: () => projects.unready, log };
  const { MQTT_ENDPOINT: endpoint, MQTT_TOPIC: topic, MAX_MESSAGE_BYTES: maxBodyBytes } = config;
  if (endpoint !== undefined) {
    const { startMqtt } = await import("./ingest/sources/mqtt.ts");
    const clientId = config.MQTT_CLIENT_ID ?? `w3bstream-${keys.operator.address}`;
    const source = startMqtt({ endpoint, topic, clientId, maxBodyBytes, ...common });
    readiness.add("MQTT", () => source.unready);
    shutdown.add("MQTT", () => source.stop());
  }
  const { DATASOURCE_DSN: dsn, DATASOURCE_TABLE: table } = config;
  if (dsn !== undefined && da) {
    const source = startTable({ dsn, table, maxBodyBytes, places: da.chain, ...common });
    readiness.add("data source", () => source.unready);
    shutdown.add("data source", () => source.stop());
  }
}

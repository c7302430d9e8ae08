import type { NodeContext } from "./context.ts";
import type { Ingest } from "./ingest/index.ts";
import type { SourceStatus } from "./ingest/sources/bring.ts";
import { startTable } from "./ingest/sources/postgres.ts";

/**
 * Where messages come from beside HTTP, as far as the settings name it. While one is away an enode
 * still serves HTTP, and stays ready.
 */
export async function startSources(
  { config, da, log, keys, metrics, projects, readiness, shutdown }: NodeContext,
  { take }: Ingest,
): Promise<void> {
  const common = { take, unready: () => projects.unready, metrics, log };
  const sources = new Map<string, SourceStatus>();
  const { MQTT_ENDPOINT: endpoint, MQTT_TOPIC: topic, MAX_MESSAGE_BYTES: maxBodyBytes } = config;
  if (endpoint !== undefined) {
    const { startMqtt } = await import("./ingest/sources/mqtt.ts");
    const clientId = config.MQTT_CLIENT_ID ?? `w3bstream-${keys.operator.address}`;
    const source = startMqtt({ endpoint, topic, clientId, maxBodyBytes, ...common });
    sources.set("mqtt", source);
    readiness.add("MQTT", () => source.unready, "wanted");
    shutdown.add("MQTT", () => source.stop());
  }
  const { DATASOURCE_DSN: dsn, DATASOURCE_TABLE: table } = config;
  if (dsn !== undefined && da) {
    const source = startTable({ dsn, table, maxBodyBytes, places: da.chain, ...common });
    sources.set("postgres", source);
    readiness.add("data source", () => source.unready, "wanted");
    shutdown.add("data source", () => source.stop());
  }
  const each = (value: (source: SourceStatus) => number) => () =>
    Object.fromEntries([...sources].map(([name, source]) => [name, value(source)]));
  metrics.sourceConnected.from(each(({ unready }) => unready === undefined ? 1 : 0));
  metrics.sourceWaiting.from(each(({ waiting }) => waiting));
  metrics.sourceLag.from(each(({ lagSeconds }) => lagSeconds));
}

/** What MQTT 5 adds, with a broker that speaks it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { connect as connectTcp, createServer, type Server, type Socket } from "node:net";
import { connectAsync, type IClientPublishOptions, type MqttClient } from "mqtt";
import mqttPacket from "mqtt-packet";
import pino from "pino";
import { type Broker, findMosquitto, startMosquitto } from "../../../tests/mosquitto.ts";
import { DatabaseUnavailableError } from "../../da/index.ts";
import { useDatabase } from "../../da/testing/databases.ts";
import { createMetrics } from "../../metrics.ts";
import { until } from "../../testing/until.ts";
import { createIngest, type IngestDeps } from "../index.ts";
import { identity, someProjects } from "../testing/projects.ts";
import { type MqttSource, startMqtt } from "./mqtt.ts";

const mosquitto = findMosquitto();
if (!mosquitto) {
  test.skip("MQTT 5: there is no mosquitto, and apt-get can't fetch it", () => {});
}
const subject = useDatabase("postgres");
const topic = "w3bstream/1/0.1";
const log = pino({ level: "silent" });
let broker: Broker;
let tap: Tap;
let gateway: MqttClient;
let sources: MqttSource[];

/** Passes bytes between the enode and the broker, and reads what the enode says and hears. */
class Tap {
  readonly said: mqttPacket.Packet[] = [];
  readonly heard: mqttPacket.Packet[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(target: number) {
    this.#server = createServer((near) => {
      const far = connectTcp(target, "127.0.0.1");
      for (
        const [from, to, packets] of [[near, far, this.said], [far, near, this.heard]] as const
      ) {
        const parser = mqttPacket.parser({ protocolVersion: 5 });
        parser.on("packet", (packet) => packets.push(packet));
        this.#sockets.add(from);
        from.on("data", (bytes) => {
          to.write(bytes);
          parser.parse(Buffer.from(bytes as Uint8Array));
        });
        from.on("close", () => to.destroy());
        from.on("error", () => to.destroy());
      }
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get endpoint(): string {
    return `mqtt://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** Reason codes of what the enode acknowledged. */
  get acks(): number[] {
    return this.said.flatMap((packet) => packet.cmd === "puback" ? [packet.reasonCode ?? 0] : []);
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describe.skipIf(!mosquitto)("MQTT 5", () => {
  beforeEach(async () => {
    sources = [];
    if (mosquitto) broker = await startMosquitto(mosquitto);
    tap = new Tap(broker.port);
    await tap.listen();
    gateway = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
      ...{ clientId: "gateway", protocolVersion: 5 as const, autoAssignTopicAlias: true },
      properties: { topicAliasMaximum: 4 },
    });
  });
  afterEach(async () => {
    for (const source of sources) await source.stop();
    await gateway.endAsync(true);
    await tap.close();
    await broker.remove();
  });

  async function start(change: Partial<IngestDeps> = {}): Promise<MqttSource> {
    const metrics = createMetrics();
    const ingest = createIngest({
      ...{ da: subject.da, projects: someProjects(), maxBodyBytes: 4096, identity },
      ...{ log, metrics, ...change },
    });
    const source = startMqtt({
      ...{ endpoint: tap.endpoint, clientId: "enode", topic: "w3bstream/+/+", take: ingest.take },
      ...{ maxBodyBytes: 4096, unready: () => undefined, metrics, log },
    });
    sources.push(source);
    await until(() => source.unready === undefined);
    return source;
  }
  const stop = async () => {
    for (const source of sources.splice(0)) await source.stop();
  };
  const body = (data: string) => JSON.stringify({ projectID: 1, projectVersion: "0.1", data });
  const send = (
    data: string,
    properties: IClientPublishOptions["properties"] = {},
    to = topic,
  ) => gateway.publishAsync(to, body(data), { qos: 1, properties });
  /** In the order in which they were stored. */
  const inOrder = async () =>
    (await subject.database.query<{ text: string }>(
      "select convert_from(data, 'UTF8') as text from w3bstream.messages order by id",
    )).map(({ text }) => text);
  const stored = async () => (await inOrder()).sort();

  test("a refusal's reason is told to the broker, which brings that message no more", async () => {
    await start();
    await send("good");
    await send("of another project", {}, "w3bstream/9/0.1");
    await gateway.publishAsync(topic, "{", { qos: 1 });
    await until(() => tap.acks.length === 3);
    expect(tap.acks).toEqual([0, 0x87, 0x99]);
    await stop();
    await start();
    await send("next");
    await until(() => tap.acks.length === 4);
    expect(tap.heard.filter(({ cmd }) => cmd === "publish").length).toBe(4);
    expect(await stored()).toEqual(["good", "next"]);
  });

  test("the property idempotency-key makes one message of two", async () => {
    await start();
    const userProperties = { "idempotency-key": "k", other: ["a", "b"] };
    await send("first", { userProperties });
    await send("first", { userProperties });
    await send("other data", { userProperties });
    await until(() => tap.acks.length === 3);
    expect(tap.acks).toEqual([0, 0, 0x83]);
    expect(await stored()).toEqual(["first"]);
  });

  test("a message that expired while the enode was away does not come", async () => {
    await start();
    await stop();
    await send("short", { messageExpiryInterval: 1 });
    await send("long", { messageExpiryInterval: 600 });
    await send("for ever");
    // By the broker's clock, of whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await start();
    await until(() => tap.acks.length === 2);
    expect(await stored()).toEqual(["for ever", "long"]);
  });

  test("a gateway may name its topic by an alias", async () => {
    await start();
    await send("by name");
    await send("by alias");
    await until(() => tap.acks.length === 2);
    expect(await stored()).toEqual(["by alias", "by name"]);
    const topics = tap.heard.flatMap((packet) => packet.cmd === "publish" ? [packet.topic] : []);
    expect(topics).toEqual([topic, topic]);
  });

  test("the session outlives connection, enode and broker", async () => {
    const source = await start();
    const present = () =>
      tap.heard.flatMap((packet) => packet.cmd === "connack" ? [packet.sessionPresent] : []);
    tap.cut();
    await until(() => source.unready !== undefined);
    await send("while it was cut off");
    await until(() => tap.acks.length === 1);
    await stop();
    await send("while the enode was away");
    await gateway.endAsync();
    await broker.stop();
    await broker.start();
    await start();
    await until(() => tap.acks.length === 2);
    expect(present()).toEqual([false, true, true]);
    expect(await stored()).toEqual(["while it was cut off", "while the enode was away"].sort());
    const [connect] = tap.said.filter((packet) => packet.cmd === "connect");
    expect(connect?.properties?.sessionExpiryInterval).toBe(0xffffffff);
  });

  test("messages are stored in the order in which a gateway sent them", async () => {
    const source = await start();
    const sent = Array.from({ length: 600 }, (_, i) => `${i}`);
    await Promise.all(sent.map((data) => send(data)));
    await until(() => tap.acks.length === sent.length);
    expect(await inOrder()).toEqual(sent);
    tap.cut();
    await until(() => source.unready !== undefined);
    await Promise.all(sent.map((data) => send(`${data} later`)));
    await until(() => tap.acks.length === 2 * sent.length);
    expect((await inOrder()).slice(sent.length)).toEqual(sent.map((data) => `${data} later`));
  });

  test("the broker sends no more at once than is stored at once, and then the rest", async () => {
    let away = true;
    const messages = {
      ...subject.da.messages,
      append: async (message: Parameters<typeof subject.da.messages.append>[0]) => {
        if (away) throw new DatabaseUnavailableError();
        return await subject.da.messages.append(message);
      },
    };
    const source = await start({ da: { ...subject.da, messages } });
    await Promise.all(Array.from({ length: 300 }, (_, i) => send(`${i}`)));
    await until(() => source.waiting === 256);
    const publishes = () => tap.heard.filter((packet) => packet.cmd === "publish");
    expect(publishes().length).toBe(256);
    expect(tap.acks).toEqual([]);
    away = false;
    await until(() => tap.acks.length === 300);
    expect(await inOrder()).toEqual(Array.from({ length: 300 }, (_, i) => `${i}`));
    // In the order in which they came, as MQTT demands.
    const acked = tap.said.filter((packet) => packet.cmd === "puback");
    expect(acked.map(({ messageId }) => messageId))
      .toEqual(publishes().map(({ messageId }) => messageId));
  });
});

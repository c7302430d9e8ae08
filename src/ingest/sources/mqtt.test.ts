import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import { Aedes } from "aedes";
import { connectAsync, type MqttClient } from "mqtt";
import mqttPacket from "mqtt-packet";
import pino from "pino";
import { until } from "../../testing/until.ts";
import { DatabaseUnavailableError } from "../../da/index.ts";
import { useDatabase } from "../../da/testing/databases.ts";
import { createMetrics } from "../../metrics.ts";
import { deviceText } from "../auth/device.ts";
import { createIngest, type IngestDeps } from "../index.ts";
import { identity, someProjects } from "../testing/projects.ts";
import { signer } from "../testing/senders.ts";
import { type MqttSource, startMqtt } from "./mqtt.ts";

const subject = useDatabase("postgres");
const clientId = "enode";
const device = signer("EdDSA");
let broker: Aedes;
let server: Server;
let sockets: Set<Socket>;
let endpoint: string;
let gateway: MqttClient;
let sources: MqttSource[];
let metrics = createMetrics();
let acked: number;
const logged: string[] = [];
const log = pino({ level: "warn" }, { write: (line) => void logged.push(line) });

beforeEach(async () => {
  broker = await Aedes.createBroker();
  [sockets, sources, acked, logged.length] = [new Set(), [], 0, 0];
  metrics = createMetrics();
  broker.on("ack", (_, client) => {
    if (client.id === clientId) acked++;
  });
  server = createServer((socket) => {
    sockets.add(socket);
    broker.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `mqtt://127.0.0.1:${(server.address() as { port: number }).port}`;
  gateway = await connectAsync(endpoint, { clientId: "gateway" });
});
afterEach(async () => {
  for (const source of sources) await source.stop();
  await gateway.endAsync(true);
  await new Promise<void>((resolve) => broker.close(resolve));
  await new Promise((resolve) => server.close(resolve));
});

async function start(change: Partial<IngestDeps> = {}, unready?: () => string | undefined) {
  const ingest = createIngest({
    ...{ da: subject.da, projects: someProjects(), maxBodyBytes: 4096, identity },
    ...{ log, metrics, ...change },
  });
  const source = startMqtt({
    ...{ endpoint, clientId, topic: "w3bstream/+/+", take: ingest.take, maxBodyBytes: 4096 },
    ...{ unready: unready ?? (() => undefined), metrics, log },
  });
  sources.push(source);
  await until(() => source.unready === undefined);
  return source;
}

const body = (data: string, more: object = {}) =>
  JSON.stringify({ projectID: 1, projectVersion: "0.1", data, ...more });
const send = (payload: string | Buffer, topic = "w3bstream/1/0.1") =>
  gateway.publishAsync(topic, payload, { qos: 1 });
const stored = async () =>
  (await subject.database.query<{ text: string }>(
    "select convert_from(data, 'UTF8') as text from w3bstream.messages order by id",
  )).map(({ text }) => text);
const counted = async (result: string) =>
  (await metrics.messages.get()).values.filter(({ labels }) => labels.result === result)
    .reduce((sum, { value }) => sum + value, 0);

/** What is told of the source, by a label. */
async function told(name: string, label = "result"): Promise<Record<string, number>> {
  const list = await metrics.registry.getMetricsAsJSON();
  const values = list.find((metric) => metric.name === `w3bstream_${name}`)?.values ?? [];
  expect(values.every(({ labels }) => labels.source === "mqtt")).toBe(true);
  return Object.fromEntries(values.map(({ labels, value }) => [labels[label], value]));
}

/** A message as a device signs it. */
function signed(data: string, nonce: string) {
  const time = Math.floor(Date.now() / 1000);
  const text = deviceText({
    ...{ audience: "w3bstream-project-1", version: "0.1", device: device.did, time, nonce },
    data: new TextEncoder().encode(data),
  });
  const signature = `0x${Buffer.from(device.sign(text)).toString("hex")}`;
  return body(data, { device: device.did, time, nonce, signature });
}
const bySignature = someProjects({ type: "device" });

test("messages are stored, then acknowledged", async () => {
  await start();
  await Promise.all(Array.from({ length: 300 }, (_, i) => send(body(`${i}`))));
  await until(() => acked === 300);
  expect((await stored()).sort()).toEqual(Array.from({ length: 300 }, (_, i) => `${i}`).sort());
  expect(await counted("accepted")).toBe(300);
});

test("CBOR is told from JSON", async () => {
  await start();
  const { encode } = await import("cborg");
  await send(Buffer.from(encode({ projectID: 1, projectVersion: "0.1", data: "cbor" })));
  await until(() => acked === 1);
  expect(await stored()).toEqual(["cbor"]);
});

test("what was sent while the enode was away comes when it is back", async () => {
  await (await start()).stop();
  await send(body("away"));
  await start();
  await until(() => acked === 1);
  expect(await stored()).toEqual(["away"]);
});

test("what is refused is counted and logged, and acknowledged: it would never be taken", async () => {
  await start();
  const bad: [string, string?][] = [
    ["{"],
    [body("x".repeat(5000))],
    [body("other topic"), "w3bstream/9/0.1"],
    [body("other version"), "w3bstream/1/0.2"],
    [body("unknown", { projectID: 77 }), "w3bstream/77/0.1"],
    [body("paused", { projectID: 2 }), "w3bstream/2/0.1"],
  ];
  for (const [text, topic] of bad) await send(text, topic);
  await until(() => acked === bad.length);
  expect(await stored()).toEqual([]);
  expect(await counted("refused")).toBe(bad.length);
  expect(logged[0]).toContain("message refused: unexpected EOF");
  expect(await told("source_messages_total")).toEqual({ received: 6, refused: 6 });
  expect(await told("source_refused_total", "reason")).toEqual({
    ...{ malformed: 1, size: 1, forbidden: 3, project: 1 },
  });
});

describe("who sent it", () => {
  test("rules that need a header refuse all, and say so", async () => {
    await start({ projects: someProjects({ type: "jwt", issuer: "i", keys: [device.jwk] }) });
    await send(body("x"));
    await until(() => acked === 1);
    expect(logged.join()).toContain("takes messages with an Authorization header only");
    expect((await metrics.refusedSenders.get()).values).toMatchObject([
      { value: 1, labels: { project: "1", reason: "missing" } },
    ]);
    expect(await stored()).toEqual([]);
  });

  test("a device's signature is checked, and the same lines are one message", async () => {
    await start({ projects: bySignature });
    const message = signed("mine", "a");
    await send(message);
    await send(message);
    await send(body("unsigned"));
    await send(message.replace(`"data":"mine"`, `"data":"ours"`));
    await until(() => acked === 4);
    expect(await stored()).toEqual(["mine"]);
    expect([await counted("accepted"), await counted("duplicate"), await counted("refused")])
      .toEqual([1, 1, 2]);
    expect(await told("source_messages_total"))
      .toEqual({ received: 4, accepted: 1, duplicate: 1, refused: 2 });
    expect(await told("source_refused_total", "reason")).toEqual({ sender: 2 });
  });

  test("messages of devices are stored in the order in which they were sent", async () => {
    await start({ projects: bySignature });
    const sent = Array.from({ length: 300 }, (_, i) => `${i}`);
    await Promise.all(sent.map((data) => send(signed(data, data))));
    await until(() => acked === sent.length);
    expect(await stored()).toEqual(sent);
  });
});

test("a kill between commit and acknowledgement does not make a second message", async () => {
  // The session has to be there before the message.
  await (await start({ projects: bySignature })).stop();
  const file = new URL("../testing/mqtt.ts", import.meta.url).pathname;
  const dsn = subject.server?.dsn ?? "";
  const child = spawn(process.execPath, [file, dsn, endpoint, clientId], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await send(signed("once", "k"));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  child.kill("SIGKILL");
  await ended;
  expect([await stored(), acked]).toEqual([["once"], 0]);
  await start({ projects: bySignature });
  await until(() => acked === 1);
  expect(await counted("duplicate")).toBe(1);
  expect(await stored()).toEqual(["once"]);
});

test("while the database is away nothing is acknowledged or lost", async () => {
  let away = true, tries = 0;
  const messages = {
    ...subject.da.messages,
    append: async (message: Parameters<typeof subject.da.messages.append>[0]) => {
      tries++;
      if (away) throw new DatabaseUnavailableError();
      return await subject.da.messages.append(message);
    },
  };
  const source = await start({ da: { ...subject.da, messages } });
  expect([source.waiting, source.lagSeconds]).toEqual([0, 0]);
  await send(body("late"));
  await until(() => tries > 2);
  expect(acked).toBe(0);
  expect(source.waiting).toBe(1);
  expect(source.lagSeconds).toBeGreaterThan(0.1);
  away = false;
  await until(() => acked === 1);
  expect(await stored()).toEqual(["late"]);
  expect([source.waiting, source.lagSeconds]).toEqual([0, 0]);
});

test("a project that may still be read is waited for", async () => {
  let known = false;
  const all = someProjects();
  const projects: IngestDeps["projects"] = {
    ...all,
    get: (id) => known ? all.get(id) : undefined,
    version: (id, version) => known ? all.version(id, version) : undefined,
  };
  await start({ projects }, () => known ? undefined : "reading the chain");
  await send(body("early"));
  await until(() => logged.length > 0);
  expect(acked).toBe(0);
  known = true;
  await until(() => acked === 1);
  expect(await stored()).toEqual(["early"]);
});

test("a lost connection comes back, with what was sent meanwhile", async () => {
  const source = await start();
  for (const socket of sockets) if (socket !== gatewaySocket()) socket.destroy();
  await until(() => source.unready !== undefined);
  await send(body("meanwhile"));
  await until(() => acked === 1);
  expect(await stored()).toEqual(["meanwhile"]);
  expect(source.unready).toBeUndefined();
});

test("by MQTT 5 the property idempotency-key makes one message of two", async () => {
  // The peer's end is by hand: aedes knows MQTT 3.1.1 only.
  const acks: mqttPacket.IPubackPacket[] = [];
  const sent = (messageId: number, data: string, key: string) => ({
    ...{ cmd: "publish" as const, qos: 1 as const, dup: messageId > 1, retain: false, messageId },
    ...{ topic: "w3bstream/1/0.1", payload: Buffer.from(body(data)) },
    properties: { userProperties: { "idempotency-key": key } },
  });
  let session: unknown;
  const peer = createServer((socket) => {
    const parser = mqttPacket.parser({ protocolVersion: 5 });
    const write = (packet: mqttPacket.Packet) =>
      socket.write(mqttPacket.generate(packet, { protocolVersion: 5 }));
    socket.on("data", (bytes) => parser.parse(Buffer.from(bytes)));
    parser.on("packet", (packet) => {
      if (packet.cmd === "connect") {
        session = [packet.clean, packet.properties?.sessionExpiryInterval];
        write({ cmd: "connack", reasonCode: 0, sessionPresent: false });
      } else if (packet.cmd === "subscribe") {
        write({ cmd: "suback", messageId: packet.messageId ?? 0, granted: [1] });
        write(sent(1, "first", "k"));
      } else if (packet.cmd === "puback") {
        acks.push(packet);
        if (acks.length === 1) write(sent(2, "first", "k"));
        if (acks.length === 2) write(sent(3, "other", "k"));
        if (acks.length === 3) write(sent(4, "new", "é"));
      }
    });
  });
  await new Promise<void>((resolve) => peer.listen(0, "127.0.0.1", resolve));
  endpoint = `mqtt://127.0.0.1:${(peer.address() as { port: number }).port}`;
  const source = await start();
  await until(() => acks.length === 4);
  expect(session).toEqual([false, 0xffffffff]);
  expect(acks.map(({ messageId, reasonCode }) => [messageId, reasonCode])).toEqual([
    ...[[1, 0], [2, 0]],
    // Other data under the key, and a key that is none.
    ...[[3, 0x83], [4, 0x99]],
  ]);
  expect(await stored()).toEqual(["first"]);
  await source.stop();
  peer.close();
});

/** The gateway connected first. */
const gatewaySocket = () => [...sockets][0];

/** Messages from an MQTT broker, acknowledged once they are durable. */
import { Buffer } from "node:buffer";
import { connect, type IPublishPacket, type MqttClient } from "mqtt";
import { errorText, type Log } from "../../log.ts";
import { clientsKey } from "../accept.ts";
import { decodeMessage } from "../decode.ts";
import type { Ingest } from "../index.ts";
import { RequestError } from "../message.ts";
import { bringing, type SourceMetrics, type SourceStatus } from "./bring.ts";

/** Messages that are being stored together; a broker that heeds it sends no more unacknowledged. */
const maxInFlight = 256;
/** And their bytes. */
const maxBytes = 64 * 1024 * 1024;
/** Between attempts to connect, ms; doubles while none lasts. */
const firstPauseMs = 500, mostPauseMs = 30_000;
/** A connection that lasted so long, ms, was a good one. */
const goodMs = 10_000;
/** What a broker answers that knows no MQTT 5: MQTT 3.1.1's code and 5's. */
const unknownVersion = [1, 132];

export interface MqttDeps {
  /** mqtt, mqtts, ws or wss; may have user and password. */
  readonly endpoint: string;
  /** A topic filter. */
  readonly topic: string;
  /** The same after a restart: the broker keeps for it what was not acknowledged. */
  readonly clientId: string;
  readonly take: Ingest["take"];
  /** Largest payload. */
  readonly maxBodyBytes: number;
  /** Why projects are not all known yet. */
  readonly unready: () => string | undefined;
  readonly metrics: SourceMetrics;
  readonly log: Log;
}

export interface MqttSource extends SourceStatus {
  /** Stores what has come, then disconnects; the broker keeps the session. */
  stop(): Promise<void>;
}

/** Follows a topic in a session that outlives connections and this process. */
export function startMqtt(deps: MqttDeps): MqttSource {
  const { topic, metrics, log, maxBodyBytes } = deps;
  const brought = bringing({ source: "mqtt", unready: deps.unready, metrics, log });
  let connection = new AbortController();
  let subscribed = false, stopping = false;
  let connectedAt = Infinity;
  const inFlight = new Set<Promise<void>>();
  let bytes = 0;
  let wake: (() => void) | undefined;

  const client = connect(deps.endpoint, {
    protocolVersion: 5,
    clientId: deps.clientId,
    clean: false,
    reconnectPeriod: firstPauseMs,
    reconnectOnConnackError: true,
    // Below: whenever a connection comes about.
    resubscribe: false,
    properties: {
      sessionExpiryInterval: 0xffffffff,
      receiveMaximum: maxInFlight,
      // Beside the payload there are topic and properties.
      maximumPacketSize: maxBodyBytes + 128 * 1024,
    },
  });

  let acks = new Acks(client.stream, true);
  client.on("connect", () => {
    connectedAt = performance.now();
    acks = new Acks(client.stream, client.options.protocolVersion === 5);
    client.subscribe(topic, { qos: 1 }, (error, granted) => {
      const refused = granted?.find(({ qos }) => qos > 2);
      if (error || refused) {
        if (!stopping) log.error({ topic }, `MQTT: the broker refuses the subscription`);
        return;
      }
      subscribed = true;
      log.info({ topic }, "messages are taken by MQTT");
    });
  });
  client.on("close", () => {
    subscribed = false;
    connection.abort(new Error("the connection is closed"));
    connection = new AbortController();
    const good = performance.now() - connectedAt > goodMs;
    connectedAt = Infinity;
    const { options } = client;
    options.reconnectPeriod = good
      ? firstPauseMs
      : Math.min(2 * (options.reconnectPeriod ?? firstPauseMs), mostPauseMs);
  });
  client.on("error", (error) => {
    const { code } = error as { code?: unknown };
    if (client.options.protocolVersion === 5 && unknownVersion.includes(code as number)) {
      client.options.protocolVersion = 4;
      log.info("the MQTT broker speaks 3.1.1 only: messages have no properties");
    } else log.warn({ reason: errorText(error) }, "MQTT: no connection to the broker");
  });

  const store = async (packet: IPublishPacket, signal: AbortSignal, ack: Ack) => {
    const read = () => {
      const { payload } = packet;
      if (payload.length > maxBodyBytes) {
        throw new RequestError(413, `the payload must have at most ${maxBodyBytes} bytes`);
      }
      const body = Buffer.from(payload);
      // Only a map's first byte has these bits, and no JSON text begins with them.
      const message = decodeMessage(body, (body[0] ?? 0) >> 5 === 5 ? "cbor" : "json");
      checkTopic(topic, packet.topic, message);
      return message;
    };
    // A topic's order is kept, as brokers keep it (MQTT 5, 4.6).
    const refused = await brought.bring(
      (turn) => deps.take(read, () => keyOf(packet), turn),
      signal,
      packet.topic,
    );
    ack.give(refused);
  };

  client.handleMessage = (packet, done) => {
    // A copy that the broker keeps for new subscribers: this session has had it, or it is older.
    if (packet.retain) return done();
    const { signal } = connection;
    const size = packet.payload.length;
    bytes += size;
    const ack = acks.expect(packet);
    const work = store(packet, signal, ack).catch((error) => {
      if (!signal.aborted) log.error({ reason: errorText(error) }, "MQTT: message not taken");
      ack.drop();
    }).finally(() => {
      inFlight.delete(work);
      bytes -= size;
      wake?.();
    });
    inFlight.add(work);
    // The error keeps the client from acknowledging it by itself, in turn and so a commit a message.
    const next = () => done(new Error("not yet"));
    if (inFlight.size < maxInFlight && bytes < maxBytes) return next();
    wake = () => {
      wake = undefined;
      next();
    };
  };

  return {
    get unready() {
      return subscribed ? undefined : "no subscription at the MQTT broker";
    },
    get waiting() {
      return brought.waiting;
    },
    get lagSeconds() {
      return brought.waitedSeconds;
    },
    async stop() {
      stopping = true;
      // What comes from here on is not stored, and comes again.
      client.handleMessage = (_, done) => done(new Error("stopping"));
      const stored = Promise.allSettled(inFlight);
      const late = setTimeout(() => connection.abort(new Error("the node is stopping")), 5_000);
      await stored;
      clearTimeout(late);
      await client.endAsync();
    },
  };
}

interface Ack {
  /** Acknowledges the packet, in its turn. */
  give(refused: RequestError | undefined): void;
  /** Has the others not wait for it. */
  drop(): void;
}

/** What is acknowledged on one connection, in the order in which it came (MQTT 5, 4.6). */
class Acks {
  readonly #queue: { bytes?: Uint8Array }[] = [];

  constructor(private readonly stream: MqttClient["stream"], private readonly isV5: boolean) {}

  expect({ qos, messageId = 0 }: IPublishPacket): Ack {
    const entry: { bytes?: Uint8Array } = qos === 0 ? { bytes: Buffer.of() } : {};
    this.#queue.push(entry);
    const end = (bytes: Uint8Array) => {
      entry.bytes = bytes;
      this.#write();
    };
    const id = [messageId >> 8, messageId & 0xff];
    return {
      give: (refused) => {
        if (qos === 0) return this.#write();
        // PUBACK; a reason code is MQTT 5's.
        const withReason = this.isV5 && refused;
        end(Buffer.from(withReason ? [0x40, 3, ...id, reasonOf(refused)] : [0x40, 2, ...id]));
      },
      drop: () => end(Buffer.of()),
    };
  }

  #write(): void {
    for (let bytes; (bytes = this.#queue[0]?.bytes) !== undefined; this.#queue.shift()) {
      const writable = !this.stream.destroyed && this.stream.writable;
      if (bytes.length > 0 && writable) this.stream.write(bytes);
    }
  }
}

/** MQTT 5, 3.4.2.1. */
function reasonOf({ status }: RequestError): number {
  if (status === 401 || status === 403) return 0x87;
  if (status === 429) return 0x97;
  return status === 400 || status === 415 ? 0x99 : 0x83;
}

/** @throws {RequestError} where the topic names another project or version, as brokers' ACLs go by it */
function checkTopic(
  filter: string,
  topic: string,
  { projectId, version }: { readonly projectId: bigint; readonly version: string },
): void {
  if (!/(^|\/)\+\/\+$/.test(filter)) return;
  const [project, named] = topic.split("/").slice(-2);
  if (project === `${projectId}` && named === version) return;
  throw new RequestError(403, "the message is of another project or version than its topic");
}

function keyOf({ properties }: IPublishPacket): string | undefined {
  const key = properties?.userProperties?.["idempotency-key"];
  return clientsKey("idempotency-key", (Array.isArray(key) ? key[0] : key) ?? null);
}

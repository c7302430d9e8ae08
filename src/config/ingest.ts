/** Settings about where messages come from, and who may send them. */
import { Buffer } from "node:buffer";
import { z } from "zod";
import { didPattern } from "../project/auth.ts";
import { integer, secretKey, type Settings, url } from "./values.ts";

/** `projectId=secret` pairs, separated by commas; a project may have several, while one is replaced. */
const jwtSecrets = z.string().transform((text, ctx) => {
  const map = new Map<bigint, Uint8Array[]>();
  for (const pair of text.split(",").map((s) => s.trim()).filter(Boolean)) {
    const match = /^(\d{1,20})=([\w-]+)$/.exec(pair);
    const secret = Buffer.from(match?.[2] ?? "", "base64url");
    // RFC 7518: a key of HS256 is as long as its hash.
    if (!match?.[1] || secret.length < 32) {
      ctx.addIssue({
        code: "custom",
        message: "must be projectId=secret pairs separated by commas, secrets at least 32 bytes " +
          "in base64url",
      });
      return z.NEVER;
    }
    const id = BigInt(match[1]);
    map.set(id, [...map.get(id) ?? [], new Uint8Array(secret)]);
  }
  return map;
});

/** Separated by commas. */
const dids = z.string().transform((text) => text.split(",").map((s) => s.trim()).filter(Boolean))
  .pipe(z.array(z.string().max(256).regex(didPattern, "must be DIDs separated by commas")));

const isOrigin = (text: string) =>
  text === "*" ||
  (/^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text);

/** Separated by commas; `*` is any. */
const origins = z.string().transform((text) => text.split(",").map((s) => s.trim()).filter(Boolean))
  .refine(
    (list) => list.every(isOrigin),
    "must be origins such as https://app.example separated by commas, or *",
  );

const mqttUrl = z.string().refine(
  (s) => URL.canParse(s) && /^(mqtts?|wss?):$/.test(new URL(s).protocol),
  "must be an mqtt, mqtts, ws or wss URL",
);

/** MQTT 5, 4.7.1. */
const topicFilter = z.string().min(1).max(1000).refine(
  (s) =>
    !s.includes("\0") &&
    s.split("/").every((level, i, all) =>
      !/[+#]/.test(level) || level === "+" || (level === "#" && i === all.length - 1)
    ),
  "must be a topic filter: + is any level, and # at the end all further ones",
);

export const ingestSettings = {
  MAX_MESSAGE_BYTES: {
    help: "largest body of one HTTP request; a message must fit one frame to a znode",
    placeholder: "bytes",
    schema: integer(1024, 3 * 1024 * 1024),
    fallback: String(1024 * 1024),
  },
  MQTT_ENDPOINT: {
    help: "MQTT broker from which messages are taken too",
    placeholder: "url",
    schema: mqttUrl,
    secret: true,
  },
  MQTT_TOPIC: {
    help: "topic filter of those messages; where it ends in +/+: their project and version",
    placeholder: "filter",
    schema: topicFilter,
    fallback: "w3bstream/+/+",
  },
  MQTT_CLIENT_ID: {
    help: "names this enode's session at the broker; unset: by its operator's address",
    placeholder: "id",
    schema: z.string().regex(/^[\w.:-]{1,128}$/, "must be 1 to 128 of letters, digits, . _ : -"),
  },
  DATASOURCE_DSN: {
    help: "PostgreSQL with a table of which each row is taken as a message",
    placeholder: "dsn",
    schema: z.string().regex(/^postgres(ql)?:\/\//, "must start with postgres://"),
    secret: true,
  },
  DATASOURCE_TABLE: {
    help: "that table or view, with the columns id, project_id, project_version and data",
    placeholder: "name",
    schema: z.string().regex(
      /^[^."\0]{1,63}(\.[^."\0]{1,63})?$/,
      "must be a table, or schema.table",
    ),
    fallback: "messages",
  },
  CORS_ORIGINS: {
    help: "origins whose web pages may use the HTTP API, or *; unset: none",
    placeholder: "origin,…",
    schema: origins,
    fallback: "",
  },
  PROJECT_RATE: {
    help: "messages a second that this enode takes of one project (default: any)",
    placeholder: "n",
    schema: integer(1, 1_000_000),
  },
  CLIENT_RATE: {
    help: "messages a second that this enode takes of one known sender (default: any)",
    placeholder: "n",
    schema: integer(1, 1_000_000),
  },
  JWT_SECRETS: {
    help: "secrets with which senders' JWTs are signed by HS256, at least 32 bytes in base64url",
    placeholder: "projectId=secret,…",
    schema: jwtSecrets,
    fallback: "",
    secret: true,
  },
  DID_RESOLVER: {
    help: "universal resolver for senders' DIDs other than did:key and did:web",
    placeholder: "url",
    schema: url,
    secret: true,
  },
  CREDENTIAL_PRIVATE_KEY: {
    help: "enode: Ed25519 key that signs what POST /sign_credential asks for; unset: nothing",
    placeholder: "hex",
    schema: secretKey,
    secret: true,
  },
  CREDENTIAL_CLIENTS: {
    help: "DIDs for which POST /sign_credential gives credentials",
    placeholder: "did,…",
    schema: dids,
    fallback: "",
  },
  OPERATOR_TOKEN: {
    help:
      "enode: what the dashboard, POST /sign_credential and POST /task/…/retry take as Bearer, 16 or more",
    placeholder: "token",
    schema: z.string().regex(/^[\x21-\x7e]{16,512}$/, "must be 16 to 512 printable characters"),
    secret: true,
  },
} as const satisfies Settings;

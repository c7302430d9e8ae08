import { isIP } from "node:net";
import { availableParallelism } from "node:os";
import process from "node:process";
import { multiaddr } from "@multiformats/multiaddr";
import { type Hex, isHex, size } from "viem";
import { z } from "zod";
import { parseLogLevel } from "./log.ts";
import { peerIdOf } from "./network/dial.ts";
import { mostFound } from "./network/enode_choice.ts";
import { ed25519Key, outputAllow, outputSettings } from "./config_outputs.ts";
import {
  dids,
  integer,
  jwtSecrets,
  mqttUrl,
  origins,
  otelSamplers,
  otlpHeaders,
  serviceUrl,
  topicFilter,
  url,
} from "./config_values.ts";
import { address, describeIssue } from "./protocol/schema.ts";

export const roles = ["all", "enode", "znode", "bootnode"] as const;
export type Role = typeof roles[number];

interface Setting {
  readonly help: string;
  readonly placeholder: string;
  readonly schema: z.ZodType<unknown, string>;
  /** Text as a user would write it; undefined: unset. */
  readonly fallback?: string;
  readonly secret?: true;
}

const secretKey = z.string().transform((s) => (s.startsWith("0x") ? s : `0x${s}`))
  .refine((s) => isHex(s) && size(s as Hex) === 32, "must be 32 bytes of hex")
  .transform((s) => s as Hex);

/** `host:port`, `:port` or `port`; the host is undefined when not given. */
const endpoint = z.string().transform((text, ctx) => {
  const match = /^(?:(?<host>\[[^\]]+\]|[^:]*):)?(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.port);
  if (!match || port > 65535) {
    ctx.addIssue({ code: "custom", message: "must be host:port, :port or port" });
    return z.NEVER;
  }
  return { host: match.groups?.host?.replace(/^\[|\]$/g, "") || undefined, port };
});

/** `chainId=url` pairs, separated by commas. */
const endpoints = z.string().transform((text, ctx) => {
  const map = new Map<bigint, string>();
  for (const pair of text.split(",").map((s) => s.trim()).filter(Boolean)) {
    const match = /^(\d+)=(.+)$/.exec(pair);
    if (!match?.[1] || !match[2] || !url.safeParse(match[2]).success) {
      ctx.addIssue({ code: "custom", message: "must be chainId=url pairs separated by commas" });
      return z.NEVER;
    }
    map.set(BigInt(match[1]), match[2]);
  }
  return map;
});

/** `programId=path#sha256` entries, separated by commas. */
const nativeLibraries = z.string().transform((text, ctx) => {
  const map: Record<string, { path: string; sha256: Hex }> = {};
  for (const entry of text.split(",").map((s) => s.trim()).filter(Boolean)) {
    const match = /^(0x[0-9a-f]{64}|zkwasm|risc0)=(.+)#((?:0x)?[0-9a-f]{64})$/.exec(entry);
    if (!match?.[1] || !match[2] || !match[3]) {
      ctx.addIssue({
        code: "custom",
        message: "must be programId=path#sha256 entries, or zkwasm=… or risc0=…",
      });
      return z.NEVER;
    }
    map[match[1]] = { path: match[2], sha256: `0x${match[3].replace(/^0x/, "")}` };
  }
  return map;
});

const onOff = z.enum(["on", "off"]).transform((text) => text === "on");

/** Multiaddrs, separated by commas. */
const multiaddrs = z.string().transform((text, ctx) => {
  try {
    return text.split(",").map((s) => s.trim()).filter(Boolean).map((s) => multiaddr(s));
  } catch {
    ctx.addIssue({ code: "custom", message: "must be multiaddrs separated by commas" });
    return z.NEVER;
  }
});

const addresses = z.string().transform((text) => text.split(",").map((s) => s.trim()))
  .pipe(z.array(address));

/** Every setting, by the name of its environment variable; flags are `--kebab-case` of it. */
export const settings = {
  HTTP_SERVICE_ENDPOINT: {
    help: "where the HTTP API listens; without a chain the host is loopback",
    placeholder: "host:port",
    schema: endpoint,
    fallback: ":9000",
  },
  DATABASE_DSN: {
    help: "PostgreSQL ≥ 14; unset: an embedded database in the data directory",
    placeholder: "dsn",
    schema: z.string().regex(/^postgres(ql)?:\/\//, "must start with postgres://"),
    secret: true,
  },
  DATA_DIRECTORY: {
    help: "database, blocks, program cache and keys of this node",
    placeholder: "dir",
    schema: z.string().min(1),
    fallback: "./data",
  },
  PROJECT_FILE_DIRECTORY: {
    help: "project files named by their project id, for development",
    placeholder: "dir",
    schema: z.string().min(1),
  },
  CHAIN_ENDPOINT: {
    help: "RPC of the chain with the contracts; unset: no chain",
    placeholder: "url",
    schema: url,
    secret: true,
  },
  CHAIN_ENDPOINTS: {
    help: "RPCs of further chains that outputs may go to",
    placeholder: "id=url,…",
    schema: endpoints,
    fallback: "",
    secret: true,
  },
  PROJECT_CONTRACT_ADDRESS: { help: "ProjectRegistrar", placeholder: "address", schema: address },
  ZNODE_CONTRACT_ADDRESS: { help: "ZNodeRegistrar", placeholder: "address", schema: address },
  ROUTER_CONTRACT_ADDRESS: { help: "W3bstreamRouter", placeholder: "address", schema: address },
  REWARD_POOL_ADDRESS: {
    help: "RewardPool; an enode sets the fees of tasks aside there before it dispatches them",
    placeholder: "address",
    schema: address,
  },
  REWARD_ESCROW_SECONDS: {
    help: "seconds that a task has to be accepted until its fee goes back to the project",
    placeholder: "s",
    schema: integer(60, 90 * 24 * 3600 - 600),
    fallback: "86400",
  },
  MIN_TASK_FEE: {
    help: "least fee beside the gas for which a znode proves (default: it also proves unpaid)",
    placeholder: "units",
    schema: z.string().regex(/^\d{1,38}$/, "must be token units (wei), a whole number")
      .transform(BigInt),
  },
  CONTRACT_START_BLOCK: {
    help: "block from which project events are read the first time",
    placeholder: "n",
    schema: integer(0, Number.MAX_SAFE_INTEGER),
    fallback: "0",
  },
  CHAIN_POLL_SECONDS: {
    help: "seconds between looks at the chain",
    placeholder: "s",
    schema: integer(1, 3600),
    fallback: "5",
  },
  CONFIRMATIONS: {
    help: "blocks after which a transaction counts as confirmed",
    placeholder: "n",
    schema: integer(1, 1000),
    fallback: "1",
  },
  GAS_LIMIT_PER_DAY: {
    help: "most wei a project may cost this node's keys in one UTC day",
    placeholder: "wei",
    schema: z.string().regex(/^\d+$/, "must be wei, a whole number").transform(BigInt),
    fallback: "1000000000000000000",
  },
  SUBMIT_EVIDENCE: {
    help: "on: an enode reports the faults of znodes that it keeps, as OPERATOR_PRIVATE_KEY",
    placeholder: "on|off",
    schema: onOff,
    fallback: "off",
  },
  OUTPUT_ALLOW: {
    help: "contract calls, Solana programs and vaults that keys sign for, whoever's project it is",
    placeholder: "chain:address:selector,solana:program,textile:vault,…",
    schema: outputAllow,
    fallback: "",
  },
  ...outputSettings,
  P2P_LISTEN: {
    help:
      "where peers are awaited, or /p2p-circuit: through a relay; unset: port 4689, or any on loopback without a chain",
    placeholder: "multiaddr,…",
    schema: multiaddrs,
  },
  P2P_WEBRTC: {
    help: "on: peers are dialled by WebRTC and through relays too, and not by TCP alone",
    placeholder: "on|off",
    schema: onOff,
    fallback: "off",
  },
  P2P_RELAY: {
    help: "on: peers behind a NAT are reached through this one",
    placeholder: "on|off",
    schema: onOff,
    fallback: "off",
  },
  P2P_ANNOUNCE: {
    help: "addresses at which peers reach this one, behind a proxy or NAT; unset: those it sees",
    placeholder: "multiaddr,…",
    schema: multiaddrs,
    fallback: "",
  },
  BOOTNODE_MULTIADDR: {
    help: "enodes, or boot nodes through which they are found, each with its /p2p/ id",
    placeholder: "multiaddr,…",
    schema: multiaddrs.refine(
      (list) => list.every((m) => peerIdOf(m) !== ""),
      "must end in /p2p/ and the peer's id",
    ),
    fallback: "",
  },
  P2P_ENODES: {
    help: "znode: enodes it links to beside those that are named; half as many more that need some",
    placeholder: "n",
    schema: integer(1, 64),
    fallback: String(mostFound),
  },
  P2P_MDNS: {
    help: "on: peers on the local network find each other by multicast",
    placeholder: "on|off",
    schema: onOff,
    fallback: "off",
  },
  IOTEX_CHAINID: {
    help: "chain that the peers find each other for, by IoTeX's own number",
    placeholder: "id",
    schema: integer(1, Number.MAX_SAFE_INTEGER),
    fallback: "2",
  },
  TRUSTED_PROVERS: {
    help: "enode without a chain: keys of the znodes that may prove",
    placeholder: "address,…",
    schema: addresses,
  },
  TRUSTED_ENODES: {
    help: "znode without a chain: keys of the enodes whose tasks are proved",
    placeholder: "address,…",
    schema: addresses,
  },
  IPFS_ENDPOINT: {
    help: "IPFS gateway or Kubo API; unset: the embedded node alone",
    placeholder: "url",
    schema: url,
    secret: true,
  },
  OPERATOR_PRIVATE_KEY: {
    help: "enode: operates projects; znode: proves and pays gas (never the stake's owner)",
    placeholder: "hex",
    schema: secretKey,
    secret: true,
  },
  PROVER_PRIVATE_KEY: {
    help: "role all: the znode's key, when it is not the operator's",
    placeholder: "hex",
    schema: secretKey,
    secret: true,
  },
  OPERATOR_KEYSTORE: {
    help: "file with the operator's key, encrypted (ws keys create), instead of the key itself",
    placeholder: "file",
    schema: z.string().min(1),
  },
  PROVER_KEYSTORE: {
    help: "the same with the znode's key",
    placeholder: "file",
    schema: z.string().min(1),
  },
  KEYSTORE_PASSWORD: {
    help: "opens these files",
    placeholder: "password",
    schema: z.string().min(1),
    secret: true,
  },
  KEYSTORE_PASSWORD_FILE: {
    help: "file whose first line opens these files",
    placeholder: "file",
    schema: z.string().min(1),
  },
  OPERATOR_PRIVATE_KEY_ED25519: {
    help: "enode: pays and signs on Solana; as hex, base58 or the JSON of Solana's tools",
    placeholder: "key",
    schema: ed25519Key,
    secret: true,
  },
  WORKERS: {
    help: "proofs made at once",
    placeholder: "n",
    schema: integer(1, 1024),
    fallback: String(availableParallelism()),
  },
  PROVER_MEMORY_MB: {
    help: "most memory of one prover process",
    placeholder: "MB",
    schema: integer(64, 1_048_576),
    fallback: "4096",
  },
  NATIVE_LIBRARIES: {
    help: "native builds of Halo2 programs, or of zkwasm's prover, installed by the operator",
    placeholder: "program=path#sha256,…",
    schema: nativeLibraries,
    fallback: "",
  },
  BUILD_NATIVE: {
    help: "on: build risc0's prover once a project needs it, if Rust and a C++ compiler are there",
    placeholder: "on|off",
    schema: onOff,
    fallback: "on",
  },
  RISC0_PROVER_ENDPOINT: {
    help: "Bento that may prove risc0 projects that allow it; whoever runs it sees their inputs",
    placeholder: "url",
    schema: serviceUrl,
    secret: true,
  },
  RISC0_PROVER_API_KEY: {
    help: "sent to RISC0_PROVER_ENDPOINT as x-api-key",
    placeholder: "key",
    schema: z.string().max(512, "must have at most 512 characters")
      .regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces"),
    secret: true,
  },
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
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    help: "collector of OpenTelemetry traces, by OTLP over HTTP; unset: nothing is traced",
    placeholder: "url",
    schema: url,
    secret: true,
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    help: "what it is sent as headers, percent-encoded",
    placeholder: "name=value,…",
    schema: otlpHeaders,
    fallback: "",
    secret: true,
  },
  OTEL_SERVICE_NAME: {
    help: "what this node is called there; unset: w3bstream-<role>",
    placeholder: "name",
    schema: z.string().min(1).max(200),
  },
  OTEL_TRACES_SAMPLER: {
    help: "which traces are told: always_on, always_off, traceidratio; or parentbased_… of these",
    placeholder: "name",
    schema: z.enum(otelSamplers),
    fallback: "parentbased_always_on",
  },
  OTEL_TRACES_SAMPLER_ARG: {
    help: "part of them, from 0 to 1, where that is traceidratio",
    placeholder: "ratio",
    schema: z.string().regex(/^(0|1|0?\.\d+|[01]\.\d+)$/, "must be a number from 0 to 1").transform(
      Number,
    )
      .refine((n) => n <= 1, "must be a number from 0 to 1"),
    fallback: "1",
  },
  LOG_LEVEL: {
    help: "debug, info, warn, error, or the original's -4, 0, 4, 8",
    placeholder: "level",
    schema: z.string().transform((s, ctx) => {
      try {
        return parseLogLevel(s);
      } catch (error) {
        ctx.addIssue({ code: "custom", message: (error as Error).message });
        return z.NEVER;
      }
    }),
    fallback: "info",
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;
type Value<K extends SettingName> = z.output<typeof settings[K]["schema"]>;
type WithFallback = {
  [K in SettingName]: typeof settings[K] extends { fallback: string } ? K : never;
}[SettingName];

/** A node's configuration, checked. Keys are those of the environment. */
export type Config =
  & { readonly role: Role; readonly httpHost: string; readonly httpPort: number }
  & { readonly [K in WithFallback]: Value<K> }
  & { readonly [K in Exclude<SettingName, WithFallback>]: Value<K> | undefined };

/** A setting that can't be used; the message names it and never contains a secret. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConfigError";
  }
}

export const flagOf = (name: SettingName): string => `--${name.toLowerCase().replaceAll("_", "-")}`;

/**
 * Flags over environment over file over defaults. An empty value counts as unset, as in the original.
 * @throws {ConfigError}
 */
export function loadConfig(
  role: string,
  flags: Partial<Record<SettingName, string>> = {},
  env: Record<string, string | undefined> = process.env,
  file: Partial<Record<SettingName, string>> = {},
): Config {
  if (!roles.includes(role as Role)) {
    throw new ConfigError(`--role must be one of ${roles.join(", ")}, got "${role}"`);
  }
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(settings) as SettingName[]) {
    const setting: Setting = settings[name];
    const text = flags[name] || env[name] || file[name] || setting.fallback;
    if (text === undefined) continue;
    const parsed = setting.schema.safeParse(text);
    if (!parsed.success) {
      const shown = setting.secret ? "" : ` (got "${text}")`;
      throw new ConfigError(`${name} ${describeIssue(parsed.error)}${shown}`);
    }
    values[name] = parsed.data;
  }
  const http = values.HTTP_SERVICE_ENDPOINT as Value<"HTTP_SERVICE_ENDPOINT">;
  const chain = values.CHAIN_ENDPOINT !== undefined;
  const httpHost = http.host ?? (chain ? "0.0.0.0" : "127.0.0.1");
  if (!chain && !isLoopback(httpHost)) {
    throw new ConfigError(
      `HTTP_SERVICE_ENDPOINT: a node without a chain has nobody to answer to and listens on ` +
        `loopback only; set CHAIN_ENDPOINT, or use 127.0.0.1 instead of ${httpHost}`,
    );
  }
  if (chain && role !== "bootnode") requireContracts(values, role as Role);
  for (const name of ["TRUSTED_PROVERS", "TRUSTED_ENODES"] as const) {
    if (chain && values[name] !== undefined) {
      throw new ConfigError(`${name} is for nodes without a chain: the registrars decide`);
    }
  }
  if (values.RISC0_PROVER_API_KEY !== undefined && values.RISC0_PROVER_ENDPOINT === undefined) {
    throw new ConfigError("RISC0_PROVER_API_KEY is for RISC0_PROVER_ENDPOINT, which is not set");
  }
  requireArchive(values);
  return { ...values, role, httpHost, httpPort: http.port } as Config;
}

function requireContracts(values: Record<string, unknown>, role: Role): void {
  const needed: SettingName[] = [
    "PROJECT_CONTRACT_ADDRESS",
    "ZNODE_CONTRACT_ADDRESS",
    "ROUTER_CONTRACT_ADDRESS",
    "OPERATOR_PRIVATE_KEY",
  ];
  const missing = needed.filter((name) => values[name] === undefined);
  if (missing.length > 0) {
    throw new ConfigError(`with CHAIN_ENDPOINT, role ${role} also needs ${missing.join(", ")}`);
  }
}

function requireArchive(values: Record<string, unknown>): void {
  const all: SettingName[] = [
    "ARCHIVE_S3_ENDPOINT",
    "ARCHIVE_S3_BUCKET",
    "ARCHIVE_S3_ACCESS_KEY_ID",
    "ARCHIVE_S3_SECRET_ACCESS_KEY",
  ];
  const missing = all.filter((name) => values[name] === undefined);
  if (missing.length === all.length) return;
  if (missing.length > 0) {
    throw new ConfigError(`an archive in S3 also needs ${missing.join(", ")}`);
  }
  if (values.ARCHIVE_DIRECTORY !== undefined) {
    throw new ConfigError(
      "ARCHIVE_DIRECTORY is set beside ARCHIVE_S3_ENDPOINT; keep one of the two",
    );
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** The configuration as it may be logged: secrets only say whether they are set. */
export function describeConfig(config: Config): Record<string, string> {
  const shown: Record<string, string> = { role: config.role };
  for (const name of Object.keys(settings) as SettingName[]) {
    const value = config[name];
    const setting: Setting = settings[name];
    if (value === undefined || isEmpty(value)) continue;
    const text = typeof value === "string" ? value : JSON.stringify(value, jsonSafe);
    shown[name] = setting.secret ? "set" : text;
  }
  shown.HTTP_SERVICE_ENDPOINT = `${config.httpHost}:${config.httpPort}`;
  return shown;
}

function isEmpty(value: unknown): boolean {
  if (value instanceof Map) return value.size === 0;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function jsonSafe(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  return value instanceof Map ? Object.fromEntries(value) : value;
}

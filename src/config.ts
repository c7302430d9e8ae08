import { isIP } from "node:net";
import process from "node:process";
import type { z } from "zod";
import { chainSettings } from "./config/chain.ts";
import { ingestSettings } from "./config/ingest.ts";
import { keySettings } from "./config/keys.ts";
import { networkSettings } from "./config/network.ts";
import { outputSettings } from "./config/outputs.ts";
import { proverSettings } from "./config/provers.ts";
import { serviceSettings } from "./config/service.ts";
import { telemetrySettings } from "./config/telemetry.ts";
import type { Setting } from "./config/values.ts";
import { describeIssue } from "./protocol/schema.ts";

export const roles = ["all", "enode", "znode", "bootnode"] as const;
export type Role = typeof roles[number];

/** Every setting, by the name of its environment variable; flags are `--kebab-case` of it. */
export const settings = {
  ...serviceSettings,
  ...chainSettings,
  ...outputSettings,
  ...networkSettings,
  ...keySettings,
  ...proverSettings,
  ...ingestSettings,
  ...telemetrySettings,
};

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
    // A znode that has a key of its own needs no operator's.
    role === "znode" && values.OPERATOR_PRIVATE_KEY === undefined
      ? "PROVER_PRIVATE_KEY"
      : "OPERATOR_PRIVATE_KEY",
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
    const plain = typeof value === "string" || typeof value === "bigint";
    const text = plain ? String(value) : JSON.stringify(value, jsonSafe);
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

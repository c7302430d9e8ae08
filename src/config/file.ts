import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { ConfigError, type SettingName, settings } from "../config.ts";
import { errorText } from "../log.ts";

export interface ConfigFile {
  readonly values: Partial<Record<SettingName, string>>;
  /** What is wrong with the file though it is used. */
  readonly warnings: readonly string[];
}

const largest = 1024 * 1024;
const jsonSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/**
 * Reads settings by their names: lines `NAME=value` (`#` begins a comment line; a value may be in
 * quotes), or a JSON object.
 * @throws {ConfigError} which never repeats a value
 */
export function readConfigFile(path: string): ConfigFile {
  let text: string, mode: number;
  try {
    const stat = statSync(path);
    if (stat.size > largest) throw new Error(`it is larger than ${largest} bytes`);
    mode = stat.mode;
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError(`--config: ${path} can't be read: ${errorText(error)}`);
  }
  const entries = text.trimStart().startsWith("{") ? ofJson(text, path) : ofLines(text, path);
  const unknown = [...entries.keys()].filter((name) => !Object.hasOwn(settings, name));
  if (unknown.length > 0) {
    throw new ConfigError(`--config: ${path} has unknown settings: ${unknown.join(", ")}`);
  }
  const secrets = [...entries.keys()].filter((name) => "secret" in settings[name as SettingName]);
  const open = secrets.length > 0 && (mode & 0o004) !== 0;
  return {
    values: Object.fromEntries(entries),
    warnings: open
      ? [`${path} can be read by every user and has ${secrets.join(", ")}: chmod 600 it`]
      : [],
  };
}

function ofJson(text: string, path: string): Map<string, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // What the parser says repeats the text.
    throw new ConfigError(`--config: ${path} is not JSON, though it begins with {`);
  }
  const { success, data, error } = jsonSchema.safeParse(parsed);
  if (!success) {
    const name = error.issues[0]?.path[0];
    throw new ConfigError(
      `--config: ${path}: ${String(name)} must be text, a number, true or false`,
    );
  }
  return new Map(Object.entries(data).map(([name, value]) => [name, `${value}`]));
}

function ofLines(text: string, path: string): Map<string, string> {
  const entries = new Map<string, string>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line);
    const [, name, value = ""] = match ?? [];
    if (name === undefined) {
      throw new ConfigError(`--config: ${path}: line ${i + 1} must be NAME=value`);
    }
    if (entries.has(name)) throw new ConfigError(`--config: ${path} has ${name} twice`);
    entries.set(name, /^(["']).*\1$/.test(value) ? value.slice(1, -1) : value);
  }
  return entries;
}

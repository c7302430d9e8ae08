import process from "node:process";
import pino from "pino";
import { traceOfTask } from "./trace_ids.ts";

export type Log = pino.Logger;

/** Go's slog numbers, which the original's LOG_LEVEL uses, beside the usual names. */
const slogLevels: Record<string, pino.Level> = {
  "-4": "debug",
  "0": "info",
  "4": "warn",
  "8": "error",
};
const names = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** @throws RangeError for anything but a slog number or a level's name */
export function parseLogLevel(text: string): string {
  const level = slogLevels[text] ?? text.toLowerCase();
  if (!names.includes(level)) {
    throw new RangeError(`must be one of ${names.join(", ")}, or -4, 0, 4, 8`);
  }
  return level;
}

export interface LogOptions {
  /** Readable lines; on a terminal when left out. */
  readonly pretty?: boolean;
  /** Lines about a task name its trace. */
  readonly traces?: boolean;
}

/** JSON lines on standard error. */
export function createLog(level: string, options: LogOptions = {}): Log {
  const { pretty = process.stderr.isTTY === true, traces = false } = options;
  // Written synchronously: the last lines before a crash are the ones that matter.
  const destination = pino.destination({ dest: 2, sync: true });
  const pinoOptions: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: ["privateKey", "*.privateKey", "data", "*.data", "token", "*.token"],
    ...(traces ? { formatters: { log: withTrace } } : {}),
  };
  return pretty ? pino(pinoOptions, prettyStream(destination)) : pino(pinoOptions, destination);
}

/** What is about a task, or a transaction whose key begins with its id. */
function withTrace(fields: Record<string, unknown>): Record<string, unknown> {
  const id = fields.task ?? fields.key;
  if (typeof id !== "string" || !/^0x[0-9a-f]{64}/.test(id)) return fields;
  return { ...fields, trace_id: traceOfTask(id) };
}

const labels: Record<number, string> = { 20: "debug", 30: "info", 40: "WARN", 50: "ERROR" };

function prettyStream(
  destination: { write(line: string): unknown },
): { write(line: string): void } {
  return {
    write(line) {
      const { time, level, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
      const fields = Object.entries(rest)
        .map(([k, v]) => `${k}=${typeof v === "string" ? v : JSON.stringify(v)}`).join(" ");
      const clock = String(time).slice(11, 19);
      const error = err ? ` ${(err as { message?: string }).message}` : "";
      destination.write(`${clock} ${labels[Number(level)] ?? level} ${msg}${error} ${fields}\n`);
    },
  };
}

/** The short text of an error: viem's short message where there is one. */
export function errorText(error: unknown): string {
  if (error instanceof Error) {
    const short = (error as { shortMessage?: unknown }).shortMessage;
    return typeof short === "string" ? short : error.message;
  }
  return String(error);
}

/** Settings about what a node tells of itself. */
import { z } from "zod";
import { parseLogLevel } from "../log.ts";
import { type Settings, url } from "./values.ts";

/** The names of the standard. */
const otelSamplers = [
  ...["always_on", "always_off", "traceidratio"] as const,
  ...["parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"] as const,
] as const;

/** `name=value` pairs, separated by commas, the values percent-encoded. */
const otlpHeaders = z.string().transform((text, ctx) => {
  const headers: Record<string, string> = {};
  for (const pair of text.split(",").map((s) => s.trim()).filter(Boolean)) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*([\x20-\x7e]*)$/.exec(pair);
    const value = match?.[2] === undefined ? undefined : decoded(match[2]);
    if (!match?.[1] || value === undefined || !/^[\x20-\x7e]*$/.test(value)) {
      ctx.addIssue({ code: "custom", message: "must be name=value pairs separated by commas" });
      return z.NEVER;
    }
    headers[match[1]] = value;
  }
  return headers;
});

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // Not percent-encoded.
  }
}

const ratio = z.string().regex(/^([01]|[01]?\.\d+)$/, "must be a number from 0 to 1")
  .transform(Number).refine((n) => n <= 1, "must be a number from 0 to 1");

export const telemetrySettings = {
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
    schema: ratio,
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
} as const satisfies Settings;

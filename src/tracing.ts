/**
 * What a node tells a collector of traces, where one is configured (OpenTelemetry). Of what is
 * private there is nothing in them.
 */
import type { Config } from "./config.ts";
import type { Log } from "./log.ts";
import type { Shutdown } from "./shutdown.ts";
import type { SpanIds } from "./trace_ids.ts";

export type SpanAttributes = Readonly<Record<string, string | number | undefined>>;

/** A piece of work that is over. */
export interface FinishedSpan {
  readonly name: string;
  /** Begins the trace, unless it has a parent; without it, it gets an id by chance. */
  readonly own?: SpanIds;
  readonly parent?: SpanIds;
  /** Asked where the span is told. */
  readonly links?: () => readonly SpanIds[];
  /** Milliseconds since 1970, as `now` tells them. */
  readonly began: number;
  /** Now, when left out. */
  readonly ended?: number;
  /** Why it failed, in words that may be logged. */
  readonly failed?: string | undefined;
  /** Named without the prefix `w3bstream.`. */
  readonly attributes: SpanAttributes;
}

export interface Tracing {
  /** Takes no time that counts and never throws. */
  record(span: FinishedSpan): void;
}

/** Milliseconds since 1970, with fractions. */
export const now = (): number => performance.timeOrigin + performance.now();

/** Undefined where no collector is configured: no exporter is loaded then. */
export async function openTracing(
  config: Config,
  log: Log,
  shutdown: Shutdown,
): Promise<Tracing | undefined> {
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return undefined;
  const { exportTraces } = await import("./tracing_otlp.ts");
  const { tracing, stop } = exportTraces({
    endpoint,
    headers: config.OTEL_EXPORTER_OTLP_HEADERS,
    service: config.OTEL_SERVICE_NAME ?? `w3bstream-${config.role}`,
    ratio: ratios[config.OTEL_TRACES_SAMPLER] ?? config.OTEL_TRACES_SAMPLER_ARG,
  }, log);
  shutdown.add("traces", stop);
  return tracing;
}

/** By the standard's names; what a span's parent says is what it says itself, by the trace's id. */
const ratios: Readonly<Record<string, number | undefined>> = {
  always_on: 1,
  parentbased_always_on: 1,
  always_off: 0,
  parentbased_always_off: 0,
};

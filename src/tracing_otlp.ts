/** Spans to a collector, by OTLP over HTTP. Loaded only where one is configured. */
import {
  type Attributes,
  ROOT_CONTEXT,
  type SpanContext,
  SpanStatusCode,
  trace,
  TraceFlags,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  type IdGenerator,
  RandomIdGenerator,
  SamplingDecision,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import { ATTR_SERVICE_NAME } from "@opentelemetry/semantic-conventions";
import type { Log } from "./log.ts";
import type { SpanIds } from "./trace_ids.ts";
import type { SpanAttributes, Tracing } from "./tracing.ts";

export interface OtlpOptions {
  /** Below which `/v1/traces` is. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly service: string;
  /** Part of the traces that are kept, chosen by their ids: all nodes choose the same. */
  readonly ratio: number;
}

/** Most time that stopping waits for the collector, ms. */
const stopMs = 3_000;

export function exportTraces(
  { endpoint, headers, service, ratio }: OtlpOptions,
  log: Log,
): { readonly tracing: Tracing; readonly stop: () => Promise<void> } {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, "")}/v1/traces`,
    headers: { ...headers },
  });
  const ids = new GivenIds();
  const processor = new BatchSpanProcessor(quiet(exporter, log));
  const sampler = new TraceIdRatioBasedSampler(ratio);
  const leftOut = (ids: SpanIds | undefined) =>
    ids !== undefined &&
    sampler.shouldSample(ROOT_CONTEXT, ids.traceId).decision === SamplingDecision.NOT_RECORD;
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ [ATTR_SERVICE_NAME]: service }),
    sampler: new AlwaysOnSampler(),
    idGenerator: ids,
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer("w3bstream");
  return {
    tracing: {
      record({ name, own, parent, links, began, ended, failed, attributes }) {
        // Before anything is made of it: most spans may be left out.
        if (leftOut(own ?? parent)) return;
        ids.next = own;
        const context = parent
          ? trace.setSpanContext(ROOT_CONTEXT, spanContext(parent))
          : ROOT_CONTEXT;
        const span = tracer.startSpan(name, {
          startTime: began,
          attributes: named(attributes),
          links: (links?.() ?? []).map((ids) => ({ context: spanContext(ids) })),
        }, context);
        if (failed !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failed });
        span.end(ended);
      },
    },
    async stop() {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => timer = setTimeout(resolve, stopMs));
      await Promise.race([provider.shutdown().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}

const spanContext = (ids: SpanIds): SpanContext => ({
  ...ids,
  traceFlags: TraceFlags.SAMPLED,
  isRemote: true,
});

const named = (attributes: SpanAttributes): Attributes =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [`w3bstream.${name}`, value]),
  );

/** Gives the ids that the next span is to have, else some by chance. */
class GivenIds implements IdGenerator {
  next: SpanIds | undefined;
  readonly #random = new RandomIdGenerator();

  generateTraceId = (): string => this.next?.traceId ?? this.#random.generateTraceId();
  generateSpanId = (): string => this.next?.spanId ?? this.#random.generateSpanId();
}

/** Says once when spans are lost, and once when they are taken again. */
function quiet(exporter: OTLPTraceExporter, log: Log): SpanExporter {
  let lost = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.error !== undefined || result.code !== 0;
        // The error may quote what the collector answered, or its address with a password.
        if (failed && !lost) log.warn("traces are lost: the collector does not take them");
        if (!failed && lost) log.info("the collector takes traces again");
        lost = failed;
        done({ code: 0 });
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
  };
}

import type { Metrics } from "../metrics.ts";
import { messageSpan } from "../trace_ids.ts";
import { now, type Tracing } from "../tracing.ts";
import { RequestError } from "./message.ts";

/** Values made once a key. */
function remembered<K, V>(make: (key: K) => V): (key: K) => V {
  const values = new Map<K, V>();
  return (key) => {
    let value = values.get(key);
    if (value === undefined) values.set(key, value = make(key));
    return value;
  };
}

/** Counters and timers, looked up by their labels only once: the lookup is most of their cost. */
export function observe(
  { messages, refusedSenders, httpSeconds }: Pick<
    Metrics,
    "messages" | "refusedSenders" | "httpSeconds"
  >,
) {
  const counters = remembered((project: bigint | undefined) =>
    remembered((result: string) =>
      messages.labels({ project: project?.toString() ?? "unknown", result })
    )
  );
  return {
    /** One message more; the project only if it exists, so that labels stay few. */
    count: (project: bigint | undefined, result: string): void => counters(project)(result).inc(),
    /** Why a sender was not admitted, if that is the error. */
    countRefused(project: bigint | undefined, error: unknown): void {
      if (!(error instanceof RequestError) || error.reason === undefined) return;
      const labels = { project: project?.toString() ?? "unknown", reason: error.reason };
      refusedSenders.inc(labels);
    },
    /** Takes the times of a route. */
    timer(route: string): (status: number, ms: number) => void {
      const observers = remembered((status: number) => httpSeconds.labels({ route, status }));
      return (status, ms) => observers(status).observe(ms / 1000);
    },
  };
}

/** Called when a request begins; what it answers is told of each message that was stored of it. */
export const tracer = (tracing: Tracing | undefined) =>
  tracing && (() => {
    const began = now();
    return (project: bigint, id: string): void =>
      tracing.record({
        name: "ingest",
        own: messageSpan(id),
        began,
        attributes: { project: `${project}` },
      });
  });

/** From a source to the store: nothing that may be stored later is given up. */
import { Backoff, sleep } from "../../abort.ts";
import { errorText, type Log } from "../../log.ts";
import type { Metrics } from "../../metrics.ts";
import { RequestError } from "../message.ts";
import { Lanes, type Place } from "./lanes.ts";

/** Between tries to store a message, ms: the first pause, and the longest. */
const firstMs = 100, mostMs = 10_000;
/** Between two log lines about one thing, ms; a sender must not fill the log. */
const quietMs = 1_000;

export interface BringDeps {
  /** The source's name, for log and metrics. */
  readonly source: "mqtt" | "postgres";
  /** Whether a project that is not known now may still be read. */
  readonly unready: () => string | undefined;
  /** Whether what comes too fast may wait, as it does in a table; else it is refused. */
  readonly patient?: boolean;
  readonly metrics: SourceMetrics;
  readonly log: Log;
}

export type SourceMetrics = Pick<Metrics, "sourceMessages" | "sourceRefused">;

/** How a source does. */
export interface SourceStatus {
  /** Why nothing comes now. */
  readonly unready: string | undefined;
  /** Messages that it brought and that are not stored. */
  readonly waiting: number;
  readonly lagSeconds: number;
}

export interface Bring {
  /**
   * Takes a message until it is stored, or refused for a reason that stays. Throws when the signal
   * aborts; the message may be stored then, or not.
   * @param take awaits the turn, where it gets one, right before it stores
   * @param lane whose messages are stored in the order in which they came; left out: in none
   * @returns why it is refused for good; undefined: it is stored
   */
  bring(
    take: (turn?: () => Promise<void>) => Promise<{ readonly duplicate: boolean }>,
    signal: AbortSignal,
    lane?: string,
  ): Promise<RequestError | undefined>;
  /** Messages that wait to be stored. */
  readonly waiting: number;
  /** How long the first of them does, seconds. */
  readonly waitedSeconds: number;
}

/** By the status with which HTTP would refuse it; 403 is of a paused project or another's topic. */
const reasons: Readonly<Record<number, string>> = {
  400: "malformed",
  401: "sender",
  403: "forbidden",
  404: "project",
  409: "replayed",
  413: "size",
  415: "malformed",
  429: "rate",
};

const reasonFor = ({ status, reason }: RequestError): string =>
  status === 403 && reason !== undefined ? "sender" : reasons[status] ?? "other";

export function bringing({ source, unready, patient, metrics, log }: BringDeps): Bring {
  const began = new Set<{ readonly at: number }>();
  const count = (result: string) => metrics.sourceMessages.inc({ source, result });
  const mayPass = ({ status }: RequestError): boolean =>
    status === 503 || (status === 429 && patient === true) ||
    (status === 404 && unready() !== undefined);
  const say = quietly();
  const lanes = new Lanes();
  const bring = async (
    take: Parameters<Bring["bring"]>[0],
    signal: AbortSignal,
    place: Place | undefined,
  ) => {
    const backoff = new Backoff(firstMs, mostMs);
    const turn = place && (async () => {
      await place.turn();
      signal.throwIfAborted();
    });
    while (true) {
      signal.throwIfAborted();
      try {
        const { duplicate } = await take(turn);
        count(duplicate ? "duplicate" : "accepted");
        return undefined;
      } catch (error) {
        if (error instanceof RequestError && !mayPass(error)) {
          const { status, message } = error;
          count("refused");
          metrics.sourceRefused.inc({ source, reason: reasonFor(error) });
          say((times) => log.warn({ source, status, times }, `message refused: ${message}`));
          return error;
        }
        signal.throwIfAborted();
        say((times) => log.warn({ source, times }, `message not stored yet: ${errorText(error)}`));
      }
      place?.back();
      await sleep(backoff.next(), signal);
    }
  };
  return {
    async bring(take, signal, lane) {
      const one = { at: performance.now() };
      began.add(one);
      count("received");
      const place = lane === undefined ? undefined : lanes.enter(lane);
      try {
        return await bring(take, signal, place);
      } finally {
        place?.leave();
        began.delete(one);
      }
    },
    get waiting() {
      return began.size;
    },
    get waitedSeconds() {
      // The first that was added stands first.
      for (const { at } of began) return (performance.now() - at) / 1000;
      return 0;
    },
  };
}

/** Lets one of many lines through, with how many it stands for. */
function quietly() {
  let last = -Infinity, times = 0;
  return (line: (times: number) => void) => {
    times++;
    if (performance.now() - last < quietMs) return;
    line(times);
    [last, times] = [performance.now(), 0];
  };
}

/** From a source to the store: nothing that may be stored later is given up. */
import { Backoff, sleep } from "../../abort.ts";
import { errorText, type Log } from "../../log.ts";
import { RequestError } from "../message.ts";

/** Between tries to store a message, ms: the first pause, and the longest. */
const firstMs = 100, mostMs = 10_000;
/** Between two log lines about one thing, ms; a sender must not fill the log. */
const quietMs = 1_000;

export interface BringDeps {
  /** The source's name, for the log. */
  readonly source: string;
  /** Whether a project that is not known now may still be read. */
  readonly unready: () => string | undefined;
  /** Whether what comes too fast may wait, as it does in a table; else it is refused. */
  readonly patient?: boolean;
  readonly log: Log;
}

/** @returns why it is refused for good; undefined: it is stored */
export type Bring = (
  take: () => Promise<unknown>,
  signal: AbortSignal,
) => Promise<RequestError | undefined>;

/**
 * Gives a function that takes a message until it is stored, or refused for a reason that stays. It
 * throws when the signal aborts; the message may be stored then, or not.
 */
export function bringing({ source, unready, patient, log }: BringDeps): Bring {
  const mayPass = ({ status }: RequestError): boolean =>
    status === 503 || (status === 429 && patient === true) ||
    (status === 404 && unready() !== undefined);
  const say = quietly();
  return async (take, signal) => {
    const backoff = new Backoff(firstMs, mostMs);
    while (true) {
      signal.throwIfAborted();
      try {
        await take();
        return undefined;
      } catch (error) {
        if (error instanceof RequestError && !mayPass(error)) {
          const { status, message } = error;
          say((times) => log.warn({ source, status, times }, `message refused: ${message}`));
          return error;
        }
        say((times) => log.warn({ source, times }, `message not stored yet: ${errorText(error)}`));
      }
      await sleep(backoff.next(), signal);
    }
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

/** A stage that looks for work again and again. */
import { sleep } from "./abort.ts";
import { errorText, type Log } from "./log.ts";

export interface RoundsOptions {
  /** Pause after a look that found nothing more, ms. */
  readonly idleMs: number;
  /** What it is, for the log and for who is stopped: "funding". */
  readonly name: string;
  readonly log: Pick<Log, "warn">;
}

export interface Rounds {
  /** Ends the pause. */
  wake(): void;
  /** Aborts the look that runs, and waits for its end. */
  stop(): Promise<void>;
}

/**
 * @param open makes the stage, whose `look` answers whether there may be more; what it throws is
 * logged
 */
export function startRounds(
  open: (signal: AbortSignal) => { look(): Promise<boolean> },
  { idleMs, name, log }: RoundsOptions,
): Rounds {
  const stop = new AbortController();
  const stage = open(stop.signal);
  let awake = new AbortController();
  const loop = (async () => {
    while (!stop.signal.aborted) {
      let busy = false;
      try {
        busy = await stage.look();
      } catch (error) {
        if (stop.signal.aborted) return;
        log.warn(`${name}: ${errorText(error)}`);
      }
      if (busy || stop.signal.aborted) continue;
      awake = new AbortController();
      await sleep(idleMs, awake.signal);
    }
  })();
  return {
    wake: () => awake.abort(),
    async stop() {
      stop.abort(new Error(`${name} stops`));
      awake.abort();
      await loop;
    },
  };
}

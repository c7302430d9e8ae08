import type { FundingStore } from "../da/da.ts";
import { errorText, type Log } from "../log.ts";

export interface NeglectedDeps {
  readonly store: Pick<FundingStore, "due" | "putOff">;
  readonly log: Log;
  /** After which a task that no node looks at is told of, ms; each is told of once. */
  readonly lateMs?: number;
}

const comment = "waits for its fee, which no enode sets aside: set REWARD_POOL_ADDRESS at one";

/** For an enode that funds nothing: says which tasks wait in vain. Answers a function that stops it. */
export function watchNeglected(
  { store, log, lateMs = 60_000 }: NeglectedDeps,
): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    last = last.then(look).catch((error) => log.warn(`unfunded tasks: ${errorText(error)}`));
  }, lateMs / 2);
  async function look() {
    const late = await store.due(lateMs, 1000, lateMs);
    if (late.length === 0) return;
    const tasks = late.map(({ taskId }) => taskId);
    await store.putOff(tasks, 0, comment);
    log.warn({ tasks }, comment);
  }
  return async () => {
    clearInterval(timer);
    await last;
  };
}

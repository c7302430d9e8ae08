/** In which order messages are stored that have to be tried again. */
import { beforeEach, expect, test } from "bun:test";
import pino from "pino";
import { DatabaseUnavailableError } from "../../da/index.ts";
import { createMetrics } from "../../metrics.ts";
import { until } from "../../testing/until.ts";
import { RequestError } from "../message.ts";
import { type Bring, bringing } from "./bring.ts";

const log = pino({ level: "silent" });
let brought: Bring;
let stored: string[], tried: string[];
let stop: AbortController;

beforeEach(() => {
  const metrics = createMetrics();
  brought = bringing({ source: "mqtt", unready: () => undefined, metrics, log });
  [stored, tried, stop] = [[], [], new AbortController()];
});

/**
 * Brings a message.
 * @param checked what it waits for before its turn
 * @param fails whether the store is away
 */
function bring(
  name: string,
  lane: string,
  { checked, fails = () => false }: { checked?: Promise<void>; fails?: () => boolean } = {},
) {
  return brought.bring(
    async (turn) => {
      await checked;
      await turn?.();
      tried.push(name);
      if (fails()) throw new DatabaseUnavailableError();
      stored.push(name);
      return { duplicate: false };
    },
    stop.signal,
    lane,
  );
}

test("all that failed are stored in order, and what comes meanwhile is behind them", async () => {
  let away = true;
  const fails = () => away;
  const names = Array.from({ length: 50 }, (_, i) => `${i}`);
  const first = names.map((name) => bring(name, "a", { fails }));
  await until(() => tried.length > 50);
  const later = ["x", "y"].map((name) => bring(name, "a"));
  await bring("other lane", "b");
  expect(stored).toEqual(["other lane"]);
  away = false;
  await Promise.all([...first, ...later]);
  expect(stored.slice(1)).toEqual([...names, "x", "y"]);
  expect(brought.waiting).toBe(0);
});

test("those whose checks take long are stored in their turn, and those before them at once", async () => {
  const slow = Promise.withResolvers<void>();
  const work = ["0", "1", "2", "3"].map((name) =>
    bring(name, "a", name === "1" ? { checked: slow.promise } : {})
  );
  await until(() => stored.length > 0);
  await Bun.sleep(5);
  expect(stored).toEqual(["0"]);
  slow.resolve();
  await Promise.all(work);
  expect(stored).toEqual(["0", "1", "2", "3"]);
});

test("none waits for one that is refused or given up", async () => {
  const given = ["0", "1", "2"].map((name) => bring(name, "a", { fails: () => true }));
  await until(() => tried.length > 3);
  const refused = await brought.bring(
    () => Promise.reject(new RequestError(413, "it is too large")),
    stop.signal,
    "a",
  );
  expect(refused).toBeInstanceOf(RequestError);
  const before = stop;
  stop = new AbortController();
  const next = bring("3", "a");
  before.abort(new Error("the connection is closed"));
  const ends = await Promise.allSettled(given);
  expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  await next;
  expect(stored).toEqual(["3"]);
  expect(brought.waiting).toBe(0);
});

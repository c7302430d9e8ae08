import { expect, test } from "bun:test";
import { OverloadedError } from "../da/da.ts";
import { eventsOf } from "../sse.ts";
import { SummaryStream } from "./stream.ts";
import type { Summary } from "./summary.ts";

const summary = (packed: number): Summary => ({
  time: new Date().toISOString(),
  messages: { received: 0, waiting: 0 },
  tasks: { packed, dispatched: 0, proved: 0, outputted: 0, failed: 0 },
  rates: {
    ...{ received: null, refused: null, packed: null, dispatched: null, proved: null },
    ...{ outputted: null, failed: null },
  },
  znodes: { linked: 0, leases: 0 },
  missing: {},
  degraded: {},
});

/** A stream of summaries that count themselves, one each time that `step` is called. */
function counting(options: { listeners?: number } = {}) {
  let asked = 0;
  const stream = new SummaryStream({
    next: () => Promise.resolve(summary(++asked)),
    everyMs: 5,
    ...options,
  });
  return { stream, asked: () => asked };
}

const packed = ({ data }: { data: string }) => JSON.parse(data).tasks.packed as number;
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};

test("one question is asked for all who look", async () => {
  const { stream, asked } = counting();
  const readers = Array.from({ length: 20 }, () => eventsOf(stream.open()));
  const all = await Promise.all(readers.map(async (events) => {
    const seen: number[] = [];
    for await (const event of events) if (seen.push(packed(event)) === 5) break;
    return seen;
  }));
  for (const seen of all) expect(seen).toEqual(all[0] as number[]);
  expect(asked()).toBeLessThan(20);
  await until(() => stream.size === 0);
});

test("nothing is asked while nobody looks, and what is old is not told", async () => {
  const { stream, asked } = counting();
  for await (const event of eventsOf(stream.open())) if (packed(event) >= 2) break;
  await until(() => stream.size === 0);
  const before = asked();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(asked() - before).toBeLessThanOrEqual(1);
  const last = asked();
  for await (const event of eventsOf(stream.open())) {
    expect(packed(event)).toBeGreaterThan(last);
    break;
  }
});

test("who comes later is told at once though nothing changed", async () => {
  const stream = new SummaryStream({ next: () => Promise.resolve(summary(7)), everyMs: 1 });
  const first = eventsOf(stream.open());
  expect(packed((await first.next()).value as { data: string })).toBe(7);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(packed((await eventsOf(stream.open()).next()).value as { data: string })).toBe(7);
  stream.close();
  expect((await first.next()).done).toBe(true);
});

test("streams are few, and one that takes nothing ends", async () => {
  const { stream } = counting({ listeners: 2 });
  const [taken, idle] = [stream.open(), stream.open()];
  expect(() => stream.open()).toThrow(OverloadedError);
  const events = eventsOf(taken);
  while (stream.size === 2) await events.next();
  expect(stream.size).toBe(1);
  await idle.body?.cancel();
  stream.close();
  expect(stream.size).toBe(0);
  expect(() => stream.open()).toThrow(OverloadedError);
});

test("a database that is away is told, and tried again", async () => {
  let tries = 0;
  const stream = new SummaryStream({
    next: () => ++tries < 3 ? Promise.reject(new Error("away")) : Promise.resolve(summary(1)),
    everyMs: 1,
  });
  const kinds: string[] = [];
  for await (const { event } of eventsOf(stream.open())) {
    kinds.push(event);
    if (event === "summary") break;
  }
  expect(kinds).toEqual(["away", "away", "summary"]);
});

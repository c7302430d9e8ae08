import { expect, test } from "bun:test";
import { abortable, Backoff, sleep } from "./abort.ts";

test("abortable ends with whatever comes first", async () => {
  const controller = new AbortController();
  expect(await abortable(Promise.resolve(1), controller.signal)).toBe(1);
  await expect(abortable(Promise.reject(new Error("own")), controller.signal)).rejects
    .toThrow("own");
  const waiting = abortable(new Promise(() => {}), controller.signal);
  controller.abort(new Error("stop"));
  await expect(waiting).rejects.toThrow("stop");
  await expect(abortable(new Promise(() => {}), controller.signal)).rejects.toThrow("stop");
});

test("sleep ends early when aborted", async () => {
  const controller = new AbortController();
  const start = performance.now();
  setTimeout(() => controller.abort(), 10);
  await sleep(10_000, controller.signal);
  await sleep(10_000, controller.signal);
  expect(performance.now() - start).toBeLessThan(1000);
});

test("waits double, jitter, end at a bound and start over", () => {
  const backoff = new Backoff(100, 1000);
  for (const step of [100, 200, 400, 800, 1000, 1000]) {
    const wait = backoff.next();
    expect(wait).toBeGreaterThanOrEqual(step / 2);
    expect(wait).toBeLessThanOrEqual(step);
  }
  backoff.reset();
  expect(backoff.next()).toBeLessThanOrEqual(100);
});

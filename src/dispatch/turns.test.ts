import { expect, test } from "bun:test";
import { Turns } from "./turns.ts";

/** Keeps the thread. */
function work(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

test("little work goes on at once", () => {
  const turns = new Turns();
  for (let i = 0; i < 10; i++) expect(turns.take()).toBeUndefined();
});

test("much work is done in its order, and timers come in between", async () => {
  const turns = new Turns();
  const done: number[] = [];
  const timers: number[] = [];
  const timer = setInterval(() => timers.push(done.length), 1);
  await Promise.all(Array.from({ length: 60 }, async (_, i) => {
    const turn = turns.take();
    if (turn) await turn;
    work(2);
    done.push(i);
  }));
  clearInterval(timer);
  expect(done).toEqual(Array.from({ length: 60 }, (_, i) => i));
  expect(timers.filter((n) => n > 0 && n < 60).length).toBeGreaterThan(3);
});

test("who was held up once is not held up for ever", async () => {
  const turns = new Turns();
  for (let round = 0; round < 3; round++) {
    await Promise.all(Array.from({ length: 10 }, async () => {
      const turn = turns.take();
      if (turn) await turn;
      work(3);
    }));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(turns.take()).toBeUndefined();
});

import { describe, expect, test } from "bun:test";
import { VirtualClock } from "./clock.ts";
import { gini, quantile } from "./measures.ts";
import { defaults, type Options } from "./options.ts";
import { report } from "./report.ts";
import { World } from "./world.ts";

const small = { ...defaults, znodes: 60, enodes: 3, projects: 10, tasks: 120, rate: 1 };

function run(change: Partial<Options> = {}) {
  const world = new World({ ...small, ...change });
  world.run();
  return report(world);
}

describe("a simulated network", () => {
  const result = run();

  test("is the same for the same seed, and another for another", () => {
    expect(run()).toEqual(result);
    expect(run({ seed: 2 })).not.toEqual({ ...result, options: { ...small, seed: 2 } });
  });

  test("ends every task, and nearly all well, whatever happens to it", () => {
    const { tasks, confirmed, failed, dead, unended } = result.completion;
    expect([tasks, unended]).toEqual([120, 0]);
    expect(confirmed + failed + dead).toBe(tasks);
    expect(confirmed).toBeGreaterThan(0.9 * tasks);
    expect(result.proofs.made).toBeGreaterThanOrEqual(confirmed);
    expect(result.recovery.map(({ name }) => name)).toEqual(["partition", "outage"]);
  });

  test("where all are honest and nothing breaks, no proof is made twice and none is lost", () => {
    const none = { churn: 0, slow: 0, lazy: 0, liars: 0, partition: 0, outage: 0, loss: 0 };
    const { completion, proofs, frames } = run(none);
    expect(completion.confirmed).toBe(120);
    expect([proofs.duplicate, proofs.invalid, proofs.abandonedShare, frames.lost])
      .toEqual([0, 0, 0, 0]);
  });

  test("liars make invalid proofs, and no result of theirs is accepted", () => {
    const { completion, proofs } = run({ liars: 0.3 });
    expect(proofs.invalid).toBeGreaterThan(0);
    expect(completion.confirmed + completion.failed).toBe(120);
  });

  test("liars get one task and then none, and honest znodes are not barred", () => {
    const { bars, proofs } = run({ liars: 0.2, lazy: 0.2, tasks: 600, enodes: 1 });
    expect(bars.liar).toBeGreaterThan(0);
    expect(proofs.invalid).toBeLessThan(6 * bars.liar);
    expect([bars.honest, bars.slow]).toEqual([0, 0]);
  });
});

test("what is due happens in its order", () => {
  const clock = new VirtualClock();
  const told: string[] = [];
  const say = (ms: number, text: string) => clock.in(ms, () => told.push(`${clock.now} ${text}`));
  say(5, "c");
  say(1, "a");
  say(5, "d");
  say(3, "b");
  clock.in(3, () => say(1, "later"));
  expect(clock.run(() => false)).toBe(6);
  expect(told).toEqual(["1 a", "3 b", "4 later", "5 c", "5 d"]);
});

test("gini is 0 in proportion, and nearly 1 where one of many has all", () => {
  expect(gini([1, 2, 3], [10, 20, 30])).toBeCloseTo(0);
  expect(gini([100, ...new Array(99).fill(0)], new Array(100).fill(1))).toBeCloseTo(0.99);
  expect(gini([0, 2], [1, 1])).toBeCloseTo(0.5);
});

test("quantiles", () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([], 0.5)).toBeNaN();
});

import { describe, expect, test } from "bun:test";
import type { PackingRule } from "../project/types.ts";
import { decide, payloadBytes, ruleProblem } from "./rules.ts";

const rule = (change: Partial<PackingRule> = {}): PackingRule => ({
  count: 16,
  windowMs: undefined,
  bytes: undefined,
  groupBy: undefined,
  ...change,
});
const whole = (maxCount: number, maxBytes = payloadBytes) => ({ pack: { maxCount, maxBytes } });

describe("a task is due", () => {
  const cases: [string, [number, number, number], Partial<PackingRule>, unknown][] = [
    ["never without messages", [0, 0, 9e9], { windowMs: 1 }, { wait: undefined }],
    ["not one message early", [15, 0, 9e9], {}, { wait: undefined }],
    ["at the count", [16, 0, 0], {}, whole(16)],
    ["above the count", [99, 0, 0], {}, whole(16)],
    ["for each message when the count is one", [1, 0, 0], { count: 1 }, whole(1)],
    ["for leftovers when the window ends", [3, 0, 1000], { windowMs: 1000 }, whole(16)],
    ["not before it ends", [3, 0, 990], { windowMs: 1000 }, { wait: 10 }],
    ["at the count before the window ends", [16, 0, 1], { windowMs: 1000 }, whole(16)],
    ["at the bytes", [2, 100, 0], { bytes: 100 }, whole(16, 100)],
    ["not one byte early", [2, 99, 0], { bytes: 100 }, { wait: undefined }],
    ["not one byte early, but then by the window", [2, 99, 5], { bytes: 100, windowMs: 9 }, {
      wait: 4,
    }],
    ["when no more can be sent to a znode", [2, payloadBytes, 0], {}, whole(16)],
    ["with no more than can be sent", [16, 0, 0], { bytes: 1e9 }, whole(16)],
  ];
  for (const [what, [count, bytes, ageMs], change, decision] of cases) {
    test(what, () => {
      expect<unknown>(decide({ count, bytes, ageMs }, rule(change))).toEqual(decision);
    });
  }
});

test("a rule that asks for more than the program takes is a problem, and says so", () => {
  expect(ruleProblem(rule(), undefined)).toBeUndefined();
  expect(ruleProblem(rule(), 16)).toBeUndefined();
  expect(ruleProblem(rule(), 15)).toBe(
    "packing.count is 16, but the program takes at most 15 messages",
  );
});

import { describe, expect, test } from "bun:test";
import {
  checkLength,
  checkLift,
  checkTime,
  estimate,
  Pace,
  segmentBytes,
  segmentPo2For,
} from "./size.ts";

const gib = 1024 ** 3;

describe("what a proof takes", () => {
  test("segments are as large as the memory allows", () => {
    for (const memory of [0.5, 1, 2, 4, 8, 64].map((n) => n * gib)) {
      const po2 = segmentPo2For(memory);
      expect(segmentBytes(po2)).toBeLessThanOrEqual(memory);
      if (po2 < 22) expect(segmentBytes(po2 + 1)).toBeGreaterThan(memory);
    }
    expect(segmentPo2For(1024 * gib)).toBe(22);
    expect(() => segmentPo2For(0.1 * gib)).toThrow(/needs \d+ MiB, 102 MiB are allowed/);
    expect(() => checkLift(gib)).toThrow(/needs 1536 MiB/);
  });

  test("the time is foretold from what was proven before, and refused when it is too long", () => {
    expect(estimate([16, 15])).toMatchObject({ rows: 98_304, seconds: undefined });
    checkTime(estimate([22]), 1);
    const pace = new Pace();
    pace.proved(2 ** 16, 64);
    const long = estimate([18], pace.secondsPerRow);
    expect(long.seconds).toBe(256);
    checkTime(long, 256);
    expect(() => checkTime(long, 255)).toThrow("would take about 256 s, at most 255 s are allowed");
    pace.proved(2 ** 16, 32);
    expect(estimate([16], pace.secondsPerRow).seconds).toBe(48);
  });

  test("a run of more segments than a receipt has room for is refused", () => {
    const room = 3 * 1024 ** 2;
    checkLength(Array(10).fill(18), room);
    expect(() => checkLength(Array(11).fill(18), room)).toThrow(/11 segments of 2\^18 rows/);
  });
});

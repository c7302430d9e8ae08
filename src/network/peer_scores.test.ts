import { expect, test } from "bun:test";
import { PeerScores, thresholds } from "./peer_scores.ts";

const minute = 60_000;

test("a peer that says what is no frame is locked out, and comes back", () => {
  let now = 0;
  const scores = new PeerScores(() => now);
  for (let i = 0; i < 1_000; i++) scores.refused("a", "malformed");
  expect(scores.of("a")).toBeLessThan(thresholds.graylistThreshold);
  expect(scores.of("b")).toBe(0);
  now = 10 * minute;
  expect(scores.of("a")).toBeGreaterThan(thresholds.gossipThreshold);
});

test("what it wrote itself and nobody may say costs less: the chain may be seen late", () => {
  const scores = new PeerScores(() => 0);
  for (let i = 0; i < 60; i++) scores.refused("a", "own");
  expect(scores.of("a")).toBeGreaterThan(thresholds.graylistThreshold);
  for (let i = 0; i < 60; i++) scores.refused("a", "own");
  expect(scores.of("a")).toBeLessThan(thresholds.graylistThreshold);
});

test("what other parts of the node think counts too", () => {
  const scores = new PeerScores(() => 0);
  scores.heed((peer) => peer === "liar" ? -200 : 0);
  expect([scores.of("liar"), scores.of("other")]).toEqual([-200, 0]);
});

test("many peers take bounded room, and those that erred last are remembered", () => {
  const scores = new PeerScores(() => 0);
  for (let i = 0; i < 10_000; i++) scores.refused(`${i}`, "malformed");
  expect([scores.of("0"), scores.of("9999")]).toEqual([0, -5]);
});

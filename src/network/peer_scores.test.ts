import { expect, test } from "bun:test";
import { PeerScores, thresholds } from "./peer_scores.ts";

const minute = 60_000;

test("a peer that says what is no frame is locked out, and comes back", () => {
  let now = 0;
  const scores = new PeerScores(new Set(), () => now);
  for (let i = 0; i < 1_000; i++) scores.refused("a", "malformed");
  expect(scores.of("a")).toBeLessThan(thresholds.graylistThreshold);
  expect(scores.of("b")).toBe(0);
  now = 10 * minute;
  expect(scores.of("a")).toBeGreaterThan(thresholds.gossipThreshold);
});

test("what it wrote itself and nobody may say costs less: the chain may be seen late", () => {
  const scores = new PeerScores(new Set(), () => 0);
  for (let i = 0; i < 60; i++) scores.refused("a", "own");
  expect(scores.of("a")).toBeGreaterThan(thresholds.graylistThreshold);
  for (let i = 0; i < 60; i++) scores.refused("a", "own");
  expect(scores.of("a")).toBeLessThan(thresholds.graylistThreshold);
});

test("only a peer that the operator named, and that did nothing wrong, may name others", () => {
  const scores = new PeerScores(new Set(["boot"]), () => 0);
  expect(scores.of("boot")).toBeGreaterThanOrEqual(thresholds.acceptPXThreshold);
  expect(scores.of("other")).toBeLessThan(thresholds.acceptPXThreshold);
  scores.refused("boot", "own");
  expect(scores.of("boot")).toBeLessThan(thresholds.acceptPXThreshold);
});

test("what other parts of the node think counts too", () => {
  const scores = new PeerScores(new Set(), () => 0);
  scores.heed((peer) => peer === "liar" ? -200 : 0);
  expect([scores.of("liar"), scores.of("other")]).toEqual([-200, 0]);
});

test("many peers take bounded room, and those that erred last are remembered", () => {
  const scores = new PeerScores(new Set(), () => 0);
  for (let i = 0; i < 10_000; i++) scores.refused(`${i}`, "malformed");
  expect([scores.of("0"), scores.of("9999")]).toEqual([0, -5]);
});

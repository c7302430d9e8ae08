import { expect, test } from "bun:test";
import { Patience, Patiences } from "./patience.ts";

test("patience ends with what was spent, and comes back with time", async () => {
  const patience = new Patience(3, 20);
  expect(patience.whole).toBe(true);
  patience.spend();
  expect([patience.whole, patience.ended]).toEqual([false, false]);
  patience.spend(2);
  expect(patience.ended).toBe(true);
  await Bun.sleep(80);
  expect(patience.ended).toBe(false);
  await Bun.sleep(150);
  expect(patience.whole).toBe(true);
});

test("what is much too dear takes long to be forgotten", async () => {
  const patience = new Patience(3, 20);
  patience.spend(100);
  await Bun.sleep(80);
  expect(patience.ended).toBe(true);
});

test("each peer has its own, under every handle", () => {
  const patiences = new Patiences<string>(2, 0.001);
  const one = patiences.with("a");
  one.spend(2);
  expect(one.ended).toBe(true);
  expect(patiences.with("a").ended).toBe(true);
  expect(patiences.with("b").ended).toBe(false);
});

test("no more peers are remembered than may be", () => {
  const patiences = new Patiences<number>(1, 0.001, 3);
  for (let peer = 0; peer < 5; peer++) patiences.with(peer).spend();
  expect([0, 1, 2, 3, 4].map((peer) => patiences.with(peer).ended))
    .toEqual([false, false, true, true, true]);
});

import { expect, test } from "bun:test";
import { EnodeChoice } from "./enode_choice.ts";

const enodes = Array.from({ length: 40 }, (_, i) => `enode ${i}`);

/** Znodes that each found all enodes, and how many of them each enode has. */
function spread(znodes: number, most: number) {
  const choices = Array.from({ length: znodes }, (_, i) => new EnodeChoice(`znode ${i}`, most));
  const links = new Map(enodes.map((enode) => [enode, 0]));
  const link = (chosen: string[]) => {
    for (const enode of chosen) links.set(enode, (links.get(enode) ?? 0) + 1);
    return chosen;
  };
  for (const choice of choices) {
    for (const enode of enodes) choice.add(enode, false, 0);
    expect(link(choice.next(0)).length).toBe(Math.min(most, enodes.length));
    expect(choice.next(0)).toEqual([]);
  }
  return { choices, links, link };
}

test("many znodes spread evenly over many enodes, each with some", () => {
  const counts = [...spread(1_000, 8).links.values()];
  expect(counts.reduce((sum, n) => sum + n, 0)).toBe(8_000);
  expect(Math.min(...counts)).toBeGreaterThan(140);
  expect(Math.max(...counts)).toBeLessThan(260);
});

test("an enode that few znodes chose gets some where it says so", () => {
  const { choices, links, link } = spread(40, 2);
  expect(Math.min(...links.values())).toBeLessThan(2);
  for (const choice of choices) {
    for (const [enode, count] of links) if (count < 2) choice.add(enode, true, 0);
    expect(link(choice.next(0)).length).toBeLessThanOrEqual(1);
  }
  expect(Math.min(...links.values())).toBeGreaterThanOrEqual(2);
});

test("one that can't be linked makes room for the next, and is tried again later", () => {
  const choice = new EnodeChoice("z", 1);
  for (const enode of ["a", "b", "c"]) choice.add(enode, false, 0);
  const tried = [0, 1, 2].map((now) => {
    const [peer = ""] = choice.next(now);
    choice.ended(peer, now);
    return peer;
  });
  expect([...tried].sort()).toEqual(["a", "b", "c"]);
  for (const enode of ["a", "b", "c"]) choice.add(enode, false, 600_000);
  expect(choice.next(600_000)).toEqual([tried[0] as string]);
});

test("where all failed just now, one is tried once it is found again", () => {
  const choice = new EnodeChoice("z", 1);
  choice.add("a", false, 0);
  choice.ended(choice.next(0)[0] as string, 0);
  expect(choice.next(1)).toEqual([]);
  choice.add("a", false, 2);
  expect(choice.next(2)).toEqual(["a"]);
});

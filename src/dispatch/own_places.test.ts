import { expect, test } from "bun:test";
import type { Hex } from "viem";
import { OwnPlaces } from "./own_places.ts";

const place = (kind: string, projectId: bigint) => ({ kind, projectId });

test("a project leaves a quarter of a kind's places to the others, and a kind all of another's", () => {
  const own = new OwnPlaces(4, () => true);
  const [one, two] = [place("webhook", 1n), place("webhook", 2n)];
  for (const grant of ["a", "b", "c"]) {
    expect(own.isFree(one)).toBe(true);
    own.occupy(one, grant);
  }
  expect(own.isFree(one)).toBe(false);
  expect(own.isFree(two)).toBe(true);
  own.occupy(two, "d");
  expect([own.isFree(one), own.isFree(two)]).toEqual([false, false]);
  expect(own.isFree(place("archive", 1n))).toBe(true);
  own.vacate(one, "unknown");
  expect(own.isFree(two)).toBe(false);
  own.vacate(two, "d");
  expect([own.isFree(one), own.isFree(two)]).toEqual([false, true]);
});

test("who waits is woken in turn, where there is a place for it, and who is gone is passed over", () => {
  const woken: Hex[] = [];
  const own = new OwnPlaces(4, (taskId) => {
    if (taskId === "0x02") return false;
    woken.push(taskId);
    return true;
  });
  const [one, two] = [place("webhook", 1n), place("webhook", 2n)];
  for (const grant of ["a", "b", "c"]) own.occupy(one, grant);
  own.occupy(two, "d");
  own.wait(one, "0x01");
  for (const id of ["0x02", "0x03", "0x04"] as const) own.wait(two, id);
  own.wait(place("archive", 2n), "0x05");
  own.vacate(two, "d");
  expect(woken).toEqual(["0x03"]);
  own.occupy(two, "e");
  own.vacate(one, "a");
  expect(woken).toEqual(["0x03", "0x01"]);
  own.vacate(one, "a");
  own.vacate(one, "b");
  own.vacate(one, "c");
  expect(woken).toEqual(["0x03", "0x01", "0x04"]);
});

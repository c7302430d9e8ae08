import { describe, expect, test } from "bun:test";
import { Turns } from "./turns.ts";

describe("turns", () => {
  test("owners alternate, and keep their own order", () => {
    const turns = new Turns<string>(4);
    for (const item of ["a1", "a2", "a3", "b1", "c1", "c2"]) turns.add(item[0] as string, item);
    const taken: string[] = [];
    while (turns.size > 0) taken.push(turns.take(turns.heads()[0]?.owner as string));
    expect(taken).toEqual(["a1", "b1", "c1", "a2", "c2", "a3"]);
  });

  test("an owner that is passed over too often is due", () => {
    const turns = new Turns<number>(2);
    turns.add("front", 0);
    for (const i of [1, 2, 3]) turns.add("warm", i);
    expect(turns.due("front")).toBe(false);
    turns.take("warm");
    turns.take("warm");
    expect(turns.due("front")).toBe(true);
    expect(turns.take("front")).toBe(0);
    expect(turns.due("front")).toBe(false);
  });

  test("what is removed is never taken", () => {
    const turns = new Turns<string>(2);
    turns.add("a", "a1");
    turns.add("a", "a2");
    turns.remove("a", "a1");
    expect(turns.items()).toEqual(["a2"]);
    turns.remove("a", "a2");
    expect(turns.heads()).toEqual([]);
    expect(() => turns.take("a")).toThrow();
  });
});

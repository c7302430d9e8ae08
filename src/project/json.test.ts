import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseJson } from "./json.ts";

test("whatever JSON.stringify wrote comes back", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
    expect(parseJson(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
  }));
});

test("brackets and commas inside strings don't count", () => {
  const text = `${"[".repeat(1000)}\\"${",".repeat(300_000)}`;
  expect(parseJson(JSON.stringify([text]))).toEqual([text]);
});

test("any text gives a value or a short SyntaxError", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    try {
      parseJson(text);
    } catch (error) {
      expect(error).toBeInstanceOf(SyntaxError);
      expect((error as Error).message.length).toBeLessThanOrEqual(120);
    }
  }));
});

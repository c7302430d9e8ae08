import { expect, test } from "bun:test";
import { aProjectId } from "./values.ts";

test("what is no project's number is told so", () => {
  expect(aProjectId("7")).toBe(7n);
  for (const text of ["x", "0", "-1", "1.5", "9223372036854775808", ""]) {
    expect(() => aProjectId(text)).toThrow("must be a project's number, from 1");
  }
});

import { expect, test } from "bun:test";
import { retryAfterMs } from "./http.ts";

test("Retry-After is seconds or a date; what is neither says nothing", () => {
  const now = Date.UTC(2026, 10, 27, 12);
  const of = (text: string) => retryAfterMs({ headers: new Headers({ "retry-after": text }) }, now);
  expect(of("120")).toBe(120_000);
  expect(of("Fri, 27 Nov 2026 12:00:30 GMT")).toBe(30_000);
  expect(of("Fri, 27 Nov 2026 11:00:00 GMT")).toBe(0);
  expect(of("soon")).toBeUndefined();
  expect(of("-1")).toBeUndefined();
  expect(retryAfterMs({ headers: new Headers() }, now)).toBeUndefined();
});

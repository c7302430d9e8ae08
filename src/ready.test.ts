import { expect, test } from "bun:test";
import { Readiness, readyAnswer } from "./ready.ts";

test("nothing missing is ready; what is missing is told by name", async () => {
  const readiness = new Readiness();
  expect(readyAnswer(await readiness.ask())).toEqual([200, `{"status":"ready"}`]);
  readiness.add("database", () => Promise.resolve(undefined));
  readiness.add("projects", () => "their configs are being loaded");
  expect(readyAnswer(await readiness.ask())).toEqual([
    503,
    `{"status":"not ready","reasons":{"projects":"their configs are being loaded"}}`,
  ]);
});

test("what is only wanted degrades a node, which stays ready", async () => {
  const readiness = new Readiness();
  let away: string | undefined = "no subscription";
  readiness.add("MQTT", () => away, "wanted");
  const answer = async () => readyAnswer(await readiness.ask(), await readiness.degraded());
  expect(await answer()).toEqual([
    200,
    `{"status":"degraded","reasons":{"MQTT":"no subscription"}}`,
  ]);
  readiness.add("database", () => "away");
  expect(await answer()).toEqual([
    503,
    `{"status":"not ready","reasons":{"MQTT":"no subscription","database":"away"}}`,
  ]);
  away = undefined;
  readiness.add("database", () => undefined);
  expect(await answer()).toEqual([200, `{"status":"ready"}`]);
});

test("a check that throws or never answers is a reason, and tells nothing private", async () => {
  const readiness = new Readiness();
  readiness.add("database", () => Promise.reject(new Error("postgres://u:hunter2@db")));
  readiness.add("chain", () => new Promise(() => {}));
  expect(await readiness.ask()).toEqual({ database: "not available", chain: "no answer in 2 s" });
});

test("many who ask at once cost one check", async () => {
  const readiness = new Readiness();
  let asked = 0;
  readiness.add("database", async () => {
    asked++;
    await Promise.resolve();
    return undefined;
  });
  await Promise.all(Array.from({ length: 100 }, () => readiness.ask()));
  expect(asked).toBe(1);
});

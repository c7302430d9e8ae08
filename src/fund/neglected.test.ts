import { expect, test } from "bun:test";
import { useDatabase } from "../da/testing/databases.ts";
import { build, message, wide } from "../da/testing/make.ts";
import { watchNeglected } from "./index.ts";

const subject = useDatabase("pglite");

test("a task that no enode funds says so, once", async () => {
  const { da } = subject;
  await da.messages.appendMany([message({ projectId: 1n })]);
  const record = await da.packing.pack(
    { projectId: 1n, version: "0.1", group: "" },
    { ...wide, maxCount: 1 },
    async (messages) => ({ ...await build(messages), unfunded: true }),
  );
  if (!record) throw new Error("not packed");
  const warned: unknown[] = [];
  const log = { warn: (...args: unknown[]) => warned.push(args) };
  const stop = watchNeglected({ store: da.funding, log: log as never, lateMs: 20 });
  try {
    while (warned.length < 3) await Bun.sleep(10);
  } finally {
    await stop();
  }
  const status = await da.tasks.status(1n, record.taskId);
  expect(status?.states.map(({ by, comment }) => [by, comment])).toEqual([
    ["pack", ""],
    ["fund", "waits for its fee, which no enode sets aside: set REWARD_POOL_ADDRESS at one"],
  ]);
});

import { describe, expect, test } from "bun:test";
import { kinds, useDatabase } from "./testing/databases.ts";

describe.each(kinds)("intents on %s", (kind) => {
  const subject = useDatabase(kind);
  const store = () => subject.da.intents;
  const one = (change = {}) => ({
    key: "0x01/0",
    projectId: 2n ** 64n - 1n,
    intent: '{"a":1}',
    cost: 10n,
    day: "2026-11-27",
    ...change,
  });

  test("of two who write at once one is first, and the other changes nothing", async () => {
    const both = [one(), one({ intent: '{"a":2}' })];
    const first = await Promise.all(both.map((intent) => store().save(intent, undefined)));
    expect(first.toSorted()).toEqual([false, true]);
    const kept = await store().get("0x01/0");
    expect(kept).toBe(both[first.indexOf(true)]?.intent as string);

    const next = await Promise.all(
      [3, 4].map((a) => store().save(one({ intent: `{"a":${a}}` }), kept)),
    );
    expect(next.toSorted()).toEqual([false, true]);
    expect(await store().get("0x01/0")).toBe(next[0] ? '{"a":3}' : '{"a":4}');
    expect(await store().get("0x02/0")).toBeUndefined();
  });

  test("what each try may cost is counted, by project and day", async () => {
    const projectId = 7n;
    const counted = (change = {}) => one({ key: "0x11/0", projectId, ...change });
    const spent = (day: string) => store().spent(projectId, day);
    await store().save(counted(), undefined);
    await store().save(counted({ intent: '{"a":2}', cost: 5n }), '{"a":1}');
    await store().save(counted({ key: "0x12/0", cost: 7n }), undefined);
    await store().save(counted({ key: "0x13/0", projectId: 1n }), undefined);
    expect(await spent("2026-11-27")).toBe(22n);
    expect(await spent("2026-11-28")).toBe(0n);
    await store().save(
      counted({ intent: '{"a":3}', day: "2026-11-28", cost: undefined }),
      '{"a":2}',
    );
    expect([await spent("2026-11-27"), await spent("2026-11-28")]).toEqual([7n, 15n]);
  });
});

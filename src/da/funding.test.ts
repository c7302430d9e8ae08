import { describe, expect, test } from "bun:test";
import { kinds, useDatabase } from "./testing/databases.ts";
import { build, message, packedTask, wide } from "./testing/make.ts";

describe.each(kinds)("funding on %s", (kind) => {
  const subject = useDatabase(kind);
  const claim = async () => (await subject.da.tasks.claim("d", 1000, 10)).map((t) => t.taskId);
  const due = async (most = 10) =>
    (await subject.da.funding.due(60_000, most)).map((t) => t.taskId);

  async function unfunded(projectId = 1n) {
    const { da } = subject;
    await da.messages.appendMany([message({ projectId })]);
    const record = await da.packing.pack(
      { projectId, version: "0.1", group: "" },
      { ...wide, maxCount: 1 },
      async (messages) => ({ ...await build(messages), unfunded: true }),
    );
    if (!record) throw new Error("not packed");
    return record.taskId;
  }
  const comments = async (taskId: `0x${string}`, projectId = 1n) =>
    (await subject.da.tasks.status(projectId, taskId))?.states.map((s) => `${s.by}: ${s.comment}`);

  test("an unfunded task reaches dispatch when it is funded, others at once", async () => {
    const { da } = subject;
    const [waits, free] = [await unfunded(), (await packedTask(da)).taskId];
    expect(await claim()).toEqual([free]);
    expect(await due()).toEqual([waits]);
    // Held: nobody else gets it meanwhile.
    expect(await due()).toEqual([]);
    await da.funding.funded([waits], Date.now() + 60_000);
    expect(await claim()).toContain(waits);
    expect(await due()).toEqual([]);
    expect(await da.funding.overdue(10)).toEqual([]);
  });

  test("a project with many waiting tasks leaves room for another", async () => {
    for (let i = 0; i < 3; i++) await unfunded(1n);
    const other = await unfunded(2n);
    const found = await due(2);
    expect(found).toHaveLength(3);
    expect(found).toContain(other);
    expect(await due(2)).toHaveLength(1);
  });

  test("says once why a task waits, and looks at it again", async () => {
    const { da } = subject;
    const waits = await unfunded();
    await da.funding.putOff([waits], 0, "no deposit");
    await da.funding.putOff([waits], 0, "no deposit");
    expect(await due()).toEqual([waits]);
    await da.funding.putOff([waits], 60_000, "no key");
    expect(await due()).toEqual([]);
    expect(await comments(waits)).toEqual(["pack: ", "fund: no deposit", "fund: no key"]);
    expect((await da.tasks.counts()).packed).toBe(1);
  });

  test("tells those that nobody looks at from those of another node", async () => {
    const { da } = subject;
    const [waits, held] = [await unfunded(), await unfunded()];
    await da.funding.hold([held], 60_000);
    const late = async (ms: number) =>
      (await da.funding.due(60_000, 10, ms)).map(({ taskId }) => taskId);
    expect(await late(60_000)).toEqual([]);
    while (!(await late(50)).includes(waits)) await Bun.sleep(10);
    expect(await due()).toEqual([]);
  });

  test("what is overdue is released; what has not ended is funded anew", async () => {
    const { da } = subject;
    const [alive, ended] = [await unfunded(), await unfunded()];
    await da.funding.funded([alive, ended], Date.now() - 60_000);
    await claim();
    const saved = await da.tasks.save({
      taskId: ended,
      revision: (await da.tasks.get(ended))?.revision ?? 0,
      phase: "failed",
      machine: "{}",
      wakeAt: null,
      log: [],
    });
    expect(saved).toBe(true);
    const overdue = await da.funding.overdue(10);
    expect(overdue.map((o) => o.taskId).toSorted()).toEqual([alive, ended].toSorted());
    await da.funding.released([alive, ended], true);
    expect(await da.funding.overdue(10)).toEqual([]);
    expect(await due()).toEqual([alive]);
  });
});

import { describe, expect, test } from "bun:test";
import { leafHash } from "../protocol/merkle.ts";
import { uuidBytes } from "../hex.ts";
import { kinds, useDatabase } from "./testing/databases.ts";
import { build, bytes, group, idOf, message, wide } from "./testing/make.ts";

describe.each(kinds)("a message's task on %s", (kind) => {
  const subject = useDatabase(kind);

  test("is found by the message's id, with all that shows that it is a leaf", async () => {
    const { da } = subject;
    const sent = [0, 1, 2].map((i) => message({ data: bytes(`reading ${i}`), clientId: "me" }));
    const ids = (await da.messages.appendMany(sent)).map(idOf);
    expect(await da.signed.including(ids[1] as string)).toBeUndefined();
    const record = await da.packing.pack(group, wide, build);
    for (const [i, id] of ids.entries()) {
      const found = await da.signed.including(id);
      expect(found).toMatchObject({ index: i, outputs: [], task: { taskId: record?.taskId } });
      const { salt = new Uint8Array(), ...fields } = found?.message ?? {};
      const { projectId, version } = message();
      expect(fields).toEqual({ id, projectId, version, clientId: "me" });
      const leaf = { projectId, version, clientId: "me", salt, data: bytes(`reading ${i}`) };
      expect(found?.task.leaves[i]).toBe(leafHash({ ...leaf, id: uuidBytes(id) }));
    }
    for (const unknown of ["", "x", "01930000-0000-7000-8000-000000000001"]) {
      expect(await da.signed.including(unknown)).toBeUndefined();
    }
  });

  test("tells the newest state of each output, and no salt once that is purged", async () => {
    const { da } = subject;
    const [id = ""] = (await da.messages.appendMany([message()])).map(idOf);
    const record = await da.packing.pack(group, wide, build);
    if (!record) throw new Error("not packed");
    const { taskId } = record;
    const output = (index: number, state: string, reference: string) => ({
      ...{ index, attempt: 1, state, reference, by: "test", comment: "" },
    });
    for (
      const [i, outputs] of [
        [output(1, "sent", "0x01"), output(0, "sent", 'a"b')],
        [output(1, "confirmed", "0x02")],
      ].entries()
    ) {
      const last = i === 1;
      await da.tasks.save({
        taskId,
        revision: (await da.tasks.get(taskId))?.revision ?? 0,
        phase: last ? "failed" : "dispatched",
        machine: "{}",
        wakeAt: last ? null : Date.now(),
        log: [],
        outputs,
      });
    }
    expect((await da.signed.including(id))?.outputs).toEqual([
      { index: 0, state: "sent", reference: 'a"b' },
      { index: 1, state: "confirmed", reference: "0x02" },
    ]);
    expect(await da.tasks.purge(1n, "0.1", Date.now() + 60_000)).toBe(1);
    const purged = await da.signed.including(id);
    expect(purged?.message.salt).toBeUndefined();
    expect(purged?.task.leaves).toHaveLength(1);
  });
});

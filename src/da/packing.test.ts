import { describe, expect, test } from "bun:test";
import { leafHash, merkleRoot } from "../protocol/merkle.ts";
import type { Message } from "./da.ts";
import { uuidBytes } from "../hex.ts";
import { pendingLimit } from "./packing.ts";
import { kinds, useDatabase } from "./testing/databases.ts";
import { build, bytes, group, idOf, message, packedTask, rejection, wide } from "./testing/make.ts";

describe.each(kinds)("packing on %s", (kind) => {
  const subject = useDatabase(kind);
  const append = (count: number, change = {}) =>
    subject.da.messages.appendMany(Array.from({ length: count }, () => message(change)));

  test("pending tells count, bytes and age of each group", async () => {
    await append(3, { data: bytes("12345") });
    await append(2, { group: "0xdevice" });
    await append(1, { version: "0.2" });
    await append(4, { projectId: 2n });
    await packedTask(subject.da, 5, { projectId: 3n });
    const pending = await subject.da.packing.pending();
    expect(pending.map(({ ageMs: _, ...rest }) => rest)).toEqual([
      { projectId: 1n, version: "0.1", group: "", count: 3, bytes: 15 },
      { projectId: 1n, version: "0.1", group: "0xdevice", count: 2, bytes: 14 },
      { projectId: 1n, version: "0.2", group: "", count: 1, bytes: 7 },
      { projectId: 2n, version: "0.1", group: "", count: 4, bytes: 28 },
    ]);
    await new Promise((resolve) => setTimeout(resolve, 60));
    const older = (await subject.da.packing.pending())[0]?.ageMs ?? 0;
    expect(older).toBeGreaterThanOrEqual((pending[0]?.ageMs ?? 0) + 50);
  });

  test("an empty store has nothing pending and packs nothing", async () => {
    expect(await subject.da.packing.pending()).toEqual([]);
    expect(await subject.da.packing.pack(group, wide, build)).toBeUndefined();
  });

  test("a task takes the oldest messages, with its row, its first state and its leaves", async () => {
    const ids = (await append(5)).map(idOf);
    let given: readonly Message[] = [];
    const record = await subject.da.packing.pack(group, { ...wide, maxCount: 3 }, (messages) => {
      given = messages;
      return build(messages);
    });
    expect(given.map(({ id }) => id)).toEqual(ids.slice(0, 3));
    expect(record).toMatchObject({ serial: 1n, phase: "packed", machine: null, revision: 0 });
    expect(record?.messageCount).toBe(3);
    expect(await subject.da.tasks.get(record!.taskId)).toEqual(record!);
    expect(await subject.da.tasks.messages(record!.taskId)).toEqual([...given]);
    const leaves = given.map((m) => leafHash({ ...m, id: uuidBytes(m.id) }));
    expect(await subject.da.tasks.leaves(record!.taskId)).toEqual(leaves);
    expect(merkleRoot(leaves)).toBe(record!.task.messagesRoot);
    const status = await subject.da.messages.status(ids[2]!);
    expect(status?.task).toEqual({ projectId: 1n, serial: 1n, taskId: record!.taskId });
    expect(status?.states).toMatchObject([{ state: "packed", comment: "", result: "" }]);
    expect((await subject.da.messages.status(ids[3]!))?.task).toBeUndefined();
    expect(await subject.da.packing.pending()).toMatchObject([{ count: 2 }]);
  });

  test("a packer makes tasks of some messages, each with what its program reads", async () => {
    const { da } = subject;
    await append(4);
    const input = [bytes("one"), new Uint8Array(), bytes("two")];
    const records = await da.packing.packEach(group, wide, async (messages) => {
      const of = (...indexes: number[]) => indexes.map((i) => messages[i] as Message);
      return [
        { messages: of(2), packed: { ...await build(of(2)), input } },
        { messages: of(3, 0), packed: await build(of(3, 0)) },
      ];
    });
    expect(records?.map(({ messageCount }) => messageCount)).toEqual([1, 2]);
    const [first = "0x", second = "0x"] = records?.map(({ taskId }) => taskId) ?? [];
    expect(await da.tasks.input(first)).toEqual(input);
    expect(await da.tasks.messages(first)).toHaveLength(1);
    expect(await da.tasks.input(second)).toEqual([bytes("reading"), bytes("reading")]);
    expect(await da.packing.pending()).toMatchObject([{ count: 1 }]);
    expect(await da.packing.packEach(group, wide, async () => [])).toEqual([]);
    expect(await da.packing.packEach({ ...group, projectId: 9n }, wide, async () => []))
      .toBeUndefined();
    await da.tasks.save({
      taskId: first,
      revision: 0,
      phase: "failed",
      machine: "{}",
      wakeAt: null,
      log: [],
    });
    await da.tasks.purge(1n, "0.1", Date.now() + 60_000);
    expect((await rejection(da.tasks.input(first))).message).toContain("purged");
  });

  test("maxBytes bounds a task, but never to nothing", async () => {
    for (const size of [100, 10, 10, 10, 10]) await append(1, { data: new Uint8Array(size) });
    const sizes: number[][] = [];
    for (let i = 0; i < 4; i++) {
      await subject.da.packing.pack(group, { maxCount: 100, maxBytes: 25 }, (messages) => {
        sizes.push(messages.map((m) => m.data.length));
        return build(messages);
      });
    }
    expect(sizes).toEqual([[100], [10, 10], [10, 10]]);
  });

  test("a build that gives nothing, or fails, leaves all as it was", async () => {
    await append(2);
    expect(await subject.da.packing.pack(group, wide, async () => undefined)).toBeUndefined();
    const failing = subject.da.packing.pack(group, wide, () => Promise.reject(new Error("no key")));
    expect((await rejection(failing)).message).toContain("no key");
    expect(await subject.da.packing.pending()).toMatchObject([{ count: 2 }]);
    expect(await subject.da.tasks.counts()).toMatchObject({ packed: 0 });
    expect((await subject.da.packing.pack(group, wide, build))?.messageCount).toBe(2);
  });

  test("a task id that was used is refused and its messages stay", async () => {
    await append(1);
    const first = await subject.da.packing.pack(group, wide, build);
    await append(1);
    const again = subject.da.packing.pack(group, wide, async (messages) => ({
      ...await build(messages),
      taskId: first!.taskId,
    }));
    expect((await rejection(again)).message).toContain("tasks_task_hash_key");
    expect(await subject.da.packing.pending()).toMatchObject([{ count: 1 }]);
  });

  test("only one packer at a time works on a group; others go on with theirs", async () => {
    await append(4);
    await append(4, { group: "b" });
    const other = await subject.other();
    const inside = Promise.withResolvers<void>(), go = Promise.withResolvers<void>();
    const slow = subject.da.packing.pack(group, wide, async (messages) => {
      inside.resolve();
      await go.promise;
      return build(messages);
    });
    await inside.promise;
    for (const da of [subject.da, other]) {
      expect(await da.packing.pack(group, wide, build)).toBeUndefined();
    }
    // Nothing of the database is held meanwhile.
    idOf(await other.messages.append(message()));
    const b = await other.packing.pack({ ...group, group: "b" }, wide, build);
    expect(b?.messageCount).toBe(4);
    go.resolve();
    expect((await slow)?.messageCount).toBe(4);
    expect((await other.packing.pack(group, wide, build))?.messageCount).toBe(1);
  });

  test("two nodes packing as fast as they can never share a message", async () => {
    const nodes = [subject.da, await subject.other()];
    const total = 600;
    const groups = ["", "b", "c"];
    const appending = Array.from(
      { length: total },
      (_, i) => nodes[i % 2]!.messages.append(message({ group: groups[i % 3]! })),
    );
    let packed = 0;
    const deadline = performance.now() + 20_000;
    const packer = async (node: typeof subject.da, maxCount: number) => {
      while (packed < total && performance.now() < deadline) {
        for (const name of groups) {
          const made = await node.packing.pack(
            { ...group, group: name },
            { ...wide, maxCount },
            build,
          );
          packed += made?.messageCount ?? 0;
          if (!made) await new Promise((resolve) => setTimeout(resolve, 1));
        }
      }
    };
    await Promise.all([
      ...nodes.flatMap((node) => [packer(node, 7), packer(node, 4)]),
      ...appending,
    ]);
    const ids = (await Promise.all(appending)).map(idOf);
    expect(packed).toBe(total);
    const rows = await subject.database.query<{ id: string; serial: bigint; index: number }>(
      `select id::text as id, task_serial as serial, task_index as index
         from w3bstream.messages order by task_serial, task_index`,
    );
    expect(rows.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(new Set(rows.map(({ serial, index }) => `${serial}/${index}`)).size).toBe(total);
    const tasks = await subject.database.query<{ serial: bigint; message_count: number }>(
      "select serial, message_count from w3bstream.tasks",
    );
    for (const { serial, message_count } of tasks) {
      const own = rows.filter((row) => row.serial === serial);
      expect(own.map(({ index }) => index)).toEqual(own.map((_, i) => i));
      expect(own.length).toBe(message_count);
    }
  });

  test("messages that another packer took while a task was built are not taken again", async () => {
    await append(4);
    const thief = subject.da;
    const stolen: string[] = [];
    // As if the advisory lock had been lost with its connection.
    const record = await subject.da.packing.pack(group, wide, async (messages) => {
      const made = await build(messages);
      await subject.database.query(
        `with t as (insert into w3bstream.tasks (task_hash, chain_id, router, project_id, version,
             program_id, messages_root, input_commitment, nonce, signature, message_count)
           select $1, 0, substr($1, 1, 20), 1, '0.1', $1, $1, $1, 0, $2, 1 returning serial)
         update w3bstream.messages set task_serial = t.serial, task_index = 0, hash = $1
           from t where id = $3::uuid`,
        [new Uint8Array(32).fill(1), new Uint8Array(65), messages[2]!.id],
      );
      stolen.push(messages[2]!.id);
      return made;
    });
    expect(record).toBeUndefined();
    expect(await thief.packing.pending()).toMatchObject([{ count: 3 }]);
    const next = await subject.da.packing.pack(group, wide, build);
    const taken = (await subject.da.tasks.messages(next!.taskId)).map(({ id }) => id);
    expect(taken.length).toBe(3);
    expect(taken).not.toContain(stolen[0]!);
  });

  test("a large backlog is counted up to the limit", async () => {
    for (let i = 0; i < 5; i++) await append(1000);
    expect(await subject.da.packing.pending()).toMatchObject([{ count: pendingLimit }]);
  });

  test("wakes the packers and the dispatchers of every node", async () => {
    await append(1);
    const other = await subject.other();
    const woken = [
      new Promise<void>((resolve) => other.packing.onAppended(resolve)),
      new Promise<void>((resolve) => other.tasks.onPacked(resolve)),
      new Promise<void>((resolve) => subject.da.tasks.onPacked(resolve)),
    ];
    await subject.da.packing.pack(group, wide, build);
    await Promise.all(woken);
  });

  test("an unsubscribed listener is not called", async () => {
    let calls = 0;
    subject.da.packing.onAppended(() => calls++)();
    await append(1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(calls).toBe(0);
  });
});

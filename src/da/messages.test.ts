import { describe, expect, test } from "bun:test";
import { type NewMessage, OverloadedError } from "./da.ts";
import { messageStore } from "./messages.ts";
import { kinds, useDatabase } from "./testing/databases.ts";
import { build, bytes, group, idOf, message, rejection, wide } from "./testing/make.ts";

describe.each(kinds)("messages on %s", (kind) => {
  const subject = useDatabase(kind);

  const stored = async () =>
    Number((await subject.database.query("select count(*) from w3bstream.messages"))[0]?.count);
  const packed = async () => {
    const seen: { id: string; text: string; salt: Uint8Array }[] = [];
    await subject.da.packing.pack(group, wide, async (messages) => {
      for (const m of messages) {
        seen.push({ id: m.id, text: new TextDecoder().decode(m.data), salt: m.salt });
      }
      return undefined;
    });
    return seen;
  };

  test("answers with an id after the row is there", async () => {
    const before = await subject.da.now();
    const id = idOf(await subject.da.messages.append(message()));
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const status = await subject.da.messages.status(id);
    expect(status).toMatchObject({ id, projectId: 1n, task: undefined, states: [] });
    expect(status?.receivedAt).toBeGreaterThanOrEqual(before);
  });

  test("keeps every byte, and gives each message its own salt", async () => {
    const data = Uint8Array.from({ length: 512 }, (_, i) => i % 256);
    await subject.da.messages.appendMany([message({ data }), message({ data: new Uint8Array() })]);
    let got: Uint8Array[] = [], salts: string[] = [];
    await subject.da.packing.pack(group, wide, async (messages) => {
      got = messages.map((m) => m.data);
      salts = messages.map((m) => m.salt.join());
      expect(messages.every((m) => m.salt.length === 32)).toBe(true);
      return undefined;
    });
    expect(got).toEqual([data, new Uint8Array()]);
    expect(new Set(salts).size).toBe(2);
  });

  test("a thousand calls at once share commits and get ids of their own, in order", async () => {
    const results = await Promise.all(
      Array.from(
        { length: 1000 },
        (_, i) => subject.da.messages.append(message({ data: bytes(String(i)) })),
      ),
    );
    const ids = results.map(idOf);
    expect(new Set(ids).size).toBe(1000);
    expect(ids).toEqual([...ids].sort());
    expect(await stored()).toBe(1000);
    expect((await packed()).map(({ text }) => text)).toEqual(ids.map((_, i) => String(i)));
  });

  test("text that needs quoting comes back as it was", async () => {
    const odd = `a"b\\c,{}'; drop table x --\n\u{1f600}null`;
    await subject.da.messages.append(message({ clientId: odd, version: odd, group: odd }));
    const [pending] = await subject.da.packing.pending();
    expect(pending).toMatchObject({ version: odd, group: odd, count: 1 });
    await subject.da.packing.pack({ projectId: 1n, version: odd, group: odd }, wide, async (m) => {
      expect(m[0]).toMatchObject({ clientId: odd, version: odd });
      return undefined;
    });
    await subject.da.messages.append(message({ group: "null" }));
    expect((await subject.da.packing.pending()).map((p) => p.group).sort()).toEqual(
      [odd, "null"].sort(),
    );
  });

  const bad: [string, Partial<NewMessage>][] = [
    ["NUL in the version", { version: "0\0" }],
    ["NUL in the client", { clientId: "\0" }],
    ["a lone surrogate", { group: "\ud800" }],
    ["a key that is too long", { idempotencyKey: "k".repeat(257) }],
    ["project 0", { projectId: 0n }],
    ["a project beyond int8", { projectId: 1n << 63n }],
  ];
  test.each(bad)("%s fails alone", async (_, change) => {
    const [first, middle, last] = await subject.da.messages.appendMany([
      message(),
      message(change),
      message(),
    ]);
    expect(middle).toEqual({ error: expect.any(String) });
    expect(await subject.da.messages.status(idOf(first!))).toBeDefined();
    expect(await subject.da.messages.status(idOf(last!))).toBeDefined();
    expect(await stored()).toBe(2);
  });

  test("a row that only the database refuses fails alone", async () => {
    await subject.database.query(
      "alter table w3bstream.messages add constraint no_13 check (project_id <> 13)",
    );
    try {
      const results = await subject.da.messages.appendMany(
        Array.from({ length: 20 }, (_, i) => message({ projectId: BigInt(i + 1) })),
      );
      const refused = results.flatMap((r, i) => "error" in r ? [i + 1] : []);
      expect(refused).toEqual([13]);
      expect(results[12]).toEqual({ error: "the database refused the message (23514)" });
      expect(await stored()).toBe(19);
    } finally {
      await subject.database.query("alter table w3bstream.messages drop constraint no_13");
    }
  });

  describe("an idempotency key", () => {
    const keyed = (key: string, text = "x", clientId = "device") =>
      message({ idempotencyKey: key, data: bytes(text), clientId });

    test("answers the first id again", async () => {
      const first = await subject.da.messages.append(keyed("k", "first"));
      const again = await subject.da.messages.append(keyed("k", "second"));
      expect(first).toMatchObject({ duplicate: false });
      expect(again).toEqual({ id: idOf(first), duplicate: true, differs: true });
      const same = await subject.da.messages.append(keyed("k", "first"));
      expect(same).toEqual({ id: idOf(first), duplicate: true });
      expect((await packed()).map(({ text }) => text)).toEqual(["first"]);
    });

    test("still does when the message was packed", async () => {
      const first = await subject.da.messages.append(keyed("k"));
      await subject.da.packing.pack(group, wide, build);
      expect(await subject.da.messages.append(keyed("k"))).toMatchObject({ id: idOf(first) });
    });

    test("within one batch, beside rows without a key", async () => {
      const results = await subject.da.messages.appendMany([
        keyed("b"),
        message(),
        keyed("a"),
        keyed("b"),
        keyed("a"),
        message(),
      ]);
      const ids = results.map(idOf);
      expect(ids[3]).toBe(ids[0]!);
      expect(ids[4]).toBe(ids[2]!);
      expect(results.map((r) => "id" in r && r.duplicate)).toEqual(
        [false, false, false, true, true, false],
      );
      expect(await stored()).toBe(4);
    });

    test("from many callers and two nodes at once: one row a key", async () => {
      const nodes = [subject.da, await subject.other()];
      const results = await Promise.all(
        Array.from(
          { length: 300 },
          (_, i) => nodes[i % 2]!.messages.append(keyed(`key ${(i * 7) % 30}`)),
        ),
      );
      expect(new Set(results.map(idOf)).size).toBe(30);
      expect(results.filter((r) => "id" in r && !r.duplicate).length).toBe(30);
      expect(await stored()).toBe(30);
    });

    test("is its project's and its client's own", async () => {
      const results = await subject.da.messages.appendMany([
        keyed("k", "x", "one"),
        keyed("k", "x", "two"),
        { ...keyed("k", "x", "one"), projectId: 2n },
      ]);
      expect(new Set(results.map(idOf)).size).toBe(3);
    });
  });

  test("a full queue refuses at once and stores the others", async () => {
    const store = messageStore(subject.database, { queueRows: 10 });
    const flood = (projectId: bigint) =>
      Promise.allSettled(Array.from({ length: 15 }, () => store.append(message({ projectId }))));
    const [one, two] = await Promise.all([flood(1n), flood(2n)]);
    const refused = [...one, ...two].filter((r) => r.status === "rejected");
    // One project does not get it all.
    expect(one.filter((r) => r.status === "fulfilled").length).toBe(8);
    expect(refused.length).toBe(21);
    for (const { reason } of refused) {
      expect(reason).toBeInstanceOf(OverloadedError);
      expect(reason.retryAfterSeconds).toBeGreaterThan(0);
    }
    expect(await stored()).toBe(9);
    idOf(await store.append(message()));
  });

  test("a queue is bounded in bytes too, and takes a lot of many only whole", async () => {
    const store = messageStore(subject.database, { queueRows: 100, queueBytes: 4096 });
    const first = store.append(message({ data: new Uint8Array(3000) }));
    expect(await rejection(store.append(message({ data: new Uint8Array(3000) })))).toBeInstanceOf(
      OverloadedError,
    );
    expect(await rejection(store.appendMany([message(), message(), message()]))).toBeInstanceOf(
      OverloadedError,
    );
    idOf(await first);
    expect(await stored()).toBe(1);
  });

  test("wakes listeners of this node and of another", async () => {
    const other = await subject.other();
    const woken = [subject.da, other].map((da) =>
      new Promise<void>((resolve) => da.packing.onAppended(resolve))
    );
    await subject.da.messages.append(message());
    await Promise.all(woken);
  });

  test("an id that is no UUID, or unknown, has no status", async () => {
    for (const id of ["", "x", "0", "' or 1=1 --", "00000000-0000-7000-8000-000000000000"]) {
      expect(await subject.da.messages.status(id)).toBeUndefined();
    }
  });
});

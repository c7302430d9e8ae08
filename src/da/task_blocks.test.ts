import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as dagJson from "@ipld/dag-json";
import type { CID } from "multiformats/cid";
import { type SignedTask, taskBlock } from "../protocol/index.ts";
import { BlockFile } from "./block_file.ts";
import type { TaskRecord } from "./da.ts";
import { startTaskBlocks } from "./task_blocks.ts";
import { kinds, silent, useDatabase } from "./testing/databases.ts";
import { packedTask } from "./testing/make.ts";

const times = { gatherMs: 10, idleMs: 200, giveUpMs: 400 };

describe.each(kinds)("blocks of tasks on %s", (kind) => {
  const subject = useDatabase(kind);
  let directory: string, store: BlockFile;
  let puts: string[];
  let fails: (() => Error | undefined) | undefined;
  const stops: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "w3bstream-blocks-"));
    store = new BlockFile(join(directory, "tasks.sqlite"));
    [puts, fails] = [[], undefined];
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
    store.close();
    await rm(directory, { recursive: true });
  });

  const run = (into = store) => {
    const { da } = subject;
    const write: BlockFile["write"] = (change, cursor) => {
      const error = fails?.();
      if (error) throw error;
      into.write(change, cursor);
    };
    const stop = startTaskBlocks({
      da,
      store: Object.assign(Object.create(into), { write, cursor: () => into.cursor() }),
      announce: (cid) => puts.push(`${cid}`),
      log: silent,
      times,
    });
    stops.push(stop);
    return async () => {
      stops.splice(stops.indexOf(stop), 1);
      await stop();
    };
  };
  const nameOf = async ({ taskId }: TaskRecord): Promise<CID> => {
    const signed = await subject.da.signed.get(taskId);
    if (!signed) throw new Error("no such task");
    return (await taskBlock(signed)).cid;
  };
  const until = async (condition: () => Promise<boolean>) => {
    for (const end = Date.now() + 10_000; !await condition();) {
      if (Date.now() > end) throw new Error(`not within 10 s: ${condition}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const has = async (cid: CID) => await store.find(cid) !== undefined;
  const kept = async (...records: TaskRecord[]) => {
    for (const record of records) {
      const cid = await nameOf(record);
      await until(() => has(cid));
    }
  };
  const make = async (count: number) => {
    const made: TaskRecord[] = [];
    for (let i = 0; i < count; i++) made.push(await packedTask(subject.da, 1 + i % 3));
    return made;
  };

  test("earlier and later tasks get one each, with their leaves", async () => {
    const early = await make(3);
    run();
    await kept(...early);
    const late = await make(3);
    await kept(...late);
    for (const record of [...early, ...late]) {
      const bytes = await store.find(await nameOf(record)) as Uint8Array;
      const { taskId, leaves } = dagJson.decode<SignedTask>(bytes);
      expect(taskId).toBe(record.taskId);
      expect(leaves).toEqual(await subject.da.tasks.leaves(taskId));
    }
    expect(puts.length).toBe(6);
  });

  test("after a restart only those that came meanwhile", async () => {
    const stop = run();
    await kept(...await make(3));
    await stop();
    const more = await make(2);
    puts = [];
    run();
    await kept(...more);
    expect(puts).toEqual(await Promise.all(more.map(async (r) => `${await nameOf(r)}`)));
  });

  test("what could not be stored is stored later", async () => {
    let failures = 0;
    fails = () => failures++ < 2 ? new Error("the disk is full") : undefined;
    run();
    await kept(...await make(2));
    expect(failures).toBeGreaterThan(2);
  });

  test("another database than before gets all its blocks", async () => {
    const stop = run();
    await kept(...await make(3));
    await stop();
    await subject.database.query(
      "truncate w3bstream.tasks, w3bstream.messages, w3bstream.task_states, w3bstream.receipts, " +
        "w3bstream.outputs, w3bstream.assignments restart identity",
    );
    const others = await make(2);
    run();
    await kept(...others);
  });

  test("a task that is committed after later ones is found, also after a restart", async () => {
    const next = (serial: number) =>
      subject.database.query("select setval('w3bstream.tasks_serial_seq', $1, false)::text", [
        serial,
      ]);
    const first = await make(1);
    // As if the transactions that took these serials were still running.
    await next(4);
    const fourth = await make(1);
    const stop = run();
    await kept(...first, ...fourth);
    await next(2);
    const second = await make(1);
    await kept(...second);
    await stop();
    await next(3);
    const third = await make(1);
    const again = run();
    await kept(...third);
    await again();
    puts = [];
    run();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(puts).toEqual([]);
  });

  test("the block goes with the payload, a minute later, and does not come back", async () => {
    const [gone, stays] = await make(2) as [TaskRecord, TaskRecord];
    const cid = await nameOf(gone);
    const stop = run();
    await kept(gone, stays);
    const purge = (ago: string) =>
      subject.database.query(
        `update w3bstream.tasks set purged_at = now() - interval '${ago}' where serial = $1`,
        [gone.serial],
      );
    await purge("10 seconds");
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await has(cid)).toBe(true);
    await purge("61 seconds");
    await until(async () => !await has(cid));
    await stop();
    store.close();
    store = new BlockFile(join(directory, "another.sqlite"));
    run();
    await kept(stays);
    expect(await has(cid)).toBe(false);
  });
});

import { describe, expect, test } from "bun:test";
import { getAddress, type Hex, keccak256 } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { Receipt } from "../../runtimes/runtime.ts";
import { type Batch, signAssignments, skippedHash, skippedText } from "../protocol/assignment.ts";
import type { AssignmentRecord, TaskRecord, TaskUpdate } from "./da.ts";
import { kinds, useDatabase } from "./testing/databases.ts";
import { bytes, message, packedTask, rejection } from "./testing/make.ts";

const prover = getAddress("0x00000000000000000000000000000000000000bb");
const signer = privateKeyToAccount(keccak256("0x0e"));
const receipt: Receipt = {
  vmType: "halo2",
  programId: keccak256("0x11"),
  imageId: keccak256("0x12"),
  bindingKind: "data",
  publicValues: bytes("public"),
  proof: new Uint8Array([0, 1, 255]),
};

const update = (
  record: Pick<TaskRecord, "taskId" | "revision">,
  change: Partial<TaskUpdate> = {},
) => ({
  taskId: record.taskId,
  revision: record.revision,
  phase: "dispatched" as const,
  machine: "{}",
  wakeAt: null,
  log: [],
  ...change,
});

const outputEntry = (index: number, attempt: number, state: string) => ({
  ...{ index, attempt, state, reference: "", by: "0xme", comment: "" },
});

/** Signed with another one. */
async function assignment(taskId: Hex, epoch: bigint): Promise<AssignmentRecord> {
  const named = [{ prover, reason: 'busy: 1 of 1, "so it says", {\\}' }];
  const skipped = skippedText({ named, others: [{ reason: "not linked", count: 4 }] });
  const made = {
    ...{ taskId, epoch, prover, seedBlock: 7n, seedHash: keccak256("0x5e"), rank: 6n },
    skippedHash: skippedHash(skipped),
  };
  const domain = { chainId: 1n, router: prover };
  const [batch] = await signAssignments(domain, signer, [made, { ...made, epoch: 77n }]);
  return { ...made, skipped, batch: batch as Batch };
}

describe.each(kinds)("tasks on %s", (kind) => {
  const subject = useDatabase(kind);
  const tasks = () => subject.da.tasks;
  const make = async (count: number) => {
    const made: TaskRecord[] = [];
    for (let i = 0; i < count; i++) made.push(await packedTask(subject.da));
    return made;
  };
  const serials = (records: readonly TaskRecord[]) => records.map(({ serial }) => serial);

  test("tells outputs that are dead now, newest first, and why", async () => {
    const [one, two] = await make(2);
    const save = (record: TaskRecord, revision: number, states: [number, string][]) =>
      tasks().save(update({ ...record, revision }, {
        phase: "proved",
        outputs: states.map(([index, state]) => ({
          ...outputEntry(index, revision, state),
          comment: `why ${state}`,
        })),
      }));
    await save(one!, 0, [[0, "dead"], [1, "granted"], [1, "dead"]]);
    await save(two!, 0, [[0, "dead"]]);
    await save(one!, 1, [[1, "granted"]]);
    const all = await tasks().deadOutputs({ limit: 9 });
    expect(all.every(({ at }) => Math.abs(at - Date.now()) < 600_000)).toBe(true);
    expect(all).toMatchObject([two, one].map((record) => ({
      ...{ taskId: record?.taskId, serial: record?.serial, projectId: 1n },
      ...{ output: 0, attempt: 0, by: "0xme", reason: "why dead" },
    })));
    expect(await tasks().deadCount()).toBe(2);
    const [{ id: before } = { id: 0n }] = all;
    expect(await tasks().deadOutputs({ before, limit: 9 })).toEqual(all.slice(1));
    expect(await tasks().deadOutputs({ projectId: 1n, limit: 1 })).toEqual(all.slice(0, 1));
    expect(await tasks().deadOutputs({ projectId: 7n, limit: 9 })).toEqual([]);
  });

  describe("claim", () => {
    test("gives new tasks, oldest first, and each only once", async () => {
      const made = await make(5);
      const first = await tasks().claim("a", 60_000, 3);
      expect(first).toEqual(made.slice(0, 3));
      expect(serials(await tasks().claim("a", 60_000, 10))).toEqual([4n, 5n]);
      expect(await tasks().claim("a", 60_000, 10)).toEqual([]);
      expect(await tasks().claim("b", 60_000, 10)).toEqual([]);
    });

    test("two drivers that claim at once get disjoint tasks", async () => {
      await make(40);
      const other = (await subject.other()).tasks;
      const claimed = await Promise.all(
        Array.from(
          { length: 20 },
          (_, i) => (i % 2 ? other : tasks()).claim(`d${i % 4}`, 60_000, 3),
        ),
      );
      const all = claimed.flatMap(serials);
      all.push(...serials(await tasks().claim("late", 60_000, 100)));
      expect(all.length).toBe(40);
      expect(new Set(all).size).toBe(40);
    });

    test("tasks of a driver that is gone are due when its hold ends, of one that renews never", async () => {
      const [one, two] = await make(2);
      expect(serials(await tasks().claim("gone", 150, 1))).toEqual([one!.serial]);
      expect(serials(await tasks().claim("alive", 150, 1))).toEqual([two!.serial]);
      expect(await tasks().claim("heir", 60_000, 10)).toEqual([]);
      for (let i = 0; i < 6; i++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        await tasks().renew("alive", 150);
      }
      expect(serials(await tasks().claim("heir", 60_000, 10))).toEqual([one!.serial]);
    });

    test("a saved task is due at its wakeAt, for its driver only while that lives", async () => {
      const [task] = await make(1);
      const [mine] = await tasks().claim("a", 60_000, 1);
      const soon = await subject.da.now() + 100;
      expect(await tasks().save(update(mine!, { wakeAt: soon }))).toBe(true);
      expect(await tasks().claim("a", 60_000, 1)).toEqual([]);
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(await tasks().claim("b", 60_000, 1)).toEqual([]);
      const [again] = await tasks().claim("a", 60_000, 1);
      expect(again).toMatchObject({
        serial: task!.serial,
        revision: 1,
        machine: "{}",
        phase: "dispatched",
      });
    });

    test("a task that is done is never due", async () => {
      await make(1);
      const [mine] = await tasks().claim("a", 0, 1);
      expect(await tasks().save(update(mine!, { phase: "failed", wakeAt: null }))).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await tasks().claim("b", 1000, 10)).toEqual([]);
    });

    test("costs the same with 100,000 tasks queued", async () => {
      const fill = (count: number) =>
        subject.database.query(
          `insert into w3bstream.tasks (task_hash, chain_id, router, project_id, version,
             program_id, messages_root, input_commitment, nonce, signature, message_count)
           select sha256(n::text::bytea), 0, substr(sha256('r'), 1, 20), 1, '0.1', sha256('p'),
                  sha256('m'), sha256('i'), 0, sha256('a') || sha256('b') || '\\x00', 1
             from generate_series((select count(*) from w3bstream.tasks) + 1,
                                  (select count(*) from w3bstream.tasks) + $1) n`,
          [count],
        );
      const time = async () => {
        await tasks().claim("a", 60_000, 10);
        const start = performance.now();
        for (let i = 0; i < 20; i++) expect((await tasks().claim("a", 60_000, 10)).length).toBe(10);
        return (performance.now() - start) / 20;
      };
      await fill(1000);
      const few = await time();
      await fill(100_000);
      const many = await time();
      // A scan of 100,000 rows would cost tens of milliseconds a claim.
      expect(many).toBeLessThan(few * 4 + 5);
    }, 300_000);
  });

  describe("save", () => {
    test("is refused for an old revision, and then writes nothing", async () => {
      const [task] = await make(1);
      const log = [{ state: "dispatched", by: "a", comment: "", result: "" }];
      expect(await tasks().save(update(task!, { log }))).toBe(true);
      expect(await tasks().save(update(task!, { log, machine: "lost" }))).toBe(false);
      expect(await tasks().save(update({ taskId: keccak256("0x99"), revision: 0 }))).toBe(false);
      expect(await tasks().get(task!.taskId)).toMatchObject({ revision: 1, machine: "{}" });
      const states = (await tasks().status(1n, task!.serial))?.states;
      expect(states?.map(({ state }) => state)).toEqual(["packed", "dispatched"]);
    });

    test("of many at once with one revision, one wins", async () => {
      const [task] = await make(1);
      const nodes = [tasks(), (await subject.other()).tasks];
      const results = await Promise.all(
        Array.from(
          { length: 10 },
          (_, i) => nodes[i % 2]!.save(update(task!, { machine: `${i}` })),
        ),
      );
      expect(results.filter(Boolean).length).toBe(1);
      expect(await tasks().get(task!.taskId)).toMatchObject({
        revision: 1,
        machine: String(results.indexOf(true)),
      });
    });

    test("writes log, receipt and outputs together, in order", async () => {
      const [task] = await make(1);
      const log = ["dispatched", "proved"].map((state) => ({
        state,
        by: "0xme",
        comment: `a "comment"`,
        result: `{"r":[1,"\\\\"]}`,
      }));
      await tasks().save(update(task!, {
        phase: "proved",
        log,
        receipt: { prover, receipt, verdict: "valid" },
        outputs: [outputEntry(0, 0, "granted")],
      }));
      expect((await tasks().status(1n, task!.taskId))?.states.slice(1)).toMatchObject(log);
      expect(await tasks().receipt(task!.taskId)).toEqual({ prover, receipt });
      expect(await subject.database.query("select index, state from w3bstream.outputs"))
        .toMatchObject([{ index: 0, state: "granted" }]);
    });

    test("keeps assignments with the lease, the first of an epoch", async () => {
      const [task] = await make(1);
      const one = await assignment(task!.taskId, 1n);
      const two = await assignment(task!.taskId, 2n);
      await tasks().save(update(task!, { assignments: [one] }));
      await tasks().save(update({ ...task!, revision: 1 }, {
        assignments: [two, { ...one, rank: 9n }],
      }));
      // Not saved, and so not kept.
      const three = await assignment(task!.taskId, 3n);
      expect(await tasks().save(update(task!, { assignments: [three] }))).toBe(false);
      expect(await tasks().assignments(task!.taskId)).toEqual([one, two]);
    });

    test("keeps the first receipt of a prover", async () => {
      const [task] = await make(1);
      const second = { ...receipt, proof: bytes("other") };
      await tasks().save(update(task!, { receipt: { prover, receipt, verdict: "valid" } }));
      await tasks().save(update({ ...task!, revision: 1 }, {
        receipt: { prover, receipt: second, verdict: "valid" },
      }));
      expect((await tasks().receipt(task!.taskId))?.receipt.proof).toEqual(receipt.proof);
    });

    test("takes text that the database can't hold", async () => {
      const [task] = await make(1);
      const log = [{ state: "failed", by: "x", comment: "trap: a\0b \ud800", result: "\0" }];
      expect(await tasks().save(update(task!, { phase: "failed", log }))).toBe(true);
      expect((await tasks().status(1n, task!.serial))?.states[1]?.comment).toBe(
        "trap: a\ufffdb \ufffd",
      );
    });

    test("of many tasks at once writes each its own, and a bad one fails alone", async () => {
      const made = await make(30);
      const stale = 7, bad = 11;
      const saved = await Promise.allSettled(made.map((task, i) =>
        tasks().save(update(
          { taskId: task.taskId, revision: i === stale ? 5 : 0 },
          {
            phase: "proved",
            machine: `{"i":${i}}`,
            wakeAt: i % 2 ? null : 1_000,
            log: [{ state: "proved", by: `0x${i}`, comment: `"{${i},\\}"`, result: "" }],
            outputs: i % 3 ? [] : [outputEntry(i, 1, "granted")],
            receipt: {
              prover: i === bad ? "0x00" : prover,
              receipt: { ...receipt, proof: new Uint8Array(i) },
              verdict: "valid",
            },
          },
        ))
      ));
      for (const [i, task] of made.entries()) {
        const done = i !== stale && i !== bad;
        const outcome = saved[i]!;
        expect(outcome.status === "fulfilled" && outcome.value).toBe(done);
        const stored = await tasks().get(task.taskId);
        expect(stored).toMatchObject(
          done ? { phase: "proved", machine: `{"i":${i}}`, revision: 1 } : { phase: "packed" },
        );
        expect((await tasks().receipt(task.taskId))?.receipt.proof.length)
          .toBe(done ? i : undefined as never);
        const states = (await tasks().status(1n, task.taskId))?.states.map((s) => s.comment);
        expect(states).toEqual(done ? ["", `"{${i},\\}"`] : [""]);
      }
      expect(saved[bad]?.status).toBe("rejected");
      const [outputs] = await subject.database.query<{ indexes: string }>(
        "select string_agg(index::text, ',' order by index) as indexes from w3bstream.outputs",
      );
      expect(outputs?.indexes).toBe("0,3,6,9,12,15,18,21,24,27");
    });

    test("never goes back", async () => {
      const [task] = await make(1);
      await tasks().save(update(task!, { phase: "proved" }));
      const back = tasks().save(update({ ...task!, revision: 1 }, { phase: "dispatched" }));
      expect((await rejection(back)).message).toContain("can't go back from proved to dispatched");
      expect(await tasks().get(task!.taskId)).toMatchObject({ phase: "proved", revision: 1 });
    });
  });

  test("payloads that are asked for at once are each task's own", async () => {
    const made: TaskRecord[] = [];
    for (const count of [1, 3, 2]) made.push(await packedTask(subject.da, count));
    const asked = [...made, made[0]!];
    const read = await Promise.all(asked.map(({ taskId }) => tasks().messages(taskId)));
    for (const [i, { taskId }] of asked.entries()) {
      expect(read[i]).toEqual(await tasks().messages(taskId));
      expect(read[i]?.length).toBe(asked[i]!.messageCount);
    }
    expect(new Set(read.flat().map(({ id }) => id)).size).toBe(6);
    expect(await tasks().messages(keccak256("0x99"))).toEqual([]);
  });

  describe("outputted", () => {
    const reported = async (
      task: TaskRecord,
      revision: number,
      states: [number, number, string][],
      logged = false,
    ) => {
      const entry = { state: "outputted", by: "0xz", comment: "", result: `r${revision}` };
      await tasks().save(update({ ...task, revision }, {
        phase: "proved",
        outputs: states.map(([index, attempt, state]) => outputEntry(index, attempt, state)),
        log: logged ? [entry] : [],
      }));
      const status = await tasks().status(1n, task.serial);
      return status?.states.filter(({ state }) => state === "outputted").map((s) => s.result);
    };

    test("is told when it is logged, not while an output was taken back, and once", async () => {
      const [task] = await make(1);
      // The second output still waits for its grant, so it has no row.
      expect(await reported(task!, 0, [[0, 0, "granted"], [0, 0, "confirmed"]])).toEqual([]);
      expect(await reported(task!, 1, [[1, 0, "granted"]])).toEqual([]);
      expect(await reported(task!, 2, [[1, 0, "dead"], [1, 1, "confirmed"]], true)).toEqual(["r2"]);
      expect(await reported(task!, 3, [[0, 0, "sent"]])).toEqual([]);
      expect(await reported(task!, 4, [[0, 0, "confirmed"]], true)).toEqual(["r4"]);
    });
  });

  describe("status", () => {
    test("finds by number or hash, within the project", async () => {
      const [task] = await make(1);
      const byNumber = await tasks().status(1n, task!.serial);
      expect(byNumber).toMatchObject({
        serial: task!.serial,
        taskId: task!.taskId,
        version: "0.1",
      });
      expect(await tasks().status(1n, task!.taskId)).toEqual(byNumber!);
      expect(await tasks().status(2n, task!.serial)).toBeUndefined();
      expect(await tasks().status(1n, 99n)).toBeUndefined();
    });

    test("of numbers that no column holds is undefined", async () => {
      for (const n of [1n << 63n, (1n << 64n) - 1n]) {
        expect(await tasks().status(n, 1n)).toBeUndefined();
        expect(await tasks().status(1n, n)).toBeUndefined();
      }
    });

    test("counts by phase", async () => {
      const made = await make(3);
      await tasks().save(update(made[0]!, { phase: "failed" }));
      expect(await tasks().counts()).toEqual({ packed: 2, dispatched: 0, proved: 0, failed: 1 });
    });

    test("open ones are those that dispatch must look at again", async () => {
      const made = await make(3);
      expect(await tasks().openCounts()).toEqual({ packed: 3 });
      await tasks().save(update(made[0]!, { phase: "failed", wakeAt: null }));
      await tasks().save(update(made[1]!, { phase: "dispatched", wakeAt: 1 }));
      expect(await tasks().openCounts()).toEqual({ packed: 1, dispatched: 1 });
    });

    test("a task knows when it was packed, by the database's clock", async () => {
      const before = await subject.da.now();
      const [made] = await make(1);
      expect(made!.packedAt).toBeGreaterThanOrEqual(before - 1);
      expect(made!.packedAt).toBeLessThanOrEqual(await subject.da.now());
      expect((await tasks().get(made!.taskId))?.packedAt).toBe(made!.packedAt);
    });
  });

  describe("purge", () => {
    test("deletes data, salts and input salt of ended tasks, and keeps the leaves", async () => {
      const ended = await packedTask(subject.da, 3), running = await packedTask(subject.da, 2);
      await subject.da.messages.append(message());
      expect((await tasks().inputSalt(ended.taskId))?.length).toBe(32);
      const leaves = await tasks().leaves(ended.taskId);
      await tasks().save(update(ended, { phase: "proved", wakeAt: null }));
      await tasks().save(update(running, { phase: "proved", wakeAt: Date.now() + 1e6 }));
      const now = await subject.da.now();
      expect(await tasks().purge(1n, "0.1", now - 60_000)).toBe(0);
      expect(await tasks().purge(2n, "0.1", now + 1000)).toBe(0);
      expect(await tasks().purge(1n, "0.1", now + 1000)).toBe(3);
      expect(await tasks().purge(1n, "0.1", now + 1000)).toBe(0);
      expect((await rejection(tasks().messages(ended.taskId))).message).toContain("purged");
      expect(await tasks().inputSalt(ended.taskId)).toBeUndefined();
      expect(await tasks().leaves(ended.taskId)).toEqual(leaves);
      expect(leaves.length).toBe(3);
      expect((await tasks().messages(running.taskId)).length).toBe(2);
      expect(await subject.da.packing.pending()).toMatchObject([{ count: 1 }]);
      expect(await tasks().get(ended.taskId)).toBeDefined();
    });

    test("a task that a reorg opened again is not purged", async () => {
      const task = await packedTask(subject.da);
      await tasks().save(update(task, { phase: "proved", wakeAt: null }));
      await tasks().save(update({ ...task, revision: 1 }, { phase: "proved", wakeAt: Date.now() }));
      expect(await tasks().purge(1n, "0.1", await subject.da.now() + 1000)).toBe(0);
    });
  });
});

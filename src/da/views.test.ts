import { describe, expect, test } from "bun:test";
import { getAddress, type Hex, keccak256, toHex } from "viem";
import type { TaskUpdate } from "./da.ts";
import { storesOn } from "./index.ts";
import { startPostgres } from "../../tests/postgres.ts";
import { migrate, readMigrations } from "./migrate.ts";
import { openPostgres } from "./postgres.ts";
import { kinds, silent, useDatabase } from "./testing/databases.ts";
import { message, packedTask } from "./testing/make.ts";

const prover = getAddress(`0x${"be".repeat(20)}`);
const receipt = {
  vmType: "halo2",
  programId: keccak256("0x01"),
  imageId: toHex(new Uint8Array(32)),
  bindingKind: "data",
  publicValues: new Uint8Array(32),
  proof: new Uint8Array(100),
} as const;

describe.each(kinds)("what people look at, in %s", (kind) => {
  const subject = useDatabase(kind);
  const revisions = new Map<Hex, number>();

  /** Saves the next state of a task. */
  const save = async (taskId: Hex, update: Partial<TaskUpdate> & Pick<TaskUpdate, "phase">) => {
    const revision = revisions.get(taskId) ?? 0;
    revisions.set(taskId, revision + 1);
    const saved = { taskId, revision, machine: "{}", wakeAt: null, log: [], ...update };
    expect(await subject.da.tasks.save(saved)).toBe(true);
  };
  const entry = (state: string, comment = "") => ({ state, by: prover, comment, result: "" });
  const tally = async () =>
    Object.fromEntries(
      (await subject.da.views.tally()).map(({ projectId, state, tasks, messages }) => [
        `${projectId} ${state}`,
        [tasks, messages],
      ]),
    );

  test("tasks are counted by project and state through their lives", async () => {
    const { da } = subject;
    const one = await packedTask(da, 3);
    const two = await packedTask(da, 2);
    const three = await packedTask(da, 1, { projectId: 2n });
    expect(await tally()).toEqual({ "1 packed": [2, 5], "2 packed": [1, 1] });
    await save(one.taskId, { phase: "dispatched", wakeAt: Date.now() });
    await save(two.taskId, { phase: "failed", log: [entry("failed", "why")] });
    await save(three.taskId, { phase: "proved", wakeAt: Date.now() });
    expect(await tally()).toEqual({
      "1 dispatched": [1, 3],
      "1 failed": [1, 2],
      "2 proved": [1, 1],
    });
    await save(one.taskId, { phase: "proved" });
    // One of its outputs will not be done, while another is.
    await save(three.taskId, { phase: "proved", wakeAt: Date.now(), dead: true });
    expect(await tally()).toEqual({
      "1 outputted": [1, 3],
      "1 failed": [1, 2],
      "2 failed": [1, 1],
    });
    // A reorganisation takes an output back.
    await save(one.taskId, { phase: "proved", wakeAt: Date.now() });
    expect(await tally()).toMatchObject({ "1 proved": [1, 3] });
  });

  test("the tally sums itself up when much was appended", async () => {
    await packedTask(subject.da);
    await subject.database.query(
      `insert into w3bstream.task_tally
       select 1, 'packed', case when n % 2 = 0 then 1 else -1 end, 0
         from generate_series(1, 4000) n`,
    );
    expect(await tally()).toEqual({ "1 packed": [1, 1] });
    expect(await subject.database.query("select from w3bstream.task_tally")).toHaveLength(1);
  });

  test("tasks are listed by pages, of a project and in a state", async () => {
    const { da } = subject;
    const ids: Hex[] = [];
    for (const projectId of [1n, 2n, 1n, 2n, 1n]) {
      ids.push((await packedTask(da, 1, { projectId })).taskId);
    }
    await save(ids[2] as Hex, { phase: "failed" });
    const list = async (page: Partial<Parameters<typeof da.views.tasks>[0]>) =>
      (await da.views.tasks(page)).map(({ taskId }) => ids.indexOf(taskId));
    expect(await list({})).toEqual([4, 3, 2, 1, 0]);
    expect(await list({ projectId: 1n })).toEqual([4, 2, 0]);
    expect(await list({ state: "packed" })).toEqual([4, 3, 1, 0]);
    expect(await list({ projectId: 1n, state: "failed" })).toEqual([2]);
    expect(await list({ projectId: 2n, state: "failed" })).toEqual([]);
    expect(await list({ projectId: 1n << 63n })).toEqual([]);
    const [, second] = await da.views.tasks({ projectId: 1n });
    const before = second?.serial as bigint;
    expect(await list({ projectId: 1n, before })).toEqual([0]);
    expect(await list({ before })).toEqual([1, 0]);
    expect(await list({ projectId: 2n, state: "packed", before })).toEqual([1]);
  });

  test("a task is told with all that became of it, and its messages apart", async () => {
    const { da } = subject;
    const { taskId, serial } = await packedTask(da, 2, { clientId: "did:example:meter" });
    await save(taskId, { phase: "dispatched", wakeAt: 0, log: [entry("dispatched")] });
    await save(taskId, {
      phase: "proved",
      log: [entry("proved"), entry("failed", "output 0 (stdout): no")],
      dead: true,
      receipt: { prover, receipt, verdict: "valid" },
      outputs: [
        { index: 0, attempt: 1, state: "granted", reference: "", by: prover, comment: "" },
        { index: 0, attempt: 1, state: "dead", reference: "", by: prover, comment: "" },
      ],
    });
    const task = await da.views.task(taskId);
    expect(task).toMatchObject({ serial, taskId, projectId: 1n, state: "failed", messageCount: 2 });
    expect(task?.states.map(({ state }) => state))
      .toEqual(["packed", "dispatched", "proved", "failed"]);
    expect(task?.outputs.map(({ state }) => state)).toEqual(["granted", "dead"]);
    expect(task?.proofs).toMatchObject([{ prover, vmType: "halo2", verdict: "valid" }]);
    expect(await da.views.task(serial)).toEqual(task as NonNullable<typeof task>);
    expect(await da.views.task(serial + 1n)).toBeUndefined();
    expect(await da.views.task(1n << 63n)).toBeUndefined();
    expect(await da.views.messagesOf(serial)).toMatchObject([
      { clientId: "did:example:meter", bytes: message().data.length },
      { clientId: "did:example:meter" },
    ]);
    expect(await da.views.failures())
      .toMatchObject([{ reason: "output 0 (stdout): no", by: prover, task: { taskId } }]);
    const [proof, ...more] = await da.views.proofs();
    expect([proof, more]).toMatchObject([{ vmType: "halo2", prover }, []]);
    expect(proof?.tookMs).toBeGreaterThanOrEqual(0);
  });

  test("failures come newest first, by pages", async () => {
    for (const comment of ["first", "second", "third"]) {
      const { taskId } = await packedTask(subject.da);
      await save(taskId, { phase: "failed", log: [entry("failed", comment)] });
    }
    const page = await subject.da.views.failures();
    expect(page.map(({ reason }) => reason)).toEqual(["third", "second", "first"]);
    const rest = await subject.da.views.failures(page[1]?.entry as bigint);
    expect(rest.map(({ reason }) => reason)).toEqual(["first"]);
  });
});

test("tasks that were there before they were counted are", async () => {
  const server = await startPostgres();
  const database = await openPostgres({ dsn: server.dsn, log: silent });
  try {
    const all = readMigrations();
    await migrate(database, silent, all.filter(({ version }) => version < 10));
    // By their numbers: packed; output; with an output that is dead; with one that was tried again.
    await database.query(
      `insert into w3bstream.tasks (task_hash, chain_id, router, project_id, version, program_id,
         messages_root, input_commitment, nonce, signature, message_count, phase, ended_at)
       select sha256(n::text::bytea), 0, decode(repeat('aa', 20), 'hex'), 1, '0.1', sha256(''),
              sha256(''), sha256(''), n, decode(repeat('07', 65), 'hex'), n,
              case when n = 1 then 'packed' else 'proved' end, case when n > 1 then now() end
         from generate_series(1, 4) n`,
    );
    for (const [serial, state] of [[2, "confirmed"], [3, "dead"], [4, "dead"], [4, "confirmed"]]) {
      await database.query(
        `insert into w3bstream.outputs (task_serial, index, attempt, state, reference)
         values ($1, 0, 1, $2, '')`,
        [serial as number, state as string],
      );
    }
    await migrate(database, silent, all);
    const { views } = storesOn(database);
    const states = (await views.tasks({})).map(({ state }) => state);
    expect(states).toEqual(["outputted", "failed", "outputted", "packed"]);
    const tally = (await views.tally()).map((
      { state, tasks, messages },
    ) => [state, tasks, messages]);
    expect(tally.sort()).toEqual([["failed", 1, 3], ["outputted", 2, 6], ["packed", 1, 1]]);
  } finally {
    await database.close();
    await server.stop();
  }
}, 60_000);

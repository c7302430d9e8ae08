/** Writes what dispatch decided: many tasks' states in one statement, since each commit costs a sync. */
import { packSigned } from "../protocol/index.ts";
import type { TaskPhase, TaskUpdate } from "./da.ts";
import { taskPhases } from "./da.ts";
import { type Database, sqlState } from "./database.ts";
import { byteaArray, fromHex, nullableArray, plainArray, storable, textArray } from "./encode.ts";
import { GroupCommit, groupCommitDefaults } from "./group_commit.ts";

// One statement: a task's state, log, receipt, outputs and assignments are written together or not at all. Phases
// only move forward (DESIGN R6).
const saveTasks = `
  with u as (
    select * from unnest($1::bytea[], $2::int4[], $3::text[], string_to_array($4, chr(31)),
                         $5::float8[], $41::bool[])
      with ordinality as u(hash, revision, phase, machine, wake, dead, n)
  ), t as (
    update w3bstream.tasks t
       set phase = u.phase, machine = u.machine, revision = t.revision + 1, dead = u.dead,
           wake_at = to_timestamp(u.wake / 1000),
           ended_at = case when u.wake is null then coalesce(t.ended_at, clock_timestamp()) end
      from u
     where t.task_hash = u.hash and t.revision = u.revision
       and array_position($6::text[], t.phase) <= array_position($6::text[], u.phase)
    returning t.serial, u.n
  ), logged as (
    insert into w3bstream.task_states (task_serial, state, by, comment, result)
    select t.serial, e.state, e.by, e.comment, e.result
      from unnest($7::int8[], $8::text[], $9::text[], $10::text[], $11::text[])
        with ordinality as e(n, state, by, comment, result, entry) join t using (n)
     order by e.entry
  ), reported as (
    insert into w3bstream.outputs (task_serial, index, attempt, state, reference, by, comment)
    select t.serial, o.index, o.attempt, o.state, o.reference, o.by, o.comment
      from unnest($12::int8[], $13::int4[], $14::int4[], $15::text[], $16::text[], $39::text[],
                  $40::text[])
        with ordinality as o(n, index, attempt, state, reference, by, comment, entry)
      join t using (n)
     order by o.entry
  ), verified as (
    insert into w3bstream.receipts (task_serial, prover, vm_type, program_id, image_id,
      binding_kind, public_values, proof, verdict)
    select t.serial, r.prover, r.vm_type, r.program_id, r.image_id, r.binding_kind,
           r.public_values, r.proof, r.verdict
      from unnest($17::int8[], $18::bytea[], $19::text[], $20::bytea[], $21::bytea[], $22::text[],
                  $23::bytea[], $24::bytea[], $25::text[])
        as r(n, prover, vm_type, program_id, image_id, binding_kind, public_values, proof, verdict)
      join t using (n)
    on conflict (task_serial, prover) do nothing
  ), assigned as (
    insert into w3bstream.assignments (task_serial, epoch, prover, seed_block, seed_hash, rank,
      skipped, batch)
    select t.serial, a.epoch, a.prover, a.seed_block, a.seed_hash, a.rank, a.skipped, a.batch
      from unnest($26::int8[], $27::int8[], $28::bytea[], $29::int8[], $30::bytea[], $31::int8[],
                  $32::text[], $33::text[])
        as a(n, epoch, prover, seed_block, seed_hash, rank, skipped, batch)
      join t using (n)
    on conflict (task_serial, epoch) do nothing
  ), stated as (
    insert into w3bstream.statements (task_serial, epoch, kind, prover, bytes)
    select t.serial, s.epoch, s.kind, s.prover, s.bytes
      from unnest($34::int8[], $35::int8[], $36::text[], $37::bytea[], $38::bytea[])
        as s(n, epoch, kind, prover, bytes) join t using (n)
    on conflict do nothing
  )
  select n from t`;

/** Saves at most so many tasks in one statement. */
const batchRows = 128;

/** @returns a function like `TaskStore.save` */
export function taskSaver(database: Database): (update: TaskUpdate) => Promise<boolean> {
  const commits = new GroupCommit<TaskUpdate, boolean | Error>(
    { ...groupCommitDefaults, batchRows, concurrency: Math.min(2, database.concurrency) },
    (updates) => saveAll(database, updates),
  );
  return async (update) => {
    const saved = await commits.add(update, bytesOf(update));
    if (saved instanceof Error) throw saved;
    return saved || await whyNot(database, update);
  };
}

function bytesOf({ machine, log, receipt: r, assignments = [] }: TaskUpdate): number {
  const assigned = assignments.reduce((sum, { skipped }) => sum + skipped.length + 500, 0);
  const texts = log.reduce((sum, entry) => sum + entry.comment.length + entry.result.length, 0);
  const proof = r ? r.receipt.proof.length + r.receipt.publicValues.length : 0;
  return machine.length + texts + 2 * proof + assigned;
}

async function saveAll(
  database: Database,
  updates: readonly TaskUpdate[],
): Promise<(boolean | Error)[]> {
  // One statement changes a task once.
  const tasks = new Set(updates.map(({ taskId }) => taskId));
  if (tasks.size < updates.length) return await oneByOne(database, updates);
  try {
    const rows = await database.query<{ n: bigint }>(saveTasks, parametersOf(updates));
    const saved = new Set(rows.map(({ n }) => Number(n)));
    return updates.map((_, i) => saved.has(i + 1));
  } catch (error) {
    if (updates.length === 1 || sqlState(error) === undefined) throw error;
    // Something in one of them was refused, and the others have nothing to do with it.
    return await oneByOne(database, updates);
  }
}

async function oneByOne(
  database: Database,
  updates: readonly TaskUpdate[],
): Promise<(boolean | Error)[]> {
  const results: (boolean | Error)[] = [];
  for (const update of updates) {
    const [result] = await saveAll(database, [update]).catch((error: Error) => [error]);
    results.push(result ?? false);
  }
  return results;
}

function parametersOf(updates: readonly TaskUpdate[]) {
  const log = updates.flatMap((u, i) => u.log.map((entry) => ({ n: i + 1, ...entry })));
  const outputs = updates.flatMap((u, i) => (u.outputs ?? []).map((o) => ({ n: i + 1, ...o })));
  const receipts = updates.flatMap(({ receipt }, i) => receipt ? [{ n: i + 1, ...receipt }] : []);
  const assigned = updates.flatMap((u, i) =>
    (u.assignments ?? []).map((a) => ({ n: i + 1, ...a }))
  );
  const stated = updates.flatMap((u, i) =>
    (u.statements ?? []).map(({ kind, signed }) => {
      const { epoch, prover } = signed.statement;
      return { n: i + 1, epoch, kind, prover, bytes: packSigned(kind, signed) };
    })
  );
  const texts = (values: readonly string[]) => textArray(values.map(storable));
  return [
    byteaArray(updates.map((u) => fromHex(u.taskId))),
    plainArray(updates.map((u) => u.revision)),
    textArray(updates.map((u) => u.phase)),
    // JSON has no control characters, so it needs no quoting between them.
    updates.map((u) => u.machine).join("\x1f"),
    nullableArray(updates.map((u) => u.wakeAt)),
    textArray(taskPhases),
    plainArray(log.map((entry) => entry.n)),
    texts(log.map((entry) => entry.state)),
    texts(log.map((entry) => entry.by)),
    texts(log.map((entry) => entry.comment)),
    texts(log.map((entry) => entry.result)),
    plainArray(outputs.map((output) => output.n)),
    plainArray(outputs.map((output) => output.index)),
    plainArray(outputs.map((output) => output.attempt)),
    texts(outputs.map((output) => output.state)),
    texts(outputs.map((output) => output.reference)),
    plainArray(receipts.map((r) => r.n)),
    byteaArray(receipts.map((r) => fromHex(r.prover))),
    textArray(receipts.map((r) => r.receipt.vmType)),
    byteaArray(receipts.map((r) => fromHex(r.receipt.programId))),
    byteaArray(receipts.map((r) => fromHex(r.receipt.imageId))),
    textArray(receipts.map((r) => r.receipt.bindingKind)),
    byteaArray(receipts.map((r) => r.receipt.publicValues)),
    byteaArray(receipts.map((r) => r.receipt.proof)),
    textArray(receipts.map((r) => r.verdict)),
    plainArray(assigned.map((a) => a.n)),
    plainArray(assigned.map((a) => a.epoch)),
    byteaArray(assigned.map((a) => fromHex(a.prover))),
    plainArray(assigned.map((a) => a.seedBlock)),
    byteaArray(assigned.map((a) => fromHex(a.seedHash))),
    plainArray(assigned.map((a) => a.rank)),
    textArray(assigned.map((a) => a.skipped)),
    textArray(assigned.map((a) => JSON.stringify(a.batch))),
    plainArray(stated.map((s) => s.n)),
    plainArray(stated.map((s) => s.epoch)),
    textArray(stated.map((s) => s.kind)),
    byteaArray(stated.map((s) => fromHex(s.prover))),
    byteaArray(stated.map((s) => s.bytes)),
    texts(outputs.map((output) => output.by)),
    texts(outputs.map((output) => output.comment)),
    `{${updates.map((u) => u.dead ?? false).join(",")}}`,
  ];
}

/** Somebody else saved first, or the caller is wrong. */
async function whyNot(
  database: Database,
  { taskId, revision, phase }: TaskUpdate,
): Promise<false> {
  const [stored] = await database.query<{ phase: TaskPhase; revision: number }>(
    "select phase, revision from w3bstream.tasks where task_hash = $1",
    [fromHex(taskId)],
  );
  const isBack = stored !== undefined &&
    taskPhases.indexOf(stored.phase) > taskPhases.indexOf(phase);
  if (stored?.revision === revision && isBack) {
    throw new Error(`task ${taskId} can't go back from ${stored.phase} to ${phase}`);
  }
  return false;
}

import { type Address, getAddress, type Hex } from "viem";
import type { BindingKind, VmType } from "../../runtimes/runtime.ts";
import type { TaskPhase, TaskStore } from "./da.ts";
import type { Database } from "./database.ts";
import { fromHex, plainBytes, toHex } from "./encode.ts";
import { lifeColumns, lifeOf } from "./life.ts";
import { packedChannel } from "./packing.ts";
import { payloadReader } from "./payloads.ts";
import { taskColumns, taskOf, type TaskRow } from "./records.ts";
import { assignments } from "./assignments.ts";
import { deadCount, deadOutputs } from "./dead_outputs.ts";
import { taskSaver } from "./save.ts";

// `skip locked`, so that drivers don't wait for each other. A claimed task is due again when the
// hold ends, unless `save` says otherwise, so the head of the index only has tasks to do. The array
// makes the update read by key: a join with `due`, whose size it can't know, scans all tasks.
const claimDue = `
  with me as (
    insert into w3bstream.drivers (name, live_until) values ($1, now() + $2 * interval '1 ms')
    on conflict (name) do update set live_until = excluded.live_until
  ), due as (
    select serial, wake_at as due_at from w3bstream.tasks t
     where wake_at <= now()
       and (driver is null or driver = $1 or not exists (
         select from w3bstream.drivers d where d.name = t.driver and d.live_until > now()))
     order by wake_at limit $3
       for update skip locked
  ), claimed as (
    update w3bstream.tasks t set driver = $1, wake_at = now() + $2 * interval '1 ms'
     where serial = any (array(select serial from due))
    returning *
  )
  select ${taskColumns} from claimed t join due using (serial) order by due.due_at, t.serial`;

const renewDriver = `
  with gone as (
    delete from w3bstream.drivers where live_until < now() - interval '1 day' and name <> $1
  )
  insert into w3bstream.drivers (name, live_until) values ($1, now() + $2 * interval '1 ms')
  on conflict (name) do update set live_until = excluded.live_until`;

// Tasks a turn, so that a large purge never holds locks for long.
const purgeEnded = `
  with ended as (
    select serial from w3bstream.tasks
     where project_id = $1 and version = $2 and purged_at is null
       and ended_at < to_timestamp($3::float8 / 1000)
     order by ended_at limit 100 for update skip locked
  ), emptied as (
    update w3bstream.messages m set data = null, salt = null
      from ended where m.task_serial = ended.serial and m.data is not null
    returning 1
  ), marked as (
    update w3bstream.tasks t set purged_at = clock_timestamp(), input_salt = null, input = null
      from ended where t.serial = ended.serial
    returning 1
  )
  select (select count(*) from marked) as tasks, (select count(*) from emptied) as messages`;

export function taskStore(database: Database): TaskStore {
  const { query } = database;
  const payloadOf = payloadReader(database);
  return {
    async claim(driver, holdMs, limit) {
      return (await query<TaskRow>(claimDue, [driver, holdMs, limit])).map(taskOf);
    },
    async renew(driver, holdMs) {
      await query(renewDriver, [driver, holdMs]);
    },
    save: taskSaver(database),
    async get(taskId) {
      const [row] = await query<TaskRow>(
        `select ${taskColumns} from w3bstream.tasks t where task_hash = $1`,
        [fromHex(taskId)],
      );
      return row && taskOf(row);
    },
    async messages(taskId) {
      const payload = await payloadOf(taskId);
      if (payload && !payload.messages) {
        throw new Error(`the messages of task ${taskId} were purged`);
      }
      return payload?.messages ?? [];
    },
    async input(taskId) {
      const payload = await payloadOf(taskId);
      if (payload && !payload.messages) {
        throw new Error(`the messages of task ${taskId} were purged`);
      }
      return payload?.input ?? payload?.messages?.map(({ data }) => data) ?? [];
    },
    async leaves(taskId) {
      const rows = await query<{ hash: Uint8Array }>(
        `select m.hash from w3bstream.tasks t join w3bstream.messages m on m.task_serial = t.serial
          where t.task_hash = $1 order by m.task_index`,
        [fromHex(taskId)],
      );
      return rows.map(({ hash }) => toHex(hash));
    },
    inputSalt: async (taskId) => (await payloadOf(taskId))?.inputSalt,
    receipt: (taskId) => receipt(database, taskId),
    assignments: (taskId) => assignments(database, taskId),
    async status(projectId, task) {
      // Neither column can hold a larger number.
      if (projectId >= 1n << 63n || (typeof task === "bigint" && task >= 1n << 63n)) {
        return undefined;
      }
      const column = typeof task === "bigint" ? "serial" : "task_hash";
      const [row] = await query<{
        serial: bigint;
        task_hash: Uint8Array;
        version: string;
        purged: string | null;
        states: string | null;
        outputs: string | null;
      }>(
        `select t.serial, t.task_hash, t.version, t.purged_at::text as purged, ${lifeColumns}
           from w3bstream.tasks t
          where t.project_id = $1 and t.${column} = $2`,
        [projectId, typeof task === "bigint" ? task : fromHex(task)],
      );
      return row && {
        serial: row.serial,
        taskId: toHex(row.task_hash),
        projectId,
        version: row.version,
        purged: row.purged !== null,
        states: lifeOf(row),
      };
    },
    async confirmedSince(since, after, limit) {
      const rows = await query<{ serial: bigint; task_hash: Uint8Array }>(
        `select serial, task_hash from w3bstream.tasks
          where (ended_at >= to_timestamp($1::float8 / 1000) or wake_at is not null)
            and phase = 'proved' and serial > $2
          order by serial limit $3`,
        [since, after, limit],
      );
      return rows.map((row) => ({ serial: row.serial, taskId: toHex(row.task_hash) }));
    },
    async counts() {
      const rows = await query<{ phase: TaskPhase; count: bigint }>(
        "select phase, count(*) as count from w3bstream.tasks group by phase",
      );
      const counts: Record<TaskPhase, number> = { packed: 0, dispatched: 0, proved: 0, failed: 0 };
      for (const { phase, count } of rows) counts[phase] = Number(count);
      return counts;
    },
    async openCounts() {
      const rows = await query<{ phase: TaskPhase; count: bigint }>(
        `select phase, count(*) as count from w3bstream.tasks
          where wake_at is not null or fund_at is not null group by phase`,
      );
      return Object.fromEntries(rows.map(({ phase, count }) => [phase, Number(count)]));
    },
    deadOutputs: (page) => deadOutputs(database, page),
    deadCount: () => deadCount(database),
    onPacked: (listener) => database.listen(packedChannel, listener),
    async purge(projectId, version, endedBefore) {
      for (let purged = 0;;) {
        const [row] = await query<{ tasks: bigint; messages: bigint }>(purgeEnded, [
          projectId,
          version,
          endedBefore,
        ]);
        purged += Number(row?.messages ?? 0);
        if (!row || row.tasks === 0n) return purged;
      }
    },
  };
}

async function receipt(
  database: Database,
  taskId: Hex,
): ReturnType<TaskStore["receipt"]> {
  const [row] = await database.query<{
    prover: Uint8Array;
    vm_type: VmType;
    program_id: Uint8Array;
    image_id: Uint8Array;
    binding_kind: BindingKind;
    public_values: Uint8Array;
    proof: Uint8Array;
  }>(
    `select r.prover, r.vm_type, r.program_id, r.image_id, r.binding_kind, r.public_values, r.proof
       from w3bstream.tasks t join w3bstream.receipts r on r.task_serial = t.serial
      where t.task_hash = $1 order by r.entry limit 1`,
    [fromHex(taskId)],
  );
  return row && {
    prover: getAddress(toHex(row.prover)) as Address,
    receipt: {
      vmType: row.vm_type,
      programId: toHex(row.program_id),
      imageId: toHex(row.image_id),
      bindingKind: row.binding_kind,
      publicValues: plainBytes(row.public_values),
      proof: plainBytes(row.proof),
    },
  };
}

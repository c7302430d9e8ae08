/** Tasks that wait until their fee is set aside, and those whose fee may go back. */
import type { Hex } from "viem";
import type { FundingStore } from "./da.ts";
import type { Database } from "./database.ts";
import { byteaArray, fromHex, storable, toHex } from "./encode.ts";
import { packedChannel } from "./packing.ts";
import { taskColumns, taskOf, type TaskRow } from "./records.ts";

// Held for a while, so that several nodes don't fund the same tasks. A project's oldest come first,
// so many of each project: one that can't pay does not hold up the others.
const claimDue = `
  with projects as (
    select distinct project_id from w3bstream.tasks where fund_at <= now() - $3 * interval '1 ms'
  ), due as (
    select first.serial from projects p, lateral (
      select serial from w3bstream.tasks t
       where fund_at <= now() - $3 * interval '1 ms' and t.project_id = p.project_id
       order by serial limit $2) first
  ), locked as (
    select serial from w3bstream.tasks
     where serial = any (array(select serial from due)) and fund_at <= now() - $3 * interval '1 ms'
       for update skip locked
  ), claimed as (
    update w3bstream.tasks t set fund_at = now() + $1 * interval '1 ms'
     where serial = any (array(select serial from locked))
    returning *
  )
  select ${taskColumns} from claimed t order by t.serial`;

const markFunded = `
  update w3bstream.tasks
     set fund_at = null, escrow_until = to_timestamp($2::float8 / 1000),
         wake_at = case when phase = 'packed' and machine is null
                        then coalesce(wake_at, clock_timestamp()) else wake_at end
   where task_hash = any ($1::bytea[])`;

// An entry a reason, not one a try.
const putOff = `
  with late as (
    update w3bstream.tasks set fund_at = now() + $2 * interval '1 ms'
     where task_hash = any ($1::bytea[])
    returning serial, phase
  )
  insert into w3bstream.task_states (task_serial, state, by, comment, result)
  select serial, 'packed', 'fund', $3, '' from late
   where phase = 'packed' and $3 is distinct from (
     select comment from w3bstream.task_states s where s.task_serial = late.serial
      order by entry desc limit 1)`;

// Nothing more is set aside for what ended; what goes on is funded anew.
const markReleased = `
  update w3bstream.tasks
     set escrow_until = null, fund_at = case when ended_at is null and $2 then now() end
   where task_hash = any ($1::bytea[])`;

export function fundingStore(database: Database): FundingStore {
  const { query } = database;
  const hashes = (taskIds: readonly Hex[]) => byteaArray(taskIds.map(fromHex));
  return {
    async due(holdMs, perProject, lateMs = 0) {
      return (await query<TaskRow>(claimDue, [holdMs, perProject, lateMs])).map(taskOf);
    },
    async funded(taskIds, until) {
      await query(markFunded, [hashes(taskIds), until ?? null]);
      database.notify(packedChannel);
    },
    async hold(taskIds, ms) {
      await query(
        `update w3bstream.tasks set fund_at = now() + $2 * interval '1 ms'
          where task_hash = any ($1::bytea[]) and fund_at is not null`,
        [hashes(taskIds), ms],
      );
    },
    async putOff(taskIds, ms, comment) {
      await query(putOff, [hashes(taskIds), ms, storable(comment)]);
    },
    async overdue(limit) {
      const rows = await query<{ task_hash: Uint8Array; project_id: bigint }>(
        `select task_hash, project_id from w3bstream.tasks where escrow_until < now()
          order by escrow_until limit $1`,
        [limit],
      );
      return rows.map((row) => ({ taskId: toHex(row.task_hash), projectId: row.project_id }));
    },
    async released(taskIds, refunded) {
      await query(markReleased, [hashes(taskIds), refunded]);
    },
  };
}

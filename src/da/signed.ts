import type { Hex } from "viem";
import type { SignedTask } from "../protocol/task_block.ts";
import type { SignedTaskStore, StoredSigned } from "./da.ts";
import type { Database } from "./database.ts";
import { fromHex, plainArray, toHex } from "./encode.ts";
import { isUuid } from "./ids.ts";
import { taskColumns, taskOf, type TaskRow } from "./records.ts";

type SignedRow = TaskRow & { leaves: Uint8Array; purged: string | null };

const columns = `${taskColumns}, t.purged_at::text as purged,
  (select string_agg(m.hash, ''::bytea order by m.task_index)
     from w3bstream.messages m where m.task_serial = t.serial) as leaves`;

const packed = `
  with wanted as (
    (select * from w3bstream.tasks where serial = any ($1::int8[]) order by serial limit $3)
    union all
    (select * from w3bstream.tasks where serial > $2 order by serial limit $3)
  ), few as (
    select *, sum(message_count) over (order by serial) - message_count as before from wanted
  )
  select ${columns} from few t where t.before < $4 order by t.serial limit $3`;

// A purge that commits late, behind others, is still found: what is younger than a minute waits.
const purged = `
  with gone as (
    select * from w3bstream.tasks
     where purged_at is not null and (purged_at, serial) > ($1::text::timestamptz, $2::int8)
       and purged_at < now() - interval '1 minute'
     order by purged_at, serial limit $3
  ), few as (
    select *, sum(message_count) over (order by purged_at, serial) - message_count as before
      from gone
  )
  select ${columns} from few t
   where t.before < $4 order by t.purged_at, t.serial`;

interface MessageRow {
  readonly id: string;
  readonly client_id: string;
  readonly salt: Uint8Array | null;
  readonly task_index: number;
  readonly outputs: string;
}

const including = `
  select ${columns}, member.id::text as id, member.client_id, member.salt, member.task_index,
         coalesce((
           select json_agg(newest order by index)
             from (select distinct on (index) index, state, reference from w3bstream.outputs
                    where task_serial = t.serial order by index, entry desc) newest
         ), '[]')::text as outputs
    from w3bstream.messages member join w3bstream.tasks t on t.serial = member.task_serial
   where member.id = $1::uuid`;

export function signedTaskStore({ query }: Database): SignedTaskStore {
  return {
    async get(taskId) {
      const [row] = await query<SignedRow>(
        `select ${columns} from w3bstream.tasks t where task_hash = $1`,
        [fromHex(taskId)],
      );
      return row && storedOf(row);
    },
    async including(messageId) {
      if (!isUuid(messageId)) return undefined;
      const [row] = await query<SignedRow & MessageRow>(including, [messageId]);
      if (!row) return undefined;
      const { id, client_id, salt, task_index } = row;
      const task = storedOf(row);
      const { projectId, version } = task.task;
      return {
        message: { id, projectId, version, clientId: client_id, salt: salt ?? undefined },
        index: task_index,
        task,
        outputs: JSON.parse(row.outputs),
      };
    },
    async at(serial) {
      const [row] = await query<{ task_hash: Uint8Array }>(
        "select task_hash from w3bstream.tasks where serial = $1",
        [serial],
      );
      return row && toHex(row.task_hash);
    },
    async packed(after, missing, { tasks, leaves }) {
      const rows = await query<SignedRow>(packed, [plainArray(missing), after, tasks, leaves]);
      return rows.map(storedOf);
    },
    async purged({ at, serial }, { tasks, leaves }) {
      const rows = await query<SignedRow & { purged: string }>(purged, [at, serial, tasks, leaves]);
      return rows.map((row) => ({ ...storedOf(row), at: row.purged }));
    },
  };
}

function storedOf(row: SignedRow): StoredSigned {
  const { serial, taskId, task, signature } = taskOf(row);
  const leaves: Hex[] = [];
  for (let i = 0; i < row.leaves.length; i += 32) {
    leaves.push(toHex(row.leaves.subarray(i, i + 32)));
  }
  const signed: SignedTask = { taskId, task, signature, leaves };
  return { ...signed, serial, purged: row.purged !== null };
}

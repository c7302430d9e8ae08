import type { Hex } from "viem";
import { leafHash } from "../protocol/merkle.ts";
import type {
  Message,
  PackedGroup,
  PackedTask,
  PackStore,
  PendingGroup,
  TaskRecord,
} from "./da.ts";
import type { Database } from "./database.ts";
import { byteaArray, fromHex, ms, packList, plainArray } from "./encode.ts";
import { uuidBytes } from "../hex.ts";
import { appendedChannel } from "./messages.ts";
import { messageOf, type MessageRow, taskColumns, taskOf, type TaskRow } from "./records.ts";

export const packedChannel = "w3bstream_packed";

/** Most messages of a group that `pending` counts; a larger backlog is packed run by run anyway. */
export const pendingLimit = 4096;

type Group = Pick<PendingGroup, "projectId" | "version" | "group">;

interface Limits {
  readonly maxCount: number;
  readonly maxBytes: number;
}

export function packStore(database: Database): PackStore {
  return {
    pending: () => pending(database),
    async pack(group, limits, build) {
      const records = await packEach(database, group, limits, async (messages) => {
        const packed = await build(messages);
        return packed ? [{ messages, packed }] : [];
      });
      return records?.[0];
    },
    packEach: (group, limits, build) => packEach(database, group, limits, build),
    onAppended(listener) {
      const stops = [appendedChannel, packedChannel].map((c) => database.listen(c, listener));
      return () => stops.forEach((stop) => stop());
    },
  };
}

/** Undefined when there is nothing to pack, or another node packs the group. */
async function packEach(
  database: Database,
  group: Group,
  limits: Limits,
  build: (messages: readonly Message[]) => Promise<readonly PackedGroup[]>,
): Promise<TaskRecord[] | undefined> {
  const name = `w3bstream:pack:${group.projectId}:${group.version}:${group.group}`;
  const unlock = await database.tryLock(name);
  if (!unlock) return undefined;
  const records: TaskRecord[] = [];
  try {
    const messages = await oldest(database, group, limits);
    if (messages.length === 0) return undefined;
    // Outside of any transaction: a build may run a program for seconds.
    for (const { messages: own, packed } of await build(messages)) {
      const record = await commit(database, own, packed);
      if (record) records.push(record);
    }
    return records;
  } finally {
    if (records.length > 0) database.notify(packedChannel);
    await unlock();
  }
}

// Steps from group to group on the index and reads a bounded part of each: a plain `group by` reads
// the whole backlog at each wake-up.
async function pending(database: Database): Promise<PendingGroup[]> {
  const rows = await database.query<{
    project_id: bigint;
    project_version: string;
    group_key: string;
    count: bigint;
    bytes: bigint;
    age: bigint;
  }>(
    `with recursive groups as (
       (select project_id, project_version, group_key from w3bstream.messages
         where task_serial is null
         order by project_id, project_version, group_key limit 1)
       union all
       select next.* from groups g, lateral (
         select project_id, project_version, group_key from w3bstream.messages
          where task_serial is null
            and (project_id, project_version, group_key)
              > (g.project_id, g.project_version, g.group_key)
          order by project_id, project_version, group_key limit 1) next
     )
     select g.*, run.count, run.bytes, ${ms("clock_timestamp()")} - ${ms("run.oldest")} as age
       from groups g, lateral (
         select count(*) as count, sum(size) as bytes, min(received_at) as oldest
           from (select size, received_at from w3bstream.messages m
                  where task_serial is null and m.project_id = g.project_id
                    and m.project_version = g.project_version and m.group_key = g.group_key
                  order by id limit ${pendingLimit}) first) run
      where run.count > 0`,
  );
  return rows.map((row) => ({
    projectId: row.project_id,
    version: row.project_version,
    group: row.group_key,
    count: Number(row.count),
    bytes: Number(row.bytes),
    ageMs: Math.max(0, Number(row.age)),
  }));
}

async function oldest(
  database: Database,
  group: Group,
  limits: Limits,
): Promise<Message[]> {
  const rows = await database.query<MessageRow>(
    `select id::text as id, project_id, project_version, client_id, data, salt,
            ${ms("received_at")} as received
       from (select *, sum(size) over (order by id) as total, row_number() over (order by id) as n
               from (select * from w3bstream.messages
                      where task_serial is null and project_id = $1 and project_version = $2
                        and group_key = $3
                      order by id limit $4) first) run
      where n = 1 or total <= $5
      order by run.id`,
    [group.projectId, group.version, group.group, limits.maxCount, limits.maxBytes],
  );
  return rows.map(messageOf);
}

// One statement, so that it is all or nothing wherever it is cut off. The rows are locked and
// counted first: if another packer took one of them meanwhile, nothing is written.
const commitPacked = `
  with wanted as (
    select * from unnest($1::uuid[], $2::bytea[]) with ordinality as w(id, hash, position)
  ), locked as (
    select m.id from w3bstream.messages m
     where m.id in (select id from wanted) and m.task_serial is null
     order by m.id for update
  ), t as (
    insert into w3bstream.tasks (task_hash, chain_id, router, project_id, version, program_id,
      messages_root, input_commitment, nonce, signature, input_salt, message_count, wake_at, fund_at,
      input)
    select $3::bytea, $4::numeric, $5::bytea, $6::int8, $7, $8::bytea, $9::bytea, $10::bytea,
           $11::numeric, $12::bytea, $13::bytea, $14::int4,
           case when $15::boolean then null else clock_timestamp() end,
           case when $15::boolean then clock_timestamp() end, $16::bytea
     where (select count(*) from locked) = $14::int4
    returning *
  ), taken as (
    update w3bstream.messages m
       set task_serial = t.serial, task_index = w.position - 1, hash = w.hash
      from t, wanted w where m.id = w.id and m.task_serial is null
    returning 1
  ), logged as (
    insert into w3bstream.task_states (task_serial, state, by, comment, result)
    select serial, 'packed', 'pack', '', '' from t
  )
  select ${taskColumns}, (select count(*) from taken) as taken from t`;

async function commit(
  database: Database,
  messages: readonly Message[],
  { task, taskId, signature, inputSalt, leaves, input, unfunded }: PackedTask,
): Promise<TaskRecord | undefined> {
  const hashes: readonly Hex[] = leaves ??
    messages.map((message) => leafHash({ ...message, id: uuidBytes(message.id) }));
  if (hashes.length !== messages.length) throw new RangeError("a task has one leaf a message");
  const [row] = await database.query<TaskRow & { taken: bigint }>(commitPacked, [
    plainArray(messages.map(({ id }) => id)),
    byteaArray(hashes.map(fromHex)),
    fromHex(taskId),
    task.chainId.toString(),
    fromHex(task.router),
    task.projectId,
    task.version,
    fromHex(task.programId),
    fromHex(task.messagesRoot),
    fromHex(task.inputCommitment),
    task.nonce.toString(),
    fromHex(signature),
    inputSalt,
    messages.length,
    unfunded ?? false,
    input ? packList(input) : null,
  ]);
  if (row && Number(row.taken) !== messages.length) {
    throw new Error(`task ${taskId} took ${row.taken} of ${messages.length} messages`);
  }
  return row && taskOf(row);
}

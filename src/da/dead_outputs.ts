import type { Hex } from "viem";
import type { DeadOutput, TaskStore } from "./da.ts";
import type { Database } from "./database.ts";
import { ms, toHex } from "./encode.ts";

const newest = `not exists (
  select from w3bstream.outputs n
   where n.task_serial = o.task_serial and n.index = o.index and n.entry > o.entry)`;

export async function deadOutputs(
  { query }: Database,
  { projectId, before, limit }: Parameters<TaskStore["deadOutputs"]>[0],
): Promise<DeadOutput[]> {
  const rows = await query<{
    id: bigint;
    project_id: bigint;
    serial: bigint;
    task_hash: Uint8Array;
    output: number;
    attempt: number;
    at: bigint;
    by: string;
    reason: string;
  }>(
    `select o.entry as id, t.project_id, t.serial, t.task_hash, o.index as output, o.attempt,
            ${ms("o.at")} as at, o.by, o.comment as reason
       from w3bstream.outputs o join w3bstream.tasks t on t.serial = o.task_serial
      where o.state = 'dead' and ($1::int8 is null or t.project_id = $1)
        and ($2::int8 is null or o.entry < $2) and ${newest}
      order by o.entry desc limit $3`,
    [projectId ?? null, before ?? null, limit],
  );
  return rows.map(({ project_id, task_hash, ...row }) => ({
    ...row,
    at: Number(row.at),
    projectId: BigInt(project_id),
    taskId: toHex(task_hash) as Hex,
  }));
}

export async function deadCount({ query }: Database): Promise<number> {
  const [row] = await query<{ count: bigint }>(
    `select count(*) as count from w3bstream.outputs o where o.state = 'dead' and ${newest}`,
    [],
  );
  return Number(row?.count ?? 0);
}

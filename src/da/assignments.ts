import { getAddress, type Hex } from "viem";
import { batchSchema, skippedHash } from "../protocol/assignment.ts";
import type { AssignmentRecord } from "./da.ts";
import type { Database } from "./database.ts";
import { fromHex, toHex } from "./encode.ts";

/** The assignments of a task, by epoch. */
export async function assignments(database: Database, taskId: Hex): Promise<AssignmentRecord[]> {
  const rows = await database.query<{
    epoch: bigint;
    prover: Uint8Array;
    seed_block: bigint;
    seed_hash: Uint8Array;
    rank: bigint;
    skipped: string;
    batch: string;
  }>(
    `select a.epoch, a.prover, a.seed_block, a.seed_hash, a.rank, a.skipped, a.batch
       from w3bstream.tasks t join w3bstream.assignments a on a.task_serial = t.serial
      where t.task_hash = $1 order by a.epoch`,
    [fromHex(taskId)],
  );
  return rows.map((row) => ({
    taskId,
    epoch: row.epoch,
    prover: getAddress(toHex(row.prover)),
    seedBlock: row.seed_block,
    seedHash: toHex(row.seed_hash),
    rank: row.rank,
    skippedHash: skippedHash(row.skipped),
    skipped: row.skipped,
    batch: batchSchema.parse(JSON.parse(row.batch)),
  }));
}

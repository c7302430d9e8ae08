/** Reads what leaseholders are sent; tasks that are asked for at once are read at once. */
import type { Hex } from "viem";
import type { Message } from "./da.ts";
import type { Database } from "./database.ts";
import { byteaArray, fromHex, ms, plainBytes, toHex, unpackList } from "./encode.ts";
import { GroupCommit, groupCommitDefaults } from "./group_commit.ts";
import { messageOf, type MessageRow } from "./records.ts";

export interface Payload {
  /** Undefined once it is purged. */
  readonly inputSalt: Uint8Array | undefined;
  /** In the task's order; undefined once they are purged. */
  readonly messages: Message[] | undefined;
  /** What the program reads instead of their data; undefined where it reads that. */
  readonly input: Uint8Array[] | undefined;
}

// The array makes it read by key: a join with it, whose size is not known, may scan all tasks.
const payloadsOf = `
  select t.task_hash, t.input_salt, m.id::text as id, m.project_id, m.project_version, m.client_id,
         m.data, m.salt, case when m.task_index = 0 then t.input end as input, ${
  ms("m.received_at")
} as received
    from w3bstream.tasks t join w3bstream.messages m on m.task_serial = t.serial
   where t.task_hash = any ($1::bytea[]) order by t.serial, m.task_index`;

type PayloadRow = MessageRow & {
  task_hash: Uint8Array;
  input_salt: Uint8Array | null;
  input: Uint8Array | null;
  data: Uint8Array | null;
};

/** Tasks read by one statement. */
const batchRows = 16;

/** Answers a function that reads the payload of a task; undefined for one that is not there. */
export function payloadReader(database: Database): (taskId: Hex) => Promise<Payload | undefined> {
  const reads = new GroupCommit<Hex, Payload | undefined>(
    { ...groupCommitDefaults, batchRows, concurrency: database.concurrency },
    async (taskIds) => {
      const found = await read(database, new Set(taskIds));
      return taskIds.map((taskId) => found.get(taskId));
    },
  );
  return (taskId) => reads.add(taskId, 0);
}

async function read(database: Database, taskIds: Set<Hex>): Promise<Map<Hex, Payload>> {
  const rows = await database.query<PayloadRow>(payloadsOf, [
    byteaArray([...taskIds].map(fromHex)),
  ]);
  const found = new Map<Hex, Payload>();
  for (const [taskId, own] of Map.groupBy(rows, (row) => toHex(row.task_hash))) {
    const { input_salt: salt, input } = own[0] as PayloadRow;
    found.set(taskId, {
      inputSalt: salt ? plainBytes(salt) : undefined,
      messages: own.every(({ data }) => data !== null) ? own.map(messageOf) : undefined,
      input: input ? unpackList(input) : undefined,
    });
  }
  return found;
}

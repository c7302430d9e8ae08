/** What people look at: counts, and lists by pages. Each costs the same however many tasks there are. */
import { type Address, getAddress, type Hex } from "viem";
import type { VmType } from "../../runtimes/runtime.ts";
import { type ListedTask, pageRows, type TaskState, taskStates, type ViewStore } from "./da.ts";
import type { Database } from "./database.ts";
import { fromHex, ms, textArray, toHex } from "./encode.ts";

/** Rows of the tally that are still read as they are. */
const tallyRows = 2_000;
/** Newest proofs that times and throughput are told of, and of how long, hours. */
const proofsSeen = 2_000;
const proofHours = 24;
/** Entries of one task that are shown of each sort. */
const entriesShown = 200;
const messagesShown = 100;

const listColumns = `t.serial, t.task_hash, t.project_id, t.version, t.state, t.message_count,
  ${ms("t.packed_at")} as packed, ${ms("t.ended_at")} as ended`;

interface ListRow extends Record<string, unknown> {
  serial: bigint;
  task_hash: Uint8Array;
  project_id: bigint;
  version: string;
  state: TaskState;
  message_count: number;
  packed: bigint;
  ended: bigint | null;
}

const listed = (row: ListRow): ListedTask => ({
  serial: row.serial,
  taskId: toHex(row.task_hash),
  projectId: row.project_id,
  version: row.version,
  state: row.state,
  messageCount: row.message_count,
  packedAt: Number(row.packed),
  endedAt: row.ended === null ? undefined : Number(row.ended),
});

// The rows of a page are a literal: with any number the plan would be a worse one.
const listAll = `
  select ${listColumns} from w3bstream.tasks t where t.serial < $1
   order by t.serial desc limit ${pageRows}`;

const listState = `
  select ${listColumns} from w3bstream.tasks t where t.state = $2 and -t.serial > -$1::int8
   order by -t.serial limit ${pageRows}`;

// A project's tasks are those of each of its states, merged: one index serves both filters.
const listProject = `
  select ${listColumns} from unnest($2::text[]) as wanted(state), lateral (
    select * from w3bstream.tasks
     where project_id = $3 and state = wanted.state and -serial > -$1::int8
     order by -serial limit ${pageRows}) t
   order by t.serial desc limit ${pageRows}`;

// A znode proves from the lease that it took last before its receipt.
const recentProofs = `
  select r.vm_type, r.prover, ${ms("r.verified_at")} as at,
         ${ms("r.verified_at")} - ${ms("began.at")} as took
    from (select * from w3bstream.receipts order by entry desc limit $1) r,
         lateral (select at from w3bstream.task_states s
                   where s.task_serial = r.task_serial and s.state = 'dispatched'
                     and s.at <= r.verified_at
                   order by s.entry desc limit 1) began
   where r.verified_at > now() - $2 * interval '1 hour'
   order by r.entry desc`;

const taskDetails = `
  select ${listColumns}, t.program_id, ${ms("t.purged_at")} as purged,
    (select json_agg(json_build_array(s.state, ${ms("s.at")}, s.by, s.comment, s.result)
                     order by s.entry)
       from (select * from w3bstream.task_states where task_serial = t.serial
              order by entry desc limit ${entriesShown}) s)::text as states,
    (select json_agg(json_build_array(o.index, o.attempt, o.state, o.reference, o.by, o.comment,
                                      ${ms("o.at")})
                     order by o.entry)
       from (select * from w3bstream.outputs where task_serial = t.serial
              order by entry desc limit ${entriesShown}) o)::text as outputs,
    (select json_agg(json_build_array(a.epoch, encode(a.prover, 'hex'), a.rank, ${ms("a.at")})
                     order by a.epoch)
       from (select * from w3bstream.assignments where task_serial = t.serial
              order by epoch desc limit ${entriesShown}) a)::text as leases,
    (select json_agg(json_build_array(encode(r.prover, 'hex'), r.vm_type, r.verdict,
                                      r.binding_kind, ${ms("r.verified_at")}) order by r.entry)
       from w3bstream.receipts r where r.task_serial = t.serial)::text as proofs
    from w3bstream.tasks t where `;

type Json = string | null;
const parsed = <T>(text: Json): T[] => JSON.parse(text ?? "[]") as T[];

export function viewStore(database: Database): ViewStore {
  const { query } = database;
  const compact = async () => {
    // Two at once would only wait for each other's rows.
    const unlock = await database.tryLock("w3bstream:tally");
    if (!unlock) return;
    try {
      await query(
        `with gone as (delete from w3bstream.task_tally returning *)
         insert into w3bstream.task_tally
         select project_id, state, sum(tasks), sum(messages) from gone group by 1, 2
         having sum(tasks) <> 0`,
      );
    } finally {
      await unlock();
    }
  };
  return {
    async tally() {
      const rows = await query<{
        project_id: bigint;
        state: TaskState;
        tasks: bigint;
        messages: bigint;
        rows: bigint;
      }>(
        `select project_id, state, sum(tasks)::int8 as tasks, sum(messages)::int8 as messages,
                count(*) as rows
           from w3bstream.task_tally group by 1, 2`,
      );
      if (rows.reduce((sum, row) => sum + Number(row.rows), 0) > rows.length + tallyRows) {
        await compact();
      }
      return rows.filter(({ tasks }) => tasks !== 0n).map((row) => ({
        projectId: row.project_id,
        state: row.state,
        tasks: Number(row.tasks),
        messages: Number(row.messages),
      }));
    },
    async tasks({ projectId, state, before = (1n << 63n) - 1n }) {
      if (projectId !== undefined && projectId >= 1n << 63n) return [];
      const rows = projectId !== undefined
        ? await query<ListRow>(listProject, [
          before,
          textArray(state ? [state] : taskStates),
          projectId,
        ])
        : state
        ? await query<ListRow>(listState, [before, state])
        : await query<ListRow>(listAll, [before]);
      return rows.map(listed);
    },
    async task(id) {
      if (typeof id === "bigint" && id >= 1n << 63n) return undefined;
      const [row] = await query<
        ListRow & {
          program_id: Uint8Array;
          purged: bigint | null;
          states: Json;
          outputs: Json;
          leases: Json;
          proofs: Json;
        }
      >(
        `${taskDetails} ${typeof id === "bigint" ? "t.serial = $1" : "t.task_hash = $1"}`,
        [typeof id === "bigint" ? id : fromHex(id)],
      );
      if (!row) return undefined;
      return {
        ...listed(row),
        programId: toHex(row.program_id),
        purgedAt: row.purged === null ? undefined : Number(row.purged),
        states: parsed<[string, number, string, string, string]>(row.states)
          .map(([state, at, by, comment, result]) => ({ state, at, by, comment, result })),
        outputs: parsed<[number, number, string, string, string, string, number]>(row.outputs)
          .map(([index, attempt, state, reference, by, comment, at]) => ({
            ...{ index, attempt, state, reference, by, comment, at },
          })),
        leases: parsed<[number, string, number, number]>(row.leases)
          .map(([epoch, prover, rank, at]) => ({ epoch, prover: addressOf(prover), rank, at })),
        proofs: parsed<[string, VmType, "valid" | "unverifiable", string, number]>(row.proofs)
          .map(([prover, vmType, verdict, bindingKind, at]) => ({
            ...{ prover: addressOf(prover), vmType, verdict, bindingKind, at },
          })),
      };
    },
    async messagesOf(serial) {
      const rows = await query<{ id: string; client_id: string; size: number; received: bigint }>(
        `select id::text as id, client_id, size, ${ms("received_at")} as received
           from w3bstream.messages where task_serial = $1 order by task_index limit $2`,
        [serial, messagesShown],
      );
      return rows.map((row) => ({
        id: row.id,
        clientId: row.client_id,
        bytes: row.size,
        receivedAt: Number(row.received),
      }));
    },
    async failures(before = (1n << 63n) - 1n) {
      const rows = await query<
        ListRow & { entry: bigint; at: bigint; by: string; comment: string }
      >(
        `select s.entry, ${ms("s.at")} as at, s.by, s.comment, ${listColumns}
           from (select * from w3bstream.task_states where state = 'failed' and entry < $1
                  order by entry desc limit ${pageRows}) s
           join w3bstream.tasks t on t.serial = s.task_serial
          order by s.entry desc`,
        [before],
      );
      return rows.map((row) => ({
        entry: row.entry,
        at: Number(row.at),
        by: row.by,
        reason: row.comment,
        task: listed(row),
      }));
    },
    async proofs() {
      const rows = await query<
        { vm_type: VmType; prover: Uint8Array; at: bigint; took: bigint }
      >(recentProofs, [proofsSeen, proofHours]);
      return rows.map((row) => ({
        vmType: row.vm_type,
        prover: addressOf(toHex(row.prover)),
        at: Number(row.at),
        tookMs: Math.max(0, Number(row.took)),
      }));
    },
  };
}

const addressOf = (hex: string): Address =>
  getAddress((hex.startsWith("0x") ? hex : `0x${hex}`) as Hex);

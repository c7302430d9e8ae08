import { getAddress } from "viem";
import {
  type Fault,
  type FaultKind,
  faultOf,
  faultSchema,
  packSigned,
  type StatedUnder,
  type StatementKind,
  unpackSigned,
} from "../protocol/index.ts";
import type { EvidenceStore, StoredFault } from "./da.ts";
import type { Database } from "./database.ts";
import { fromHex, ms, plainBytes } from "./encode.ts";

/** Faults kept of one znode: more show nothing more. */
const mostOfProver = 256;
/** Faults kept of all. */
const mostFaults = 16_384;
/** Until when a fault is kept; stake answers for less. */
const keptDays = 180;

const firstOf = `
  with t as (select serial from w3bstream.tasks where task_hash = $1),
  added as (
    insert into w3bstream.statements (task_serial, epoch, kind, prover, bytes)
    select t.serial, $2::int8, $3, $4::bytea, $5::bytea from t
    on conflict do nothing returning 1
  )
  select (select count(*) from added) as added, s.bytes
    from t left join w3bstream.statements s on s.task_serial = t.serial
     and s.epoch = $2::int8 and s.kind = $3 and s.prover = $4::bytea`;

const found = `
  select s.bytes from w3bstream.tasks t join w3bstream.statements s on s.task_serial = t.serial
   where t.task_hash = $1 and s.epoch = $2::int8 and s.kind = $3 and s.prover = $4::bytea`;

const addFault = `
  with old as (
    delete from w3bstream.faults where at < now() - interval '${keptDays} days'
  )
  insert into w3bstream.faults (kind, prover, task_hash, epoch, fault)
  select $1, $2::bytea, $3::bytea, $4::int8, $5
   where (select count(*) from w3bstream.faults where prover = $2::bytea) < ${mostOfProver}
     and (select count(*) from w3bstream.faults) < ${mostFaults}
  on conflict do nothing returning id`;

export const faultColumns = (table: string) =>
  `${table}.id, ${ms(`${table}.at`)} as at, ${table}.fault`;
const columns = faultColumns("faults");
export type FaultRow = { id: bigint; at: bigint; fault: string };

export function evidenceStore({ query }: Database): EvidenceStore {
  const keyOf = (kind: StatementKind, { taskId, epoch, prover }: StatedUnder) =>
    [fromHex(taskId), epoch, kind, fromHex(prover)] as const;
  const find: EvidenceStore["find"] = async (kind, under) => {
    const [row] = await query<{ bytes: Uint8Array }>(found, [...keyOf(kind, under)]);
    return row && unpackSigned(kind, under, plainBytes(row.bytes));
  };
  return {
    find,
    async first(kind, signed) {
      const parameters = [...keyOf(kind, signed.statement), packSigned(kind, signed)];
      const [row] = await query<{ added: bigint; bytes: Uint8Array | null }>(firstOf, parameters);
      if (!row || row.added > 0n) return undefined;
      // Another process may have stored one just now, which this statement did not see.
      if (!row.bytes) return await find(kind, signed.statement);
      return unpackSigned(kind, signed.statement, plainBytes(row.bytes));
    },
    async add(fault) {
      const { taskId, epoch, prover } = faultOf(fault);
      const rows = await query(addFault, [
        ...[fault.kind, fromHex(prover), fromHex(taskId), epoch, faultText(fault)],
      ]);
      return rows.length > 0;
    },
    async list({ prover, before, limit }) {
      const rows = await query<FaultRow>(
        `select ${columns} from w3bstream.faults
          where ($1::bytea is null or prover = $1::bytea) and ($2::int8 is null or id < $2::int8)
          order by id desc limit $3`,
        [prover ? fromHex(prover) : null, before ?? null, limit],
      );
      return rows.map(faultOfRow);
    },
    async get(id) {
      if (id >= 1n << 63n) return undefined;
      const [row] = await query<FaultRow>(
        `select ${columns} from w3bstream.faults where id = $1`,
        [id],
      );
      return row && faultOfRow(row);
    },
    async recent(since) {
      const rows = await query<{ prover: Uint8Array; kind: FaultKind; at: bigint }>(
        `select prover, kind, ${ms("at")} as at from w3bstream.faults
          where at > to_timestamp($1::float8 / 1000) order by id`,
        [since],
      );
      return rows.map((row) => ({
        prover: getAddress(`0x${row.prover.toHex()}`),
        kind: row.kind,
        at: Number(row.at),
      }));
    },
  };
}

export const faultOfRow = ({ id, at, fault }: FaultRow): StoredFault => ({
  id,
  at: Number(at),
  fault: faultSchema.parse(JSON.parse(fault)),
});

/** Bigints as decimal text. */
export const faultText = (fault: Fault): string =>
  JSON.stringify(fault, (_key, value) => typeof value === "bigint" ? value.toString() : value);

/** A table of an existing database, read in the order in which its rows became final. */
import { createHash } from "node:crypto";
import postgres from "postgres";
import type { Hex } from "viem";
import { clientOptions, queryWith } from "./postgres.ts";

/** What can be read now: rows by transactions of which no older one is open. */
export interface Look {
  /** Of database and table: transaction ids mean something within one only. */
  readonly identity: Hex;
  /** Transaction ids, 64 bits: rows below are final. */
  readonly horizon: bigint;
  /** The next id that is given. */
  readonly next: bigint;
}

export interface SourceRow {
  readonly id: string;
  readonly project: string | null;
  readonly version: string | null;
  /** Null also where it is too large. */
  readonly data: string | Uint8Array | null;
  readonly size: number | null;
  readonly signature: string | null;
  readonly device: string | null;
  readonly time: bigint | null;
  readonly nonce: string | null;
}

export interface Datasource {
  /** @throws {Error} when there is no such table, or a column is missing */
  look(): Promise<Look>;
  /** Rows of transactions from `from` on that are final, by id, those after `last`. */
  rows(look: Look, from: bigint, last: string | undefined, limit: number): Promise<SourceRow[]>;
  close(): Promise<void>;
}

const needed = ["id", "project_id", "project_version", "data"];
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * @param table may have a schema before a dot
 * @param maxBytes larger data is not read
 */
export function openDatasource(dsn: string, table: string, maxBytes: number): Datasource {
  const client = postgres(dsn, { ...clientOptions, max: 1, connect_timeout: 10 });
  const query = queryWith(() => client, () => {});
  const name = table.split(".").map(quoted).join(".");
  let types = new Map<string, string>();
  return {
    async look() {
      const columns = await query<{ column: string; type: string }>(
        `select attname as column, format_type(atttypid, atttypmod) as type from pg_attribute
          where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
        [name],
      );
      types = new Map(columns.map(({ column, type }) => [column, type]));
      if (types.size === 0) throw new Error(`the data source has no table ${table}`);
      const missing = needed.filter((column) => !types.has(column));
      if (missing.length > 0) throw new Error(`${table} has no column ${missing.join(", ")}`);
      const [row] = await query<{ name: string; horizon: bigint; next: bigint }>(
        `select current_database() || '/' || d.oid || '/' || to_regclass($1)::oid as name,
                pg_snapshot_xmin(s)::text::int8 as horizon, pg_snapshot_xmax(s)::text::int8 as next
           from pg_current_snapshot() s, pg_database d where d.datname = current_database()`,
        [name],
      );
      if (!row) throw new Error("the data source did not answer");
      const identity: Hex = `0x${createHash("sha256").update(row.name).digest("hex")}`;
      return { identity, horizon: row.horizon, next: row.next };
    },
    rows({ horizon, next }, from, last, limit) {
      const optional = (column: string, as = "text") =>
        `${types.has(column) ? `${quoted(column)}::${as}` : `null::${as}`} as ${quoted(column)}`;
      const data = types.get("data") === "bytea" ? "data" : "data::text";
      // A row has the low 32 bits of its transaction's id, which is one of the last 2^32.
      return query<SourceRow & Record<string, unknown>>(
        `select id::text as id, project_id::text as project, project_version::text as version,
                case when octet_length(${data}) <= $4 then ${data} end as data,
                octet_length(${data}) as size, ${optional("signature")}, ${optional("device")},
                ${optional("time", "int8")}, ${optional("nonce")}
           from ${name}
          where $1::int8 - (($1::int8 - xmin::text::int8) & 4294967295) >= $2::int8
            and $1::int8 - (($1::int8 - xmin::text::int8) & 4294967295) < $3::int8
            ${last === undefined ? "" : `and id > $6::text::${types.get("id")}`}
          order by ${name}.id limit $5`,
        [next, from, horizon, maxBytes, limit, ...(last === undefined ? [] : [last])],
      );
    },
    close: () => client.end({ timeout: 5 }),
  };
}

import type { ChainView } from "./da.ts";
import type { Database } from "./database.ts";
import { byteaArray, fromHex, plainArray, storable, textArray, toHex } from "./encode.ts";

export function chainView(database: Database): ChainView {
  const { query } = database;
  return {
    async cursor(contract) {
      const [row] = await query<{ block: bigint; hash: Uint8Array }>(
        "select block, hash from w3bstream.chain_cursors where contract = $1",
        [contract],
      );
      return row && { block: row.block, hash: toHex(row.hash) };
    },
    async save(contract, cursor, projects) {
      // The last row of an id wins: one statement can't write a row twice.
      const latest = [...new Map(projects.map((project) => [project.id, project])).values()];
      await query(
        `with changed as (
           insert into w3bstream.projects (contract, id, uri, hash, paused, block)
           select $1, p.* from unnest($2::int8[], $3::text[], $4::bytea[], $5::bool[], $6::int8[])
             as p(id, uri, hash, paused, block)
           on conflict (contract, id) do update
             set uri = excluded.uri, hash = excluded.hash, paused = excluded.paused,
                 block = excluded.block
         )
         insert into w3bstream.chain_cursors (contract, block, hash) values ($1, $7, $8)
         on conflict (contract) do update set block = excluded.block, hash = excluded.hash`,
        [
          contract,
          plainArray(latest.map(({ id }) => id)),
          // A URI is whatever its owner wrote; one with a NUL must not stop the others.
          textArray(latest.map(({ uri }) => storable(uri))),
          byteaArray(latest.map(({ hash }) => fromHex(hash))),
          plainArray(latest.map(({ paused }) => String(paused))),
          plainArray(latest.map(({ block }) => block)),
          cursor.block,
          fromHex(cursor.hash),
        ],
      );
    },
    async projects(contract) {
      const rows = await query<
        { id: bigint; uri: string; hash: Uint8Array; paused: boolean; block: bigint }
      >(
        `select id, uri, hash, paused, block from w3bstream.projects
          where contract = $1 order by id`,
        [contract],
      );
      return rows.map((row) => ({ ...row, hash: toHex(row.hash) }));
    },
    async reset(contract) {
      await query(
        `with rows as (delete from w3bstream.projects where contract = $1)
         delete from w3bstream.chain_cursors where contract = $1`,
        [contract],
      );
    },
  };
}

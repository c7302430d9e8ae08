import type { Hex } from "viem";
import type { ChainView } from "./da.ts";
import { storable } from "./encode.ts";
import type { LocalDatabase } from "./local.ts";

/** The chain's view of projects in the local database. */
export function localChainView({ connection, transaction }: LocalDatabase): ChainView {
  const cursor = connection.prepare("select block, hash from chain_cursors where contract = ?");
  const setCursor = connection.prepare("insert or replace into chain_cursors values (?, ?, ?)");
  const rows = connection.prepare(
    "select id, uri, hash, paused, block from projects where contract = ? order by id",
  );
  const setRow = connection.prepare("insert or replace into projects values (?, ?, ?, ?, ?, ?)");
  const deleteCursor = connection.prepare("delete from chain_cursors where contract = ?");
  const deleteRows = connection.prepare("delete from projects where contract = ?");
  cursor.setReadBigInts(true);
  rows.setReadBigInts(true);
  return {
    cursor: async (contract) => {
      const row = cursor.get(contract) as { block: bigint; hash: Hex } | undefined;
      return row && { block: row.block, hash: row.hash };
    },
    save: async (contract, { block, hash }, projects) =>
      transaction(() => {
        for (const { id, uri, hash, paused, block } of projects) {
          // A URI is whatever its owner wrote.
          setRow.run(contract, id, storable(uri), hash, Number(paused), block);
        }
        setCursor.run(contract, block, hash);
      }),
    projects: async (contract) =>
      (rows.all(contract) as {
        id: bigint;
        uri: string;
        hash: Hex;
        paused: bigint;
        block: bigint;
      }[])
        .map((row) => ({ ...row, paused: row.paused !== 0n })),
    reset: async (contract) =>
      transaction(() => {
        deleteRows.run(contract);
        deleteCursor.run(contract);
      }),
  };
}

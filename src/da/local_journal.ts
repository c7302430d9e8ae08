import { type Address, getAddress, type Hex } from "viem";
import type { Journal, JournalEntry } from "./da.ts";
import { storable } from "./encode.ts";
import type { LocalDatabase } from "./local.ts";

interface JournalRow {
  key: string;
  chain_id: string;
  sender: Address;
  nonce: number;
  state: JournalEntry["state"];
  request: string;
  hashes: string;
  updated_at: number;
}

const entryOf = (row: JournalRow): JournalEntry => ({
  key: row.key,
  chainId: BigInt(row.chain_id),
  sender: row.sender,
  nonce: row.nonce,
  state: row.state,
  request: row.request,
  hashes: JSON.parse(row.hashes) as Hex[],
  updatedAt: row.updated_at,
});

// As the unique index has it.
const taken =
  "chain_id = :chain and sender = :sender and state in ('intended', 'sent', 'confirmed')";

/** The journal of one process: what a transaction reads can't change before it writes. */
export function localJournal({ connection, grouped }: LocalDatabase): Journal {
  const byKey = connection.prepare("select * from journal where key = ?");
  const freeNonce = connection.prepare(`
    select min(candidate) as nonce
      from (select :least as candidate
             union all
            select nonce + 1 from journal where ${taken} and nonce >= :least)
     where candidate not in (select nonce from journal where ${taken})`);
  const insert = connection.prepare(`
    insert into journal (key, chain_id, sender, request, nonce, updated_at)
    values (?, ?, ?, ?, ?, ?)`);
  const change = connection.prepare(
    "update journal set state = ?, request = ?, hashes = ?, updated_at = ? where key = ?",
  );
  const unfinished = connection.prepare(`
    select * from journal
     where chain_id = ? and sender = ? and state in ('intended', 'sent') order by nonce`);
  const gas = connection.prepare("select wei from gas_spent where project_id = ? and day = ?");
  const setGas = connection.prepare("insert or replace into gas_spent values (?, ?, ?)");

  const get = (key: string): JournalEntry | undefined => {
    const row = byKey.get(key) as JournalRow | undefined;
    return row && entryOf(row);
  };
  const spent = (projectId: bigint, day: string) =>
    BigInt((gas.get(projectId, day) as { wei: string } | undefined)?.wei ?? 0);
  return {
    get: async (key) => get(key),
    reserve: async ({ key, chainId, sender, request }, chainNonce) =>
      grouped(() => {
        const known = get(key);
        if (known) return known;
        const owner = { chain: chainId.toString(), sender: getAddress(sender) };
        const { nonce } = freeNonce.get({ ...owner, least: chainNonce }) as { nonce: number };
        insert.run(key, owner.chain, owner.sender, storable(request), nonce, Date.now());
        return get(key) as JournalEntry;
      }),
    update: async (key, { state, addHash, request }) =>
      grouped(() => {
        const old = get(key);
        if (!old) throw new Error(`the journal has no entry ${key}`);
        const hashes = addHash && !old.hashes.includes(addHash)
          ? [...old.hashes, addHash]
          : old.hashes;
        change.run(
          state ?? old.state,
          request === undefined ? old.request : storable(request),
          JSON.stringify(hashes),
          Date.now(),
          key,
        );
      }),
    open: async (chainId, sender) =>
      (unfinished.all(chainId.toString(), getAddress(sender)) as unknown as JournalRow[])
        .map(entryOf),
    spent: async (projectId, day) => spent(projectId, day),
    addSpent: async (projectId, day, wei) =>
      grouped(() => {
        setGas.run(projectId, day, (spent(projectId, day) + wei).toString());
      }),
  };
}

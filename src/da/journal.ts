import { type Address, getAddress, type Hex } from "viem";
import type { Journal, JournalEntry } from "./da.ts";
import { type Database, sqlState } from "./database.ts";
import { fromHex, ms, storable, toHex } from "./encode.ts";

interface JournalRow extends Record<string, unknown> {
  key: string;
  chain_id: string;
  sender: Uint8Array;
  nonce: bigint;
  state: JournalEntry["state"];
  request: string;
  hashes: string;
  updated: bigint;
}

const columns = `key, chain_id, sender, nonce, state, request,
  array_to_json(hashes)::text as hashes, ${ms("updated_at")} as updated`;

const entryOf = (row: JournalRow): JournalEntry => ({
  key: row.key,
  chainId: BigInt(row.chain_id),
  sender: getAddress(toHex(row.sender)) as Address,
  nonce: Number(row.nonce),
  state: row.state,
  request: row.request,
  hashes: JSON.parse(row.hashes) as Hex[],
  updatedAt: Number(row.updated),
});

// A nonce is taken while an entry that is intended, sent or confirmed has it, by a unique index.
const taken = "j.chain_id = $2 and j.sender = $3 and j.state in ('intended', 'sent', 'confirmed')";
const reserveNonce = `
  insert into w3bstream.journal as mine (key, chain_id, sender, request, nonce)
  select $1, $2::numeric, $3::bytea, $4, candidate
    from (select $5::int8 as candidate
           union all
          select j.nonce + 1 from w3bstream.journal j where ${taken} and j.nonce >= $5::int8) c
   where not exists (select from w3bstream.journal j where ${taken} and j.nonce = candidate)
     and not exists (select from w3bstream.journal where key = $1)
   order by candidate limit 1
  on conflict (key) do nothing`;

const uniqueViolation = "23505";

export function journal(database: Database): Journal {
  const { query } = database;
  const get = async (key: string): Promise<JournalEntry | undefined> => {
    const [row] = await query<JournalRow>(
      `select ${columns} from w3bstream.journal where key = $1`,
      [key],
    );
    return row && entryOf(row);
  };
  return {
    get,
    async reserve({ key, chainId, sender, request }, chainNonce) {
      const parameters = [
        ...[key, chainId.toString(), fromHex(sender), storable(request), chainNonce],
      ];
      while (true) {
        try {
          await query(reserveNonce, parameters);
          const entry = await get(key);
          if (entry) return entry;
        } catch (error) {
          // Another reservation took the nonce first; the next try sees it.
          if (sqlState(error) !== uniqueViolation) throw error;
        }
      }
    },
    async update(key, { state, addHash, request }) {
      const rows = await query(
        `update w3bstream.journal
            set state = coalesce($2, state), request = coalesce($3, request),
                hashes = case when $4::text is null or $4 = any (hashes) then hashes
                              else hashes || $4::text end,
                updated_at = clock_timestamp()
          where key = $1 returning 1 as done`,
        [key, state ?? null, request === undefined ? null : storable(request), addHash ?? null],
      );
      if (rows.length === 0) throw new Error(`the journal has no entry ${key}`);
    },
    async open(chainId, sender) {
      const rows = await query<JournalRow>(
        `select ${columns} from w3bstream.journal
          where chain_id = $1::numeric and sender = $2 and state in ('intended', 'sent')
          order by nonce`,
        [chainId.toString(), fromHex(sender)],
      );
      return rows.map(entryOf);
    },
    async spent(projectId, day) {
      const [row] = await query<{ wei: string }>(
        "select wei from w3bstream.gas_spent where project_id = $1 and day = $2::text::date",
        [projectId, day],
      );
      return BigInt(row?.wei ?? 0);
    },
    async addSpent(projectId, day, wei) {
      await query(
        `insert into w3bstream.gas_spent (project_id, day, wei)
         values ($1, $2::text::date, $3::numeric)
         on conflict (project_id, day) do update set wei = gas_spent.wei + excluded.wei`,
        [projectId, day, wei.toString()],
      );
    },
  };
}

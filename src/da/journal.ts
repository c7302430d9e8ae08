import { type Address, getAddress, type Hex } from "viem";
import type { Journal, JournalEntry } from "./da.ts";
import { type Database, sqlState } from "./database.ts";
import { fromHex, ms, storable, textArray, toHex } from "./encode.ts";
import { GroupCommit, groupCommitDefaults } from "./group_commit.ts";

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
const taken = "j.chain_id = $2::numeric and j.sender = $3::bytea and j.nonce >= $5::int8 " +
  "and j.state in ('intended', 'sent', 'confirmed')";
const reserveNonces = `
  with fresh as (
    select key, request, row_number() over (order by n) as i
      from unnest($1::text[], $4::text[]) with ordinality as w(key, request, n)
     where not exists (select from w3bstream.journal where key = w.key)
  ), free as (
    select nonce, row_number() over (order by nonce) as i
      from generate_series($5::int8,
             $5::int8 + (select count(*) from w3bstream.journal j where ${taken}) + $6::int8) as nonce
     where nonce not in (select j.nonce from w3bstream.journal j where ${taken})
  )
  insert into w3bstream.journal as mine (key, chain_id, sender, request, nonce)
  select key, $2::numeric, $3::bytea, request, nonce from fresh join free using (i)
  on conflict (key) do nothing`;
const updateEntries = `
  update w3bstream.journal j
     set state = coalesce(u.state, j.state), request = coalesce(u.request, j.request),
         hashes = case when u.hash is null or u.hash = any (j.hashes) then j.hashes
                       else j.hashes || u.hash end,
         updated_at = clock_timestamp()
    from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as u(key, state, request, hash)
   where j.key = u.key returning j.key`;

const uniqueViolation = "23505";

interface Reservation extends Pick<JournalEntry, "key" | "chainId" | "sender" | "request"> {
  readonly least: number;
}
interface Change {
  readonly key: string;
  readonly state?: JournalEntry["state"];
  readonly addHash?: Hex;
  readonly request?: string;
}

/** Of one account and one least nonce. */
async function reserveAll(
  { query }: Database,
  wanted: readonly Reservation[],
): Promise<Map<string, JournalEntry>> {
  const [{ chainId, sender, least }] = wanted as [Reservation];
  const intents = [...new Map(wanted.map((each) => [each.key, each])).values()];
  const keys = textArray(intents.map(({ key }) => key));
  const parameters = [
    ...[keys, chainId.toString(), fromHex(sender)],
    textArray(intents.map(({ request }) => storable(request))),
    ...[least, intents.length],
  ];
  while (true) {
    try {
      await query(reserveNonces, parameters);
      const rows = await query<JournalRow>(
        `select ${columns} from w3bstream.journal where key = any ($1::text[])`,
        [keys],
      );
      if (rows.length === intents.length) {
        return new Map(rows.map((row) => [row.key, entryOf(row)]));
      }
    } catch (error) {
      // Another reservation took a nonce first; the next try sees it.
      if (sqlState(error) !== uniqueViolation) throw error;
    }
  }
}

/** Answers for each whether there is such an entry. One statement changes an entry once. */
async function updateAll(
  { query }: Database,
  changes: readonly Change[],
): Promise<boolean[]> {
  const rows = await query<{ key: string }>(updateEntries, [
    textArray(changes.map(({ key }) => key)),
    textArray(changes.map(({ state }) => state ?? null)),
    textArray(changes.map(({ request }) => request === undefined ? null : storable(request))),
    textArray(changes.map(({ addHash }) => addHash ?? null)),
  ]);
  const known = new Set(rows.map(({ key }) => key));
  return changes.map(({ key }) => known.has(key));
}

/** Most entries of a statement. */
const batchRows = 128;

export function journal(database: Database): Journal {
  const { query } = database;
  const options = { ...groupCommitDefaults, batchRows, concurrency: 1 };
  const reservations = new GroupCommit<Reservation, JournalEntry>(options, async (wanted) => {
    const groups = Map.groupBy(wanted, (w) => `${w.chainId}/${w.sender}/${w.least}`);
    const made = new Map<string, JournalEntry>();
    for (const group of groups.values()) {
      for (const [key, entry] of await reserveAll(database, group)) made.set(key, entry);
    }
    return wanted.map(({ key }) => made.get(key) as JournalEntry);
  });
  const changes = new GroupCommit<Change, boolean>(options, async (batch) => {
    if (new Set(batch.map(({ key }) => key)).size === batch.length) {
      return await updateAll(database, batch);
    }
    const found: boolean[] = [];
    for (const change of batch) found.push(...await updateAll(database, [change]));
    return found;
  });
  return {
    async get(key) {
      const [row] = await query<JournalRow>(
        `select ${columns} from w3bstream.journal where key = $1`,
        [key],
      );
      return row && entryOf(row);
    },
    reserve: (entry, least) => reservations.add({ ...entry, least }, entry.request.length),
    async update(key, change) {
      const found = await changes.add({ key, ...change }, change.request?.length ?? 0);
      if (!found) throw new Error(`the journal has no entry ${key}`);
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

import type { Intents } from "./da.ts";
import type { Database } from "./database.ts";
import { storable } from "./encode.ts";

export function intents({ query }: Database): Intents {
  return {
    async get(key) {
      const [row] = await query<{ intent: string }>(
        "select intent from w3bstream.intents where key = $1",
        [key],
      );
      return row?.intent;
    },
    async save({ key, projectId, intent, cost = 0n, day }, previous) {
      const text = storable(intent);
      const rows = previous === undefined
        ? await query(
          `insert into w3bstream.intents (key, project_id, intent, cost, day)
           values ($1, $2::numeric, $3, $4::numeric, $5::text::date)
           on conflict (key) do nothing returning 1 as done`,
          [key, projectId.toString(), text, cost.toString(), day],
        )
        : await query(
          `update w3bstream.intents
              set intent = $2, cost = cost + $3::numeric, day = $4::text::date,
                  updated_at = clock_timestamp()
            where key = $1 and intent = $5 returning 1 as done`,
          [key, text, cost.toString(), day, storable(previous)],
        );
      return rows.length > 0;
    },
    async spent(projectId, day) {
      const [row] = await query<{ cost: string }>(
        `select coalesce(sum(cost), 0)::text as cost from w3bstream.intents
          where project_id = $1::numeric and day = $2::text::date`,
        [projectId.toString(), day],
      );
      return BigInt(row?.cost ?? 0);
    },
  };
}

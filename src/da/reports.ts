/** Faults that are still to be reported to the slasher. */
import type { ReportStore } from "./da.ts";
import type { Database } from "./database.ts";
import { storable } from "./encode.ts";
import { faultColumns, faultOfRow, type FaultRow } from "./evidence.ts";

// Held for a while, so that several nodes don't report the same one.
const claimDue = `
  with due as (
    select id from w3bstream.faults where report_at <= now()
     order by report_at limit 1 for update skip locked
  )
  update w3bstream.faults f set report_at = now() + $1 * interval '1 ms'
    from due where f.id = due.id
  returning ${faultColumns("f")}, f.report`;

const putOff = `
  update w3bstream.faults
     set report_at = now() + least($2 * 2 ^ least(report_tries, 20), $3) * interval '1 ms',
         report_tries = report_tries + 1, report = $4
   where id = $1 and report_at is not null`;

export function reportStore({ query }: Database): ReportStore {
  return {
    async due(holdMs) {
      const [row] = await query<FaultRow & { report: string }>(claimDue, [holdMs]);
      return row && { ...faultOfRow(row), report: row.report };
    },
    async hold(id, ms) {
      await query(
        `update w3bstream.faults set report_at = now() + $2 * interval '1 ms'
          where id = $1 and report_at is not null`,
        [id, ms],
      );
    },
    async putOff(id, { firstMs, mostMs }, reason) {
      await query(putOff, [id, firstMs, mostMs, storable(reason)]);
    },
    async end(id, outcome) {
      await query("update w3bstream.faults set report_at = null, report = $2 where id = $1", [
        ...[id, storable(outcome)],
      ]);
    },
  };
}

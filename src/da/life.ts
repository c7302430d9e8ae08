import type { StateEntry } from "./da.ts";
import { ms } from "./encode.ts";

/**
 * SQL columns `states` and `outputs`: JSON of a task `t`'s state log and of the newest state of
 * each of its outputs.
 */
export const lifeColumns = `
  (select json_agg(json_build_array(s.state, ${ms("s.at")}, s.by, s.comment, s.result)
                   order by s.entry)
     from w3bstream.task_states s where s.task_serial = t.serial)::text as states,
  (select json_agg(o.state)
     from (select distinct on (index) state from w3bstream.outputs
            where task_serial = t.serial order by index, entry desc) o)::text as outputs`;

type StateRow = [state: string, at: number, by: string, comment: string, result: string];

/**
 * The log, in order. `outputted` means all confirmed (DESIGN R6), so it is left out again while a
 * reorg has taken an output back, and told once when it was logged anew.
 */
export function lifeOf(
  row: { readonly states: string | null; readonly outputs: string | null },
): StateEntry[] {
  const log = (JSON.parse(row.states ?? "[]") as StateRow[])
    .map(([state, at, by, comment, result]) => ({ state, at, by, comment, result }));
  const open = (JSON.parse(row.outputs ?? "[]") as string[]).some((o) => o !== "confirmed");
  const last = log.findLast(({ state }) => state === "outputted");
  return log.filter((entry) => entry.state !== "outputted" || (entry === last && !open));
}

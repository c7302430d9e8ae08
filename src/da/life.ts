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
  (select json_agg(json_build_array(o.state, ${ms("o.at")}, o.reference) order by o.index)
     from (select distinct on (index) index, state, at, reference
             from w3bstream.outputs where task_serial = t.serial
            order by index, entry desc) o)::text as outputs`;

type StateRow = [state: string, at: number, by: string, comment: string, result: string];
type OutputRow = [state: string, at: number, reference: string];

/**
 * The log, in order. Where the task's outputs are on record, `outputted` is what they say: there
 * when all are confirmed, gone again when a reorg takes one back (DESIGN R6).
 */
export function lifeOf(
  row: { readonly states: string | null; readonly outputs: string | null },
): StateEntry[] {
  const log = (JSON.parse(row.states ?? "[]") as StateRow[])
    .map(([state, at, by, comment, result]) => ({ state, at, by, comment, result }));
  const outputs = JSON.parse(row.outputs ?? "[]") as OutputRow[];
  if (outputs.length === 0) return log;
  const others = log.filter(({ state }) => state !== "outputted");
  if (outputs.some(([state]) => state !== "confirmed")) return others;
  const logged = log.findLast(({ state }) => state === "outputted");
  return [...others, {
    state: "outputted",
    at: Math.max(...outputs.map(([, at]) => at)),
    by: logged?.by ?? "output",
    comment: logged?.comment ?? "",
    result: logged?.result ?? outputs.map(([, , reference]) => reference).join("\n"),
  }];
}

/** CPU time of processes. */
import { readFileSync } from "node:fs";
import process from "node:process";

/** CPU time of this process so far, ms. */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Linux tells times in hundredths of a second, whatever its kernel's clock. */
const tickMs = 10;

/** CPU time of the children of this process that have ended, ms, from Linux' `/proc`. */
export function endedChildrenMs(): number {
  const stat = readFileSync(`/proc/${process.pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) * tickMs;
}

/**
 * CPU time of a process and its children so far, of the ones that ended too, ms, from Linux' `/proc`.
 * NaN where the process is gone or there is no `/proc`.
 */
export function cpuMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Behind the command's name, which may have spaces: the state is field 3, times are 14 to 17.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const own = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * tickMs;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
    return children.filter(Boolean).map(Number).reduce((sum, child) => {
      const ms = cpuMs(child);
      // Ended between the two looks: its parent has it when it is asked next.
      return sum + (Number.isNaN(ms) ? 0 : ms);
    }, own);
  } catch {
    return NaN;
  }
}

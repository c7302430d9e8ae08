import type { Hex } from "viem";
import type { SignedTaskStore } from "../da/da.ts";
import { taskBlock } from "../protocol/task_block.ts";

const mostKnown = 1_000;

/** Gives the CIDs of tasks' blocks; it remembers some, since a large one takes milliseconds. */
export function blockNames(
  signed: Pick<SignedTaskStore, "get">,
): (taskId: Hex) => Promise<string | undefined> {
  const known = new Map<Hex, string>();
  return async (taskId) => {
    const name = known.get(taskId);
    if (name !== undefined) return name;
    const task = await signed.get(taskId);
    if (!task) return undefined;
    const made = `${(await taskBlock(task)).cid}`;
    if (known.size >= mostKnown) known.clear();
    known.set(taskId, made);
    return made;
  };
}

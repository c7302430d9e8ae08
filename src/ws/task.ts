import { ask, enodeOption, stateLines } from "./api.ts";
import type { Register } from "./cli.ts";
import { getTaskBlock, peerOption } from "./task_block.ts";
import { taskRanking } from "./task_ranking.ts";
import { taskRetry } from "./task_retry.ts";
import { aProjectId } from "./values.ts";

export const task: Register = (program, io) => {
  const group = program.command("task").description("look at tasks, and retry what ended dead");
  enodeOption(group.command("show"))
    .description("the states a task has gone through")
    .argument("<project>", "project id", aProjectId)
    .argument("<task>", "the enode's number of the task, or its 32-byte id")
    .action(async (projectId, id, flags) => {
      const status = await ask(flags.enode, (enode) => enode.task(projectId, id));
      const block = status.block ? [`block ${status.block}`] : [];
      io().result(status, [...stateLines(status.states), ...block]);
    });

  taskRetry(group, io);

  peerOption(group.command("block"))
    .description("fetch a task's block from IPFS and check it: id, root of the leaves, signature")
    .argument("<cid>", "as ws task show gives it")
    .action(async (cid: string, { peer }: { peer?: string }) => {
      const { leaves, ...block } = await getTaskBlock(cid, peer);
      const { taskId, task, signer } = block;
      io().result({ ...block, leaves }, [
        `task     ${taskId}`,
        `project  ${task.projectId}, version ${task.version}, chain ${task.chainId}`,
        `program  ${task.programId}`,
        `root     ${task.messagesRoot} of ${leaves.length} messages`,
        `signer   ${signer}`,
      ]);
    });

  taskRanking(group, io);
};

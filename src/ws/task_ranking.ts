import process from "node:process";
import { type Command, CommanderError } from "commander";
import { type Address, formatEther, type Hex } from "viem";
import { z } from "zod";
import { type ChainClient } from "../chain/clients.ts";
import { canOperate } from "../chain/registrars.ts";
import { stakesAt } from "../chain/stakes.ts";
import { rank } from "../dispatch/ranking.ts";
import {
  type Assignments,
  assignmentsSchema,
  seedBlockOf,
  type Task,
  taskIdOf,
  taskSigner,
} from "../protocol/index.ts";
import { ask, enodeOption } from "./api.ts";
import { checkAssignment, type Checked } from "./assignment_check.ts";
import { chainOptions, contracts, openChain } from "./chain.ts";
import { type Io, UserError } from "./cli.ts";
import { getTaskBlock, peerOption } from "./task_block.ts";
import { anInteger, aProjectId } from "./values.ts";

interface Known {
  readonly taskId: Hex;
  readonly task: Task;
  readonly signature: Hex;
  /** Undefined: the enode's records can't be had. */
  readonly assignments: Assignments["assignments"] | undefined;
}

/** `ws task ranking`: by public data alone. */
export function taskRanking(group: Command, io: () => Io): void {
  const command = group.command("ranking")
    .description("who should prove a task, by chain and stakes, and whether its enode held to it")
    .argument("<project>", "project id", aProjectId)
    .argument("<task>", "its 32-byte id, or the enode's number of it")
    .option("--block <cid>", "read the task from its block, not from an enode")
    .option("--first <n>", "how many to show", anInteger(1, 10_000), 10)
    .option(
      "--start-block <n>",
      "first block with an event of the registrar (default: CONTRACT_START_BLOCK)",
      anInteger(0, Number.MAX_SAFE_INTEGER),
    );
  peerOption(chainOptions(enodeOption(command)))
    .addHelpText("after", "\nExits with 1 when a record is not as recomputed.")
    .action(async (projectId: bigint, id: string, flags) => {
      const known = flags.block
        ? await fromBlock(flags, projectId, id)
        : await fromEnode(flags.enode, projectId, id);
      const { taskId, task } = known;
      if (task.projectId !== projectId) throw new UserError(`it is of project ${task.projectId}`);
      if (taskIdOf(task) !== taskId) throw new UserError("the task's id is not its hash");
      const chain = await openChain(flags);
      if (task.chainId !== chain.id) {
        throw new UserError(`the task is of chain ${task.chainId}, the endpoint of ${chain.id}`);
      }
      const seedBlock = seedBlockOf(task);
      if (seedBlock === undefined) {
        throw new UserError("the task names no height of the chain: nobody is ranked for it");
      }
      const deployed = await contracts(flags, chain.id);
      const seedHash = await hashOf(chain, seedBlock);
      const staked = await stakesAt(
        chain.reader,
        deployed.znodeRegistrar,
        seedBlock,
        BigInt(flags.startBlock ?? process.env.CONTRACT_START_BLOCK ?? 0),
      );
      const order = rank(seedHash, taskId, staked);
      const mayOperate = (operator: Address) =>
        canOperate(chain.reader, deployed.projectRegistrar, { projectId, operator });
      const provers = order.map(({ prover }) => prover);
      const recomputed = { taskId, task, seedBlock, seedHash, order: provers };
      const records: Checked[] = [];
      for (const entry of known.assignments ?? []) {
        const checked = checkAssignment(entry, recomputed);
        const { signer } = checked;
        const foreign = signer && !await mayOperate(signer)
          ? [`${signer} signed it and may not operate the project`]
          : [];
        records.push({ ...checked, problems: [...checked.problems, ...foreign] });
      }
      const signer = await taskSigner(task, known.signature);
      const total = order.reduce((sum, { stake }) => sum + stake, 0n);
      io().result(
        {
          ...{ taskId, projectId, signer, seedBlock, seedHash, staked: order.length, total },
          ranking: order.slice(0, flags.first).map((one, i) => ({ rank: i + 1, ...one })),
          assignments: known.assignments && records,
        },
        [
          `task     ${taskId}, signed by ${signer}`,
          `seed     block ${seedBlock}, ${seedHash}`,
          `stakes   ${order.length} provers, ${formatEther(total)} at stake`,
          ...order.slice(0, flags.first).map(({ prover, stake }, i) =>
            `${`${i + 1}`.padStart(7)}  ${prover}  ${formatEther(stake)}`
          ),
          ...recordLines(known.assignments && records),
        ],
      );
      if (records.some(({ problems }) => problems.length > 0)) {
        throw new CommanderError(1, "ranking", "");
      }
    });
}

function recordLines(records: readonly Checked[] | undefined): string[] {
  if (!records) {
    return ["no records: the enode (--enode) can not be asked, or has none of this task"];
  }
  if (records.length === 0) return ["no records: the task was not given to anybody yet"];
  return records.flatMap(({ epoch, prover, rank, skipped, problems }) => [
    `epoch ${epoch}  ${prover}, rank ${rank}: ${
      problems.length === 0 ? "as recomputed" : `WRONG: ${problems.join("; ")}`
    }`,
    ...(skipped?.named ?? []).map((s) => `         not ${s.prover}: ${s.reason}`),
    ...(skipped?.others ?? []).map((s) => `         not ${s.count} more: ${s.reason}`),
  ]);
}

async function fromEnode(enode: string, projectId: bigint, id: string): Promise<Known> {
  const path = `task/${projectId}/${encodeURIComponent(id)}/assignments`;
  const answer = await ask(enode, (client) => client.request(z.unknown(), path));
  const parsed = assignmentsSchema.safeParse(answer);
  if (!parsed.success) {
    throw new UserError("the enode's answer can't be read; is it of this version?");
  }
  if (id.startsWith("0x") && parsed.data.taskId !== id.toLowerCase()) {
    throw new UserError("the enode answers with another task");
  }
  return parsed.data;
}

async function fromBlock(
  flags: { block: string; peer?: string; enode: string },
  projectId: bigint,
  id: string,
): Promise<Known> {
  const { taskId, task, signature } = await getTaskBlock(flags.block, flags.peer);
  if (!/^0x[0-9a-fA-F]{64}$/.test(id)) throw new UserError("with --block give the 32-byte id");
  if (taskId !== id.toLowerCase() || task.projectId !== projectId) {
    throw new UserError(`the block is of task ${taskId} of project ${task.projectId}`);
  }
  // The records are the enode's alone; the rest needs nobody.
  const assignments = await fromEnode(flags.enode, projectId, id).then(
    (answer) => answer.assignments,
    () => undefined,
  );
  return { taskId, task, signature, assignments };
}

async function hashOf({ reader }: ChainClient, blockNumber: bigint): Promise<Hex> {
  try {
    return (await reader.getBlock({ blockNumber })).hash;
  } catch (error) {
    if ((error as Error).name !== "BlockNotFoundError") throw error;
    throw new UserError(`the seed, block ${blockNumber}, is not on the chain yet`);
  }
}

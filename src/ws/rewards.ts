import { type Address, type Hex, zeroAddress } from "viem";
import { routerAbi } from "../chain/abi/router.ts";
import type { Reader } from "../chain/clients.ts";
import {
  deposit,
  depositOf,
  refund,
  rewardOf,
  rewardToken,
  withdrawDeposit,
  withdrawRewards,
} from "../chain/rewards.ts";
import { chainOptions, contracts, openChain, openSender } from "./chain.ts";
import { type Register, UserError } from "./cli.ts";
import { aBytes32, anIdOrAddress, aProjectId, unitsOf } from "./values.ts";

/** The pool that the router pays by, and how its amounts are written. @throws {UserError} */
async function openPool(reader: Reader, router: Address) {
  const pool = await reader.readContract({
    address: router,
    abi: routerAbi,
    functionName: "rewardPool",
  });
  if (pool === zeroAddress) throw new UserError("the router has no reward pool");
  const token = await rewardToken(reader, pool);
  return { pool, token, ...await unitsOf(reader, token) };
}

export const rewards: Register = (program, io) => {
  const group = program.command("rewards").description("what projects pay provers");

  chainOptions(group.command("deposit"))
    .description("add to what a project can pay; a token is approved first")
    .argument("<project>", "project id", aProjectId)
    .argument("<amount>", "coins, or whole tokens")
    .action(async (projectId, text, flags) => {
      const sender = await openSender(flags);
      const { router } = await contracts(flags, sender.chainId);
      const { pool, parse, format } = await openPool(sender.reader, router);
      const done = await deposit(sender, pool, { projectId, amount: parse(text) });
      io().result(done, [`${format(done.amount)} deposited for project ${projectId}`]);
    });

  chainOptions(group.command("balance"))
    .description("what a project has to pay with, or a prover earned")
    .argument("<whose>", "project id, or the znode's key", anIdOrAddress)
    .action(async (which: bigint | Address, flags) => {
      const { id, reader } = await openChain(flags);
      const { router } = await contracts(flags, id);
      const { pool, token, format } = await openPool(reader, router);
      if (typeof which === "string") {
        const earned = await rewardOf(reader, pool, which);
        return io().result({ pool, token, prover: which, earned }, [`${format(earned)} earned`]);
      }
      const left = await depositOf(reader, pool, which);
      io().result({ pool, token, projectId: which, deposit: left }, [
        `${format(left)} to pay with`,
      ]);
    });

  chainOptions(group.command("withdraw"))
    .description("take what the signer, a znode's key, earned")
    .action(async (flags) => {
      const sender = await openSender(flags);
      const { router } = await contracts(flags, sender.chainId);
      const { pool, format } = await openPool(sender.reader, router);
      const done = await withdrawRewards(sender, pool);
      io().result(done, [`${format(done.amount)} withdrawn`]);
    });

  chainOptions(group.command("refund"))
    .description("give fees of tasks that nobody proved in time back to their projects")
    .argument("<task...>", "task ids", (text, before: Hex[] = []) => [...before, aBytes32(text)])
    .action(async (taskIds, flags) => {
      const sender = await openSender(flags);
      const { router } = await contracts(flags, sender.chainId);
      const { pool } = await openPool(sender.reader, router);
      const done = await refund(sender, pool, taskIds);
      io().result(done, [`${taskIds.length} refunded`]);
    });

  chainOptions(group.command("withdraw-deposit"))
    .description("take back what is not set aside for tasks; the project's owner signs")
    .argument("<project>", "project id", aProjectId)
    .argument("<amount>", "coins, or whole tokens")
    .action(async (projectId, text, flags) => {
      const sender = await openSender(flags);
      const { router } = await contracts(flags, sender.chainId);
      const { pool, parse, format } = await openPool(sender.reader, router);
      const amount = parse(text);
      const done = await withdrawDeposit(sender, pool, { projectId, amount });
      io().result(done, [`${format(amount)} back from project ${projectId}`]);
    });
};

import { deployCore, writeDeployment } from "../chain/deploy.ts";
import { chainOptions, openSender } from "./chain.ts";
import type { Register } from "./cli.ts";
import { aDuration, anAddress, anAmount } from "./values.ts";

export const deploy: Register = (program, io) => {
  chainOptions(program.command("deploy"))
    .description("deploy the registrars, the router, the slasher and the reward pool")
    .option("--min-stake <coins>", "what a znode stakes at least (default: 1)", anAmount)
    .option(
      "--unstake-delay <seconds>",
      "from unstaking to withdrawal (default: 604800)",
      aDuration,
    )
    .option("--penalty <coins>", "what a fault costs (default: the least stake)", anAmount)
    .option(
      "--reward-token <address>",
      "ERC-20 that rewards are paid in (default: coins)",
      anAddress,
    )
    .action(async (flags) => {
      const sender = await openSender(flags);
      const deployment = await deployCore(sender, {
        ...(flags.minStake === undefined ? {} : { minStake: flags.minStake }),
        ...(flags.unstakeDelay === undefined ? {} : { unstakeDelay: flags.unstakeDelay }),
        ...(flags.penalty === undefined ? {} : { penalty: flags.penalty }),
        ...(flags.rewardToken === undefined ? {} : { rewardToken: flags.rewardToken }),
        onDeployed: (name, at) => io().progress(`${name} ${at}`),
      });
      await writeDeployment(flags.addresses, deployment);
      io().result(deployment, [
        `PROJECT_CONTRACT_ADDRESS=${deployment.projectRegistrar}`,
        `ZNODE_CONTRACT_ADDRESS=${deployment.znodeRegistrar}`,
        `ROUTER_CONTRACT_ADDRESS=${deployment.router}`,
        `REWARD_POOL_ADDRESS=${deployment.rewardPool}`,
        `CONTRACT_START_BLOCK=${deployment.block}`,
      ]);
    });
};

import { type Address, formatEther } from "viem";
import type { Reader } from "../chain/clients.ts";
import {
  codehashOf,
  gasLimitOf,
  listVerifier,
  reporterCredit,
  slasherOf,
  slasherStatus,
  withdrawReward,
} from "../chain/slasher.ts";
import { chainOptions, contracts, openChain, openSender } from "./chain.ts";
import { type Register, UserError } from "./cli.ts";
import { aBytes32, anAddress } from "./values.ts";

/** The slasher of the deployment, as the registrar names it. @throws {UserError} */
export async function theSlasher(reader: Reader, znodeRegistrar: Address): Promise<Address> {
  const slasher = await slasherOf(reader, znodeRegistrar);
  if (!slasher) throw new UserError("the registrar names no slasher");
  return slasher;
}

export const slasher: Register = (program, io) => {
  const group = program.command("slasher").description("what takes stake for proven faults");

  chainOptions(group.command("list-verifier"))
    .description("let a verifier's code judge the proofs of a program; the slasher's admin signs")
    .requiredOption("--verifier <address>", "a contract with that code", anAddress)
    .requiredOption("--program <id>", "the program that it verifies", aBytes32)
    .requiredOption("--gas-limit <gas>", "more than its worst answer takes; 0 unlists it", BigInt)
    .addHelpText(
      "after",
      "\nList only code whose answer depends on code alone: no storage, no proxy. Listing another\n" +
        "program's verifier would let honest znodes be slashed.",
    )
    .action(async (flags) => {
      const sender = await openSender(flags);
      const { znodeRegistrar } = await contracts(flags, sender.chainId);
      const address = await theSlasher(sender.reader, znodeRegistrar);
      const codehash = await codehashOf(sender.reader, flags.verifier);
      const done = await listVerifier(sender, address, {
        codehash,
        programId: flags.program,
        gasLimit: flags.gasLimit,
      });
      const what = flags.gasLimit === 0n ? "no longer judges" : "judges";
      io().result({ ...done, codehash }, [`code ${codehash} ${what} proofs of ${flags.program}`]);
    });

  chainOptions(group.command("withdraw"))
    .description("take the rewards of who signs, earned by reporting faults")
    .action(async (flags) => {
      const sender = await openSender(flags);
      const { znodeRegistrar } = await contracts(flags, sender.chainId);
      const address = await theSlasher(sender.reader, znodeRegistrar);
      const done = await withdrawReward(sender, address);
      io().result(done, [`${formatEther(done.amount)} withdrawn by ${done.transaction}`]);
    });

  chainOptions(group.command("status"))
    .description("what a fault costs, and whether a verifier is listed")
    .option("--verifier <address>", "a verifier", anAddress)
    .option("--program <id>", "a program", aBytes32)
    .option("--reporter <address>", "whose rewards to show", anAddress)
    .action(async (flags) => {
      const { id, reader } = await openChain(flags);
      const { znodeRegistrar } = await contracts(flags, id);
      const address = await theSlasher(reader, znodeRegistrar);
      const status = await slasherStatus(reader, address);
      const { verifier, program: programId, reporter } = flags;
      if ((verifier === undefined) !== (programId === undefined)) {
        throw new UserError("--verifier and --program go together");
      }
      const gasLimit = verifier && programId
        ? await gasLimitOf(reader, address, {
          codehash: await codehashOf(reader, verifier),
          programId,
        })
        : undefined;
      const credit = reporter && await reporterCredit(reader, address, reporter);
      io().result({ slasher: address, ...status, gasLimit, credit }, [
        `slasher   ${address}`,
        `admin     ${status.admin}`,
        `penalty   ${formatEther(status.penalty)}, of it ${
          Number(status.reporterBps) / 100
        } % to the reporter, the rest burned`,
        ...(gasLimit === undefined
          ? []
          : [`verifier  ${gasLimit === 0n ? "not listed" : `listed, with ${gasLimit} gas`}`]),
        ...(credit === undefined ? [] : [`rewards   ${formatEther(credit)}`]),
      ]);
    });
};

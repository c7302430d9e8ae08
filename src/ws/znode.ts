import { formatEther } from "viem";
import { isEligible, registerZNode, stake, znodeOf } from "../chain/registrars.ts";
import { chainOptions, contracts, openChain, openSender } from "./chain.ts";
import type { Register } from "./cli.ts";
import { anAddress, anAmount } from "./values.ts";

export const znode: Register = (program, io) => {
  const group = program.command("znode").description("register and stake a znode");

  chainOptions(group.command("register"))
    .description("create a znode, add its operator key and stake; the signer owns the stake")
    .requiredOption("--did <did>", "the znode's name, for example did:io:0x…")
    .requiredOption("--operator <address>", "the key that the znode runs with", anAddress)
    .requiredOption("--stake <coins>", "amount to stake", anAmount)
    .action(async (flags) => {
      const sender = await openSender(flags);
      const { znodeRegistrar } = await contracts(flags, sender.chainId);
      const done = await registerZNode(sender, znodeRegistrar, {
        did: flags.did,
        operators: [flags.operator],
        amount: flags.stake,
      });
      io().result(done, [`znode ${done.znodeId}: ${flags.operator} may prove`]);
    });

  chainOptions(group.command("stake"))
    .description("add to a znode's stake")
    .argument("<znode>", "the znode's id", BigInt)
    .argument("<coins>", "amount", anAmount)
    .action(async (znodeId, amount, flags) => {
      const sender = await openSender(flags);
      const { znodeRegistrar } = await contracts(flags, sender.chainId);
      const done = await stake(sender, znodeRegistrar, { znodeId, amount });
      io().result(done, [`${formatEther(done.active)} at stake`]);
    });

  chainOptions(group.command("status"))
    .description("whether a key may prove now")
    .argument("<operator>", "the znode's key", anAddress)
    .action(async (operator, flags) => {
      const { id, reader } = await openChain(flags);
      const { znodeRegistrar } = await contracts(flags, id);
      const [eligible, znodeId] = await Promise.all([
        isEligible(reader, znodeRegistrar, operator),
        znodeOf(reader, znodeRegistrar, operator),
      ]);
      const who = znodeId === 0n ? "belongs to no znode" : `proves for znode ${znodeId}`;
      io().result({ operator, znodeId, eligible }, [
        `${operator} ${who}; ${
          eligible ? "eligible" : "not eligible: stake, pause or registration"
        }`,
      ]);
    });
};

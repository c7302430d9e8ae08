import { type Address, formatEther } from "viem";
import type { Reader } from "../chain/clients.ts";
import { chainErrorText } from "../chain/errors.ts";
import {
  isEligible,
  registerZNode,
  stake,
  unstake,
  withdraw,
  znodeOf,
} from "../chain/registrars.ts";
import {
  operatorsOf,
  type OperatorStatus,
  operatorStatus,
  setZNodePaused,
  type ZNodeStatus,
  znodeStatus,
} from "../chain/znodes.ts";
import { chainOptions, contracts, openChain, openSender, startBlock } from "./chain.ts";
import { type Register, UserError } from "./cli.ts";
import { anAddress, anAmount, anId, anIdOrAddress } from "./values.ts";

const time = (seconds: bigint) => new Date(Number(seconds) * 1000).toISOString();

export const znode: Register = (program, io) => {
  const group = program.command("znode").description("register and stake a znode");

  chainOptions(group.command("register"))
    .description("create a znode, add its operator key and stake; the signer owns the stake")
    .requiredOption("--did <did>", "the znode's name, for example did:io:0x…")
    .requiredOption("--operator <address>", "the key that the znode runs with", anAddress)
    .requiredOption("--stake <coins>", "amount to stake", anAmount)
    .action(async (flags) => {
      const sender = await openSender(flags);
      if (flags.operator === sender.wallet.account.address) {
        throw new UserError(
          `${flags.operator} would own the stake, with which no znode runs: make it a key of its own`,
        );
      }
      const { znodeRegistrar } = await contracts(flags, sender.chainId);
      const done = await registerZNode(sender, znodeRegistrar, {
        did: flags.did,
        operators: [flags.operator],
        amount: flags.stake,
      });
      const { znodeId } = done;
      const { stake, minStake } = await znodeStatus(sender.reader, znodeRegistrar, znodeId);
      const lacking = minStake > stake ? formatEther(minStake - stake) : undefined;
      io().result(done, [
        lacking === undefined
          ? `znode ${znodeId}: ${flags.operator} may prove`
          : `znode ${znodeId}: ${flags.operator} may not prove yet: ws znode stake ${znodeId} ${lacking}`,
      ]);
    });

  chainOptions(group.command("stake"))
    .description("add to a znode's stake")
    .argument("<znode>", "the znode's id", anId)
    .argument("<coins>", "amount", anAmount)
    .action(async (znodeId, amount, flags) => {
      const sender = await openSender(flags);
      const { znodeRegistrar } = await contracts(flags, sender.chainId);
      const done = await stake(sender, znodeRegistrar, { znodeId, amount });
      io().result(done, [`${formatEther(done.active)} at stake`]);
    });

  chainOptions(group.command("unstake"))
    .description("ask stake back; it can be withdrawn after a delay, and slashed until then")
    .argument("<znode>", "the znode's id", anId)
    .argument("<coins>", "amount", anAmount)
    .action(async (znodeId, amount, flags) => {
      const sender = await openSender(flags);
      const { znodeRegistrar } = await contracts(flags, sender.chainId);
      const done = await unstake(sender, znodeRegistrar, { znodeId, amount });
      io().result(done, [
        `${formatEther(done.active)} at stake; ws znode withdraw ${znodeId} from ${
          time(done.releaseAt)
        } on`,
      ]);
    });

  chainOptions(group.command("withdraw"))
    .description("take what was asked back, once its time has come")
    .argument("<znode>", "the znode's id", anId)
    .action(async (znodeId, flags) => {
      const sender = await openSender(flags);
      const { znodeRegistrar } = await contracts(flags, sender.chainId);
      const done = await withdraw(sender, znodeRegistrar, { znodeId });
      io().result(done, [`${formatEther(done.amount)} withdrawn`]);
    });

  for (const paused of [true, false]) {
    const name = paused ? "pause" : "unpause";
    chainOptions(group.command(name))
      .description(paused ? "take no more work" : "take work again")
      .argument("<znode>", "the znode's id", anId)
      .action(async (znodeId, flags) => {
        const sender = await openSender(flags);
        const { znodeRegistrar } = await contracts(flags, sender.chainId);
        const { did } = await znodeStatus(sender.reader, znodeRegistrar, znodeId);
        const done = await setZNodePaused(sender, znodeRegistrar, { did, paused });
        io().result(done, [`znode ${znodeId} ${name}d`]);
      });
  }

  chainOptions(group.command("status"))
    .description("a znode's stake and who may prove for it")
    .argument("<znode>", "the znode's id, or the key that it runs with", anIdOrAddress)
    .action(async (which: bigint | Address, flags) => {
      const { id, reader } = await openChain(flags);
      const { znodeRegistrar } = await contracts(flags, id);
      if (typeof which === "bigint") {
        const znodeId = which;
        const status = await znodeStatus(reader, znodeRegistrar, znodeId);
        const fromBlock = await startBlock(flags);
        const operators = await listed(reader, znodeRegistrar, { znodeId, fromBlock });
        return io().result({ ...status, ...operators }, [
          ...znodeLines(status),
          ...(operators.operators?.map(operatorLine) ?? [`operators  ${operators.problem}`]),
        ]);
      }
      const operator = which;
      const [eligible, znodeId] = await Promise.all([
        isEligible(reader, znodeRegistrar, operator),
        znodeOf(reader, znodeRegistrar, operator),
      ]);
      if (znodeId === 0n) {
        const text = `${operator} belongs to no znode; not eligible: ws znode register`;
        return io().result({ operator, znodeId, eligible }, [text]);
      }
      const [status, own] = await Promise.all([
        znodeStatus(reader, znodeRegistrar, znodeId),
        operatorStatus(reader, znodeRegistrar, { znodeId, operator }),
      ]);
      io().result({ operator, eligible, ...status, operators: [own] }, [
        ...znodeLines(status),
        operatorLine(own),
      ]);
    });
};

/** Operators are known by events, which some endpoints refuse to search. */
async function listed(
  reader: Reader,
  registrar: Address,
  which: { znodeId: bigint; fromBlock: bigint },
): Promise<{ operators?: OperatorStatus[]; problem?: string }> {
  try {
    return { operators: await operatorsOf(reader, registrar, which) };
  } catch (error) {
    return { problem: `the endpoint shows no events (${chainErrorText(error)}); name a key` };
  }
}

function znodeLines(z: ZNodeStatus): string[] {
  const few = z.stake < z.minStake ? ` (of at least ${formatEther(z.minStake)})` : "";
  const pending = z.pending > 0n
    ? [`asked back ${formatEther(z.pending)}, from ${time(z.releaseAt)} on`]
    : [];
  return [
    `znode      ${z.znodeId}  ${z.did}${z.paused ? "  paused" : ""}`,
    `owner      ${z.owner}`,
    `stake      ${formatEther(z.stake)}${few}`,
    ...pending,
  ];
}

function operatorLine({ operator, bound, eligible, liableUntil }: OperatorStatus): string {
  const liable = bound || liableUntil === undefined ? "" : `; liable until ${time(liableUntil)}`;
  const state = bound ? `${eligible ? "" : "not "}eligible` : "gone";
  return `operator   ${operator}  ${state}${liable}`;
}

import { formatEther, type Hex } from "viem";
import { z } from "zod";
import type { Reader } from "../chain/clients.ts";
import { liableZNode, reportFault, simulateReport } from "../chain/slasher.ts";
import { checkFault, faultSummarySchema, storedFaultSchema } from "../protocol/index.ts";
import { ask, enodeOption } from "./api.ts";
import { chainOptions, contracts, openChain, openSender, startBlock } from "./chain.ts";
import { type Register, UserError } from "./cli.ts";
import { theSlasher } from "./slasher.ts";
import { anAddress, anId } from "./values.ts";

const listSchema = z.object({ faults: z.array(faultSummarySchema) });
type Flags = { readonly enode: string; readonly addresses: string };

/** A fault of the enode, which is not believed. @throws {UserError} for one that proves nothing */
async function faultAt(enode: string, id: bigint) {
  const read = storedFaultSchema.safeParse(
    await ask(enode, (client) => client.request(z.unknown(), `faults/${id}`)),
  );
  if (!read.success) throw new UserError("the enode's answer is no fault");
  try {
    checkFault(read.data.fault);
  } catch (error) {
    throw new UserError(`this proves nothing: ${(error as Error).message}`);
  }
  return read.data;
}

/** A fault with the slasher of its chain, and the znode whose stake answers for it. */
async function caseOf(reader: Reader, chainId: bigint, flags: Flags, id: bigint) {
  const { fault } = await faultAt(flags.enode, id);
  const { znodeRegistrar, router } = await contracts(flags, chainId);
  if (fault.chainId !== chainId || fault.router !== router) {
    throw new UserError(`the fault is of router ${fault.router} on chain ${fault.chainId}`);
  }
  const slasher = await theSlasher(reader, znodeRegistrar);
  const { prover } = (fault.kind === "equivocation" ? fault.claims[0] : fault.claim).statement;
  const fromBlock = await startBlock(flags);
  const znodeId = await liableZNode(reader, znodeRegistrar, { prover, fromBlock });
  if (znodeId === undefined) throw new UserError(`no znode's stake answers for ${prover}`);
  return { slasher, report: { znodeId, fault } };
}

export const evidence: Register = (program, io) => {
  const group = program.command("evidence").description("faults of znodes that can be proved");

  enodeOption(group.command("list"))
    .description("the faults that an enode keeps, newest first")
    .option("--prover <address>", "only this znode's", anAddress)
    .option("--before <id>", "only those before this one", anId)
    .action(async ({ enode, prover, before }) => {
      const query = new URLSearchParams();
      if (prover) query.set("prover", prover);
      if (before !== undefined) query.set("before", `${before}`);
      const read = listSchema.safeParse(
        await ask(enode, (client) => client.request(z.unknown(), `faults?${query}`)),
      );
      if (!read.success) throw new UserError("the enode's answer is no list of faults");
      const lines = read.data.faults.map((f) =>
        [f.id, f.time, f.kind.padEnd(13), f.prover, `${f.taskId}/${f.epoch}`].join("  ")
      );
      io().result(read.data, lines.length > 0 ? lines : ["none"]);
    });

  enodeOption(group.command("show"))
    .description("one fault, with all that proves it")
    .argument("<id>", "as ws evidence list gives it", anId)
    .action(async (id: bigint, { enode }: Flags) => {
      const stored = await faultAt(enode, id);
      const text = (_: string, v: unknown) => typeof v === "bigint" ? `${v}` : v;
      io().result(stored, [JSON.stringify(stored, text, 2)]);
    });

  enodeOption(chainOptions(group.command("check")))
    .description("whether the slasher would take stake for a fault now; nothing is sent")
    .argument("<id>", "as ws evidence list gives it", anId)
    .action(async (id: bigint, flags) => {
      const { id: chainId, reader } = await openChain(flags);
      const { slasher, report } = await caseOf(reader, chainId, flags, id);
      await simulateReport(reader, slasher, report);
      io().result({ slasher, znodeId: report.znodeId }, [
        `the slasher would take stake of znode ${report.znodeId}`,
      ]);
    });

  enodeOption(chainOptions(group.command("submit")))
    .description("report a fault to the slasher; who signs gets the reward")
    .argument("<id>", "as ws evidence list gives it", anId)
    .action(async (id: bigint, flags) => {
      const sender = await openSender(flags);
      const { slasher, report } = await caseOf(sender.reader, sender.chainId, flags, id);
      const done = await reportFault(sender, slasher, report);
      const transaction: Hex = done.transaction;
      io().result({ ...done, slasher, znodeId: report.znodeId }, [
        `${formatEther(done.slashed)} taken from znode ${report.znodeId} by ${transaction}`,
      ]);
    });
};

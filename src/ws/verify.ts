import { Option } from "commander";
import type { Hex } from "viem";
import { profiles } from "../../runtimes/zkwasm/profile.ts";
import { enodeOption } from "./api.ts";
import { type Register, UserError } from "./cli.ts";
import { verifyHalo2 } from "./halo2.ts";
import { classOption, keyOption, paramOption } from "./prove.ts";
import { verifyMessageReceipt } from "./message_receipt.ts";
import { readReceipt } from "./receipt_file.ts";
import { verifyRisc0 } from "./risc0.ts";
import { aBytes32 } from "./values.ts";
import { verifyZkwasm } from "./zkwasm.ts";
import type { ProvingFlags } from "./zkwasm_wrap.ts";

/** The options of `ws verify`. */
export interface VerifyFlags extends ProvingFlags {
  readonly program?: string;
  readonly imageId?: Hex;
  readonly param?: string;
  /** Of message receipts. */
  readonly data?: string;
  readonly dataFile?: string;
  readonly chain?: string;
  readonly enode: string;
}

export const verify: Register = (program, io) => {
  const command = program.command("verify")
    .description("check a receipt, and show what it says")
    .argument(
      "<receipt>",
      "a receipt of ws prove, ws message receipt or an archive, or one in risc0's own encoding (bincode)",
    )
    .option("--program <path>", "the program that it must be of")
    .addOption(paramOption())
    .option("--image-id <id>", "the image id that it must be of", aBytes32)
    .addOption(
      new Option("--profile <name>", "zkwasm: the profile that it must be of").choices(profiles),
    )
    .addOption(classOption())
    .addOption(keyOption())
    .option("--data <text>", "message receipts: the message that was sent")
    .option("--data-file <path>", "message receipts: the same, as a file")
    .option("--chain <url>", "message receipts: RPC endpoint (default: CHAIN_ENDPOINT)");
  enodeOption(command)
    .action(async (path: string, flags: VerifyFlags) => {
      const receipt = await readReceipt(path);
      if ("kind" in receipt) return await verifyMessageReceipt(path, receipt, flags, io());
      const of = receipt instanceof Uint8Array ? "risc0" : receipt.vmType;
      const others = {
        zkwasm: of === "zkwasm" ? [] : ["profile", "class", "key"] as const,
        risc0: of === "risc0" ? [] : ["param"] as const,
      };
      for (const [other, names] of Object.entries(others)) {
        const name = names.find((name) => flags[name] !== undefined);
        if (name === undefined) continue;
        throw new UserError(`--${name} is for ${other} receipts; ${path} is one of ${of}`);
      }
      if (receipt instanceof Uint8Array || receipt.vmType === "risc0") {
        await verifyRisc0(path, receipt, flags, io());
      } else if (receipt.vmType === "zkwasm") {
        await verifyZkwasm(path, receipt, flags, io());
      } else {
        await verifyHalo2(path, receipt, flags, io());
      }
    });
};

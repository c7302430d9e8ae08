import { type Command, Option } from "commander";
import { type Hex } from "viem";
import { type ReceiptForm, receiptForms } from "../../runtimes/risc0/param.ts";
import { greatestPo2, leastPo2 } from "../../runtimes/risc0/size.ts";
import {
  classNames,
  defaultClass,
  defaultProfile,
  profiles,
} from "../../runtimes/zkwasm/profile.ts";
import { type Register, UserError } from "./cli.ts";
import { type ProgramFile, readProgram } from "./files.ts";
import { proveRisc0 } from "./risc0_prove.ts";
import { aBytes32, anInteger } from "./values.ts";
import { proveZkwasm } from "./zkwasm.ts";
import type { ProvingFlags } from "./zkwasm_wrap.ts";

/** The options of `ws prove`. */
export interface ProveFlags extends ProvingFlags {
  readonly input?: string;
  readonly inputFile?: string;
  readonly message?: readonly string[];
  readonly param?: string;
  readonly binding?: Hex;
  readonly salt?: Hex;
  readonly receipt?: ReceiptForm;
  readonly segmentPo2?: number;
  readonly output?: string;
  readonly dryRun: boolean;
}

/** Options that say something for one machine only. */
const only = {
  zkwasm: ["profile", "class", "key"],
  risc0: ["message", "param", "receipt", "segmentPo2"],
} as const;

/** @throws {UserError} naming an option that is given but is of another machine */
export function refuseOthers({ path, vmType }: ProgramFile, command: Command): void {
  for (const [machine, names] of Object.entries(only)) {
    const given = names.find((name) => command.getOptionValue(name) !== undefined);
    if (machine === vmType || given === undefined) continue;
    const flag = command.options.find((option) => option.attributeName() === given)?.long;
    throw new UserError(`${flag} is for ${machine} programs; ${path} is one of ${vmType}`);
  }
}

export const profileOption = (what: string): Option =>
  new Option("--profile <name>", `zkwasm: ${what} (default: ${defaultProfile})`).choices(profiles);

/** Options of profile wrap. */
export const classOption = (): Option =>
  new Option("--class <name>", `profile wrap: how long a run may be (default: ${defaultClass})`)
    .choices(classNames);
export const keyOption = (): Option =>
  new Option("--key <file>", "profile wrap: the verifying key (default: the test setup's, unsafe)");

export const paramOption = (): Option =>
  new Option("--param <json>", "risc0: the project's codeExpParam (default: none)");

export const prove: Register = (program, io) => {
  const collect = (text: string, before: readonly string[] = []) => [...before, text];
  program.command("prove")
    .description("run a program, and prove the run")
    .argument("<program>", "a .wasm that exports zkmain; or of risc0 a binary, ELF or methods.rs")
    .option("--input <json>", 'zkwasm: {"public_input":[…],"private_input":[…]}; risc0: a message')
    .option("--input-file <path>", "the input as a file")
    .option("--message <text>", "risc0: a message's data; once more for each further one", collect)
    .addOption(paramOption())
    .option("--binding <hash>", "32 bytes that the proof is tied to (default: zeros)", aBytes32)
    .addOption(profileOption("hides private inputs (zk), proven sooner (fast), for chains (wrap)"))
    .addOption(classOption())
    .addOption(keyOption())
    .option("--salt <hash>", "blinds a commitment to the input (default: random)", aBytes32)
    .addOption(
      new Option("--receipt <form>", "risc0: as segments, or as one seal of fixed size")
        .choices(receiptForms),
    )
    .option(
      "--segment-po2 <n>",
      `risc0: rows of a segment at most, as a power of two (default: what PROVER_MEMORY_MB allows)`,
      anInteger(leastPo2, greatestPo2),
    )
    .option("--output <path>", "the receipt (default: <program>.receipt.json)")
    .option("--dry-run", "run without proving", false)
    .action(async (path: string, flags: ProveFlags, command: Command) => {
      const file = await readProgram(path);
      refuseOthers(file, command);
      const proveIt = file.vmType === "zkwasm" ? proveZkwasm : proveRisc0;
      await proveIt(file, flags, io());
    });
};

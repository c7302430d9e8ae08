/** `ws verifier halo2`: the contracts that check a Halo2 program's proofs. */
import type { Command } from "commander";
import type { Address } from "viem";
import { dirname, resolve } from "node:path";
import { encodeProject } from "../project/encode.ts";
import { chainOptions, openSender } from "./chain.ts";
import { type Io, UserError } from "./cli.ts";
import { compileContract } from "./dev/solidity.ts";
import { readDraft, readSource } from "./draft.ts";
import { deployHalo2 } from "./halo2_program.ts";

/** Adds the command to `ws verifier`. */
export function verifierHalo2(group: Command, io: () => Io): void {
  chainOptions(group.command("halo2"))
    .description("deploy what checks proofs of a halo2 program")
    .argument("<project>", "project.json")
    .option("--project-version <version>", "of the project (default: its default version)")
    .option(
      "--source <file>",
      "the contract that was generated with the program (default: the project's contracts.verifier)",
    )
    .action(async (path: string, flags) => {
      const { file } = await encodeProject(await readDraft(path));
      const name = flags.projectVersion ?? file.defaultVersion;
      const program = file.versions.get(name)?.program;
      if (!program) throw new UserError(`${path} has no version ${name}`);
      if (program.vmType !== "halo2") {
        throw new UserError(`version ${name} is of ${program.vmType}: ws verifier --help`);
      }
      const { contracts } = await readSource(path);
      const own = contracts?.verifier && resolve(dirname(path), contracts.verifier);
      const source: string | undefined = flags.source ?? own;
      if (!source) {
        throw new UserError("give --source, the contract that was generated with the program");
      }
      const compiled = await compileContract(source);
      const deployed = await deployHalo2(await openSender(flags), program, compiled, {
        onDeployed: (what: string, at: Address) => io().progress(`${what} ${at}`),
      });
      io().result({ ...deployed, programId: program.programId }, [
        `adapter   ${deployed.adapter} (what ws project route names)`,
        `program   ${program.programId}`,
      ]);
    });
}

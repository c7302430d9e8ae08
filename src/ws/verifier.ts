import { Option } from "commander";
import { deployRisc0Verifier, type Risc0Version, risc0Versions } from "../chain/deploy.ts";
import { chainOptions, openSender } from "./chain.ts";
import type { Register } from "./cli.ts";
import { aBytes32 } from "./values.ts";
import { verifierHalo2 } from "./verifier_halo2.ts";
import { verifierSetup } from "./verifier_setup.ts";
import { verifierZkwasm } from "./verifier_zkwasm.ts";

export const verifier: Register = (program, io) => {
  const command = program.command("verifier").description("contracts that check proofs");
  verifierHalo2(command, io);
  verifierZkwasm(command, io);
  verifierSetup(command, io);
  const versions = Object.keys(risc0Versions);
  chainOptions(command.command("risc0"))
    .description("deploy a verifier of Groth16 receipts of a risc0 program")
    .requiredOption("--program <id>", "the program id that routes name", aBytes32)
    .requiredOption("--image-id <id>", "the guest's image id", aBytes32)
    .addOption(
      new Option("--zkvm <version>", "the zkVM that makes the receipts")
        .choices(versions).default(versions.at(-1)),
    )
    .addOption(
      new Option("--binding <kind>", "data: the journal begins with input commitment and binding")
        .choices(["data", "none"]).default("data"),
    )
    .action(async (flags) => {
      const version: Risc0Version = risc0Versions[flags.zkvm as keyof typeof risc0Versions];
      const deployed = await deployRisc0Verifier(await openSender(flags), {
        programId: flags.program,
        imageId: flags.imageId,
        bindingKind: flags.binding,
        version,
      }, { onDeployed: (name, at) => io().progress(`${name} ${at}`) });
      io().result(deployed, [`adapter  ${deployed.adapter} (what ws project route names)`]);
    });
};

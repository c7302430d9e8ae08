import type { Command } from "commander";
import type { Register } from "./cli.ts";
import { readProgram } from "./files.ts";
import { classOption, keyOption, paramOption, profileOption, refuseOthers } from "./prove.ts";
import { imageIdRisc0 } from "./risc0.ts";
import { imageIdZkwasm } from "./zkwasm.ts";

export const imageId: Register = (program, io) => {
  program.command("image-id")
    .description("what names a program inside its proofs")
    .argument("<program>", "a .wasm that exports zkmain; or of risc0 a binary, ELF or methods.rs")
    .addOption(profileOption("of the proofs"))
    .addOption(classOption())
    .addOption(keyOption())
    .addOption(paramOption())
    .action(async (path: string, flags, command: Command) => {
      const file = await readProgram(path);
      refuseOthers(file, command);
      if (file.vmType === "risc0") await imageIdRisc0(file, flags.param ?? "", io());
      else await imageIdZkwasm(file, flags, io());
    });
};

import { cp, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Option } from "commander";
import { vmTypes } from "../../runtimes/runtime.ts";
import { type Register, UserError } from "./cli.ts";

const template = join(import.meta.dirname, "templates/risc0");
const library = join(import.meta.dirname, "../../wasm/guests/risc0/guest");

export const init: Register = (program, io) => {
  program.command("init")
    .description("start a project in a new folder: a program, its project file and a README")
    .argument("<folder>", "is made; may exist when it is empty")
    .addOption(
      new Option("--runtime <name>", "the machine that runs the program")
        .choices(vmTypes).makeOptionMandatory(),
    )
    .action(async (folder, { runtime }) => {
      if (runtime !== "risc0") {
        throw new UserError(`there is no template for ${runtime} yet, but one for risc0`);
      }
      await makeEmpty(folder);
      await cp(template, folder, { recursive: true });
      // A copy, so that the project stands alone and its image id stays as it is.
      const copy = join(folder, "guest/w3bstream-guest");
      for (const part of ["Cargo.toml", "src"]) {
        await cp(join(library, part), join(copy, part), { recursive: true });
      }
      io().result({ folder, runtime }, [`${folder}: a project; its README.md tells what is next`]);
    });
};

async function makeEmpty(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    if ((await readdir(folder)).length === 0) return;
  } catch (error) {
    throw new UserError(`can't make ${folder} (${(error as NodeJS.ErrnoException).code})`);
  }
  throw new UserError(`${folder} is not empty`);
}

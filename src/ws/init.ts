import { cp, mkdir, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Option } from "commander";
import { type VmType, vmTypes } from "../../runtimes/runtime.ts";
import { type Register, UserError } from "./cli.ts";

const root = join(import.meta.dirname, "../..");

/**
 * What a project gets beside its template, from where in the repository: copies, so that it stands
 * alone and its programs stay as they are.
 */
const parts: Readonly<Record<VmType, Readonly<Record<string, string>>>> = {
  halo2: {
    "circuit.wasm": "wasm/dist/weather_halo2.wasm",
    "contract/UnsafeTestSetupWeatherVerifier.sol":
      "contracts/src/generated/UnsafeTestSetupWeatherVerifier.sol",
  },
  zkwasm: {
    "program/host.ts": "wasm/guests/host.ts",
    "program/committed.ts": "wasm/guests/committed.ts",
    "program/sha256.ts": "wasm/guests/sha256.ts",
  },
  risc0: {
    "guest/w3bstream-guest/Cargo.toml": "wasm/guests/risc0/guest/Cargo.toml",
    "guest/w3bstream-guest/src": "wasm/guests/risc0/guest/src",
  },
};

export const init: Register = (program, io) => {
  program.command("init")
    .description("start a project in a new folder: a program, its project file and a README")
    .argument("<folder>", "is made; may exist when it is empty")
    .addOption(
      new Option("--runtime <name>", "the machine that runs the program")
        .choices(vmTypes).makeOptionMandatory(),
    )
    .action(async (folder: string, { runtime }: { runtime: VmType }) => {
      // Deno's cp takes no path that is relative.
      const to = resolve(folder);
      await makeEmpty(folder);
      await cp(join(root, "templates", runtime), to, { recursive: true });
      for (const [part, from] of Object.entries(parts[runtime])) {
        await cp(join(root, from), join(to, part), { recursive: true });
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

import { cp, mkdir, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Option } from "commander";
import { type VmType, vmTypes } from "../../runtimes/runtime.ts";
import { type Register, UserError } from "./cli.ts";

const root = join(import.meta.dirname, "../..");

interface Kind {
  /** Folders of `templates`; a later one's files replace an earlier one's. */
  readonly templates: readonly string[];
  /**
   * What a project gets beside them, from where in the repository: copies, so that it stands alone
   * and its programs stay as they are.
   */
  readonly parts: Readonly<Record<string, string>>;
}

const kinds: Readonly<Record<VmType, Kind>> = {
  halo2: {
    templates: ["halo2"],
    parts: {
      "circuit.wasm": "wasm/dist/weather_halo2.wasm",
      "contract/UnsafeTestSetupWeatherVerifier.sol":
        "contracts/src/generated/UnsafeTestSetupWeatherVerifier.sol",
    },
  },
  zkwasm: {
    templates: ["zkwasm"],
    parts: {
      "program/host.ts": "wasm/guests/host.ts",
      "program/committed.ts": "wasm/guests/committed.ts",
      "program/sha256.ts": "wasm/guests/sha256.ts",
    },
  },
  risc0: {
    templates: ["risc0"],
    parts: {
      "guest/w3bstream-guest/Cargo.toml": "wasm/guests/risc0/guest/Cargo.toml",
      "guest/w3bstream-guest/src": "wasm/guests/risc0/guest/src",
    },
  },
};

/** A zkwasm project whose proofs contracts check. */
const zkwasmOnChain: Kind = {
  templates: ["zkwasm", "zkwasm_chain"],
  parts: {
    ...kinds.zkwasm.parts,
    "contract/ZkWasmStatement.sol": "contracts/src/ZkWasmStatement.sol",
  },
};

interface Options {
  readonly runtime: VmType;
  readonly onChain: boolean;
}

export const init: Register = (program, io) => {
  program.command("init")
    .description("start a project in a new folder: a program, its project file and a README")
    .argument("<folder>", "is made; may exist when it is empty")
    .addOption(
      new Option("--runtime <name>", "the machine that runs the program")
        .choices(vmTypes).makeOptionMandatory(),
    )
    .option("--on-chain", "zkwasm: proofs that contracts check, in minutes (profile wrap)", false)
    .action(async (folder: string, { runtime, onChain }: Options) => {
      if (onChain && runtime !== "zkwasm") {
        throw new UserError("--on-chain is for --runtime zkwasm");
      }
      // Deno's cp takes no path that is relative.
      const to = resolve(folder);
      await makeEmpty(folder);
      const { templates, parts } = onChain ? zkwasmOnChain : kinds[runtime];
      const copies = [
        ...templates.map((name) => ["", join("templates", name)] as const),
        ...Object.entries(parts),
      ];
      for (const [part, from] of copies) {
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

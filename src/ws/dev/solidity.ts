/** Compiles a project's contracts with the Solidity compiler from npm. */
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Abi, Hex } from "viem";
import { z } from "zod";
import { childCommand } from "../../platform.ts";
import { UserError } from "../cli.ts";
import { readBytes } from "../files.ts";
import { root, spawnRuntime } from "./processes.ts";

export interface CompiledContract {
  readonly name: string;
  readonly abi: Abi;
  readonly bytecode: Hex;
  /** Bytes that it has on a chain. */
  readonly size: number;
}

const objectSchema = z.object({ object: z.string() });
const outputSchema = z.object({
  errors: z.array(z.object({ severity: z.string(), formattedMessage: z.string() })).default([]),
  contracts: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        abi: z.custom<Abi>(Array.isArray),
        evm: z.object({ bytecode: objectSchema, deployedBytecode: objectSchema }),
      }),
    ),
  ).default({}),
});
type Output = z.output<typeof outputSchema>;

/** Compiles what has changed, and nothing else. */
export class Solidity {
  #compiled: { readonly input: string; readonly output: Output } | undefined;

  /**
   * One contract for each of the files, which may import what is beside them.
   * @param folder to which the files' names are relative
   * @throws {UserError} with the compiler's messages
   */
  async compile(folder: string, files: readonly string[]): Promise<CompiledContract[]> {
    if (files.length === 0) return [];
    const input = inputOf(await sourcesOf(folder, files));
    if (this.#compiled?.input !== input) this.#compiled = { input, output: await run(input) };
    const { output } = this.#compiled;
    return files.map((file) => contractOf(output, relative(folder, resolve(folder, file))));
  }
}

/** The contract of a file that imports none. @throws {UserError} with the compiler's messages */
export async function compileContract(path: string): Promise<CompiledContract> {
  const name = basename(path);
  const content = new TextDecoder().decode(await readBytes(path));
  return contractOf(await run(inputOf({ [name]: { content } })), name);
}

const inputOf = (sources: Record<string, { content: string }>) =>
  JSON.stringify({
    language: "Solidity",
    sources,
    settings: {
      // Without the optimizer, with which generated verifiers run out of the stack.
      optimizer: { enabled: false },
      evmVersion: "cancun",
      // As `contracts/foundry.toml` has it: code depends on the source alone.
      metadata: { appendCBOR: false, bytecodeHash: "none" },
      outputSelection: {
        "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] },
      },
    },
  });

async function sourcesOf(folder: string, files: readonly string[]) {
  const sources: Record<string, { content: string }> = {};
  for (const directory of new Set(files.map((file) => dirname(resolve(folder, file))))) {
    const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
      throw new UserError(`can't read ${directory} (${error.code})`);
    });
    for (const name of names.filter((n) => n.endsWith(".sol") && !n.endsWith(".t.sol"))) {
      const path = join(directory, name);
      sources[relative(folder, path)] = { content: await readFile(path, "utf8") };
    }
  }
  return sources;
}

/** A process of its own: the compiler blocks for seconds, and listens to this one's exceptions. */
async function run(input: string): Promise<Output> {
  const { args } = childCommand(join(root, "contracts/solc.mjs"), { read: [root] });
  const child = spawnRuntime([...args, "--standard-json"], {
    cwd: root,
    env: {},
    stdio: ["pipe", "pipe", "pipe"],
  });
  let out = "", err = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => out += chunk);
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => err += chunk);
  child.stdin?.end(input);
  await new Promise((done, reject) => child.on("error", reject).on("close", done));
  let output: Output;
  try {
    output = outputSchema.parse(JSON.parse(out));
  } catch {
    throw new UserError(`the Solidity compiler does not run: ${(err || out).slice(-500).trim()}`);
  }
  const errors = output.errors.filter(({ severity }) => severity === "error");
  if (errors.length === 0) return output;
  throw new UserError(errors.map(({ formattedMessage }) => formattedMessage.trim()).join("\n"));
}

function contractOf({ contracts }: Output, file: string): CompiledContract {
  const all = contracts[file];
  if (!all) throw new UserError(`${file} is no Solidity file with a contract`);
  const deployable = Object.entries(all).filter(([, { evm }]) => evm.bytecode.object !== "");
  const own = basename(file, ".sol");
  const found = deployable.length === 1 ? deployable[0] : deployable.find(([name]) => name === own);
  if (!found) throw new UserError(`${file} must have one contract, or one named ${own}`);
  const [name, { abi, evm }] = found;
  const { object } = evm.bytecode;
  if (!/^[0-9a-f]+$/.test(object)) throw new UserError(`${file} uses a library: link it yourself`);
  return { name, abi, bytecode: `0x${object}`, size: evm.deployedBytecode.object.length / 2 };
}

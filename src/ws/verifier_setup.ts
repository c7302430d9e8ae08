/** `ws verifier setup`: the keys of a ceremony, for projects whose proofs contracts check. */
import { access, mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { sha256 } from "viem";
import { ChildPool } from "../../runtimes/pool.ts";
import { ProgramError } from "../../runtimes/runtime.ts";
import {
  type ClassName,
  classNames,
  defaultClass,
  paramOf,
} from "../../runtimes/zkwasm/profile.ts";
import { keysFolder } from "../../runtimes/zkwasm/wrap/installed.ts";
import type { SetupMade, SetupRequest } from "../../runtimes/zkwasm/wrap/setup_child.ts";
import { type Io, UserError } from "./cli.ts";
import { wrapLibrary, wrapLimits } from "./zkwasm_wrap.ts";

interface Flags {
  readonly ptau: string;
  readonly class: ClassName;
  readonly output: string;
  readonly name?: string;
}

/** Adds the command to `ws verifier`. */
export function verifierSetup(group: Command, io: () => Io): void {
  group.command("setup")
    .description("make the keys of a ceremony's powers of tau, and the contract that verifies")
    .requiredOption("--ptau <file>", "2^19 powers or more, as snarkjs has them")
    .addOption(
      new Option("--class <name>", "how long runs may be").choices(classNames)
        .default(defaultClass),
    )
    .requiredOption("--output <folder>", "gets the verifying key and the contract's source")
    .option("--name <name>", "the contract's (default: ZkWasm<Class>Verifier)")
    .addHelpText(
      "after",
      "\nTakes ten minutes or so, 3 GB of memory, and 1 GB of disk in the cache; a file that is not " +
        "prepared\nfor phase 2 takes as long again. Provers set WRAP_SETUP to the same file.",
    )
    .action(async (flags: Flags) => await setup(flags, io()));
}

async function setup({ ptau, class: name, output, name: given }: Flags, io: Io): Promise<void> {
  const contract = given ?? `ZkWasm${name[0]?.toUpperCase()}${name.slice(1)}Verifier`;
  if (!/^[A-Za-z_]\w{0,99}$/.test(contract)) throw new UserError("--name is no contract's name");
  const path = resolve(ptau);
  await access(path).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`can't read ${ptau} (${error.code})`);
  });
  const began = performance.now();
  const made = await make({
    class: name,
    keys: { setup: path, folder: keysFolder() },
    name: contract,
  }, io);
  await mkdir(output, { recursive: true });
  const key = join(output, `zkwasm-${name}.key`);
  const source = join(output, `${made.name}.sol`);
  await Promise.all([writeFile(key, made.key), writeFile(source, made.source)]);
  const param = paramOf({ profile: "wrap", class: name, key: made.key });
  const seconds = (performance.now() - began) / 1000;
  const shown = { key, keyId: sha256(made.key), source, name: made.name, codeExpParam: param };
  io.result({ class: name, ...shown, seconds }, [
    `key       ${key} (sha256 ${shown.keyId})`,
    `contract  ${source}`,
    `project   "codeExpParam": ${JSON.stringify(param)}`,
    `provers   WRAP_SETUP=${path}`,
  ]);
}

async function make(request: SetupRequest, io: Io): Promise<SetupMade> {
  const native = await wrapLibrary((line) => io.progress(line));
  const pool = new ChildPool({ size: 1 });
  io.progress(`makes the keys of class ${request.class}: ten minutes or so`);
  try {
    const kind = {
      name: "zkwasm setup",
      module: new URL("../../runtimes/zkwasm/wrap/setup_child.ts", import.meta.url),
      permissions: { read: [native.path], ffi: [native.path] },
    };
    return await pool.call({
      ...{ kind, programId: "", source: native, method: "setup", args: request },
      limits: wrapLimits(),
      signal: new AbortController().signal,
    }) as SetupMade;
  } catch (error) {
    if (error instanceof ProgramError && error.kind === "load") {
      throw new UserError(error.message, { cause: error });
    }
    throw error;
  } finally {
    await pool.close();
  }
}

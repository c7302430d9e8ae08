/** `ws verifier zkwasm`: the contracts that check a program's wrapped proofs. */
import type { Command } from "commander";
import type { Address } from "viem";
import type { ProgramSpec } from "../../runtimes/runtime.ts";
import { deployZkWasmVerifier } from "../chain/zkwasm_verifier.ts";
import { encodeProject } from "../project/encode.ts";
import { programIdOf } from "../protocol/task.ts";
import { chainOptions, openSender } from "./chain.ts";
import { type Io, UserError } from "./cli.ts";
import { compileContract } from "./dev/solidity.ts";
import { readDraft } from "./draft.ts";
import { readProgram } from "./files.ts";
import { anAddress } from "./values.ts";
import { verifierOf, wrappedProgram } from "./wrapped_program.ts";

interface Flags {
  readonly param?: string;
  readonly projectVersion?: string;
  readonly verifier?: Address;
  readonly source?: string;
}

/** Adds the command to `ws verifier`. */
export function verifierZkwasm(group: Command, io: () => Io): void {
  chainOptions(group.command("zkwasm"))
    .description("deploy what checks proofs of a zkwasm program of profile wrap")
    .argument("<program>", "project.json, or a .wasm")
    .option("--project-version <version>", "of the project (default: its default version)")
    .option("--param <json>", "codeExpParam, for a .wasm")
    .option("--source <file>", "the contract of the project's key, as ws verifier setup writes it")
    .option(
      "--verifier <address>",
      "that contract, where it is already: all programs share it",
      anAddress,
    )
    .addHelpText(
      "after",
      "\nA project that names no key is of the test setup, which is for local chains only; its " +
        "contract is known.",
    )
    .action(async (path: string, flags: Flags & Parameters<typeof openSender>[0]) => {
      const spec = await readSpec(path, flags);
      const program = await wrappedProgram(spec);
      const compiled = flags.source === undefined ? undefined : await compileContract(flags.source);
      const verifier = flags.verifier ?? verifierOf(program, compiled);
      const onDeployed = (what: string, at: Address) => io().progress(`${what} ${at}`);
      const sender = await openSender(flags);
      const deployed = await deployZkWasmVerifier(sender, program, verifier, { onDeployed });
      const { programId, imageId, bindingKind, proofBytes } = program;
      const shown = { programId, imageId, class: program.className, bindingKind, proofBytes };
      io().result({ ...deployed, ...shown }, [
        `verifier  ${deployed.verifier} (of class ${program.className}; --verifier for further programs)`,
        `adapter   ${deployed.adapter} (what ws project route names)`,
        `program   ${programId}`,
        `image     ${imageId}`,
        bindingKind === "data"
          ? "binding   data: it commits to its input"
          : "binding   tag: it does not commit to its input; its route needs --allow-unbound",
      ]);
    });
}

async function readSpec(path: string, { param, projectVersion }: Flags): Promise<ProgramSpec> {
  if (path.endsWith(".json")) {
    if (param !== undefined) throw new UserError("--param is for a .wasm; a project has its own");
    const { file } = await encodeProject(await readDraft(path));
    const name = projectVersion ?? file.defaultVersion;
    const version = file.versions.get(name);
    if (!version) throw new UserError(`${path} has no version ${name}`);
    return version.program;
  }
  if (projectVersion !== undefined) throw new UserError("--project-version is for a project.json");
  const { vmType, code } = await readProgram(path);
  return { vmType, code, param: param ?? "", programId: programIdOf(code, param ?? "") };
}

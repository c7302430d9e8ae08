import { Argument } from "commander";
import type { Address } from "viem";
import { projectRegistrarAbi } from "../chain/abi/projectRegistrar.ts";
import { isProofVerifier } from "../chain/ask_verifier.ts";
import type { Reader } from "../chain/clients.ts";
import { isRevert } from "../chain/errors.ts";
import {
  addOperator,
  canOperate,
  createProject,
  removeOperator,
  setProjectPaused,
  setRoute,
  updateProject,
} from "../chain/registrars.ts";
import { chainOptions, contracts, openChain, openSender, startBlock } from "./chain.ts";
import { type Register, UserError } from "./cli.ts";
import { projectFile } from "./project_file.ts";
import { aBytes32, anAddress, aProjectId } from "./values.ts";

export const project: Register = (program, io) => {
  const group = program.command("project").description("publish and register projects");

  projectFile(group, io);

  const config = (name: string) =>
    chainOptions(group.command(name))
      .requiredOption("--uri <uri>", "where nodes find the config: ipfs://… or https://…")
      .requiredOption("--hash <hash>", "sha-256 of the config", aBytes32);

  config("create").description("register a new project; the signer owns it")
    .action(async (flags) => {
      const sender = await openSender(flags);
      const { projectRegistrar } = await contracts(flags, sender.chainId);
      const done = await createProject(sender, projectRegistrar, flags);
      io().result(done, [`project ${done.projectId}`]);
    });

  config("update").description("name a new config")
    .argument("<project>", "project id", aProjectId)
    .action(async (projectId, flags) => {
      const sender = await openSender(flags);
      const { projectRegistrar } = await contracts(flags, sender.chainId);
      const update = { projectId, uri: flags.uri, hash: flags.hash };
      const done = await updateProject(sender, projectRegistrar, update);
      io().result(done, [`project ${projectId} updated`]);
    });

  for (const [name, paused] of [["pause", true], ["resume", false]] as const) {
    chainOptions(group.command(name))
      .description(paused ? "give the project no new tasks" : "give the project tasks again")
      .argument("<project>", "project id", aProjectId)
      .action(async (projectId, flags) => {
        const sender = await openSender(flags);
        const { projectRegistrar } = await contracts(flags, sender.chainId);
        const done = await setProjectPaused(sender, projectRegistrar, { projectId, paused });
        io().result(done, [`project ${projectId} ${paused ? "paused" : "resumed"}`]);
      });
  }

  chainOptions(group.command("operator"))
    .description("let a key sign the project's tasks, or no more")
    .addArgument(new Argument("<add|remove>", "what to do").choices(["add", "remove"]))
    .argument("<project>", "project id", aProjectId)
    .argument("<address>", "the enode's key", anAddress)
    .action(async (action, projectId, operator, flags) => {
      const sender = await openSender(flags);
      const { projectRegistrar } = await contracts(flags, sender.chainId);
      const change = action === "remove" ? removeOperator : addOperator;
      const done = await change(sender, projectRegistrar, { projectId, operator });
      io().result(done, [`${operator} ${action === "remove" ? "removed" : "added"}`]);
    });

  chainOptions(group.command("route"))
    .description("name the verifier of a program's proofs and the dApp that gets its results")
    .argument("<project>", "project id", aProjectId)
    .requiredOption("--program <id>", "program id, as ws project publish prints it", aBytes32)
    .requiredOption(
      "--verifier <address>",
      "IProofVerifier contract, as ws verifier deploys it",
      anAddress,
    )
    .requiredOption("--receiver <address>", "IResultReceiver contract", anAddress)
    .option("--allow-unbound", "also accept proofs that don't name their data", false)
    .action(async (projectId, flags) => {
      const sender = await openSender(flags);
      const { router } = await contracts(flags, sender.chainId);
      const done = await setRoute(sender, router, {
        projectId,
        programId: flags.program,
        verifier: flags.verifier,
        receiver: flags.receiver,
        allowUnbound: flags.allowUnbound,
      });
      if (!await isProofVerifier(sender.reader, flags.verifier)) {
        io().progress(
          `warning: ${flags.verifier} does not answer as a verifier, so no proof may pass; ` +
            "ws verifier deploys an adapter that does",
        );
      }
      io().result(done, [`project ${projectId} routes ${flags.program} to ${flags.receiver}`]);
    });

  chainOptions(group.command("show"))
    .description("what the chain has of a project")
    .argument("<project>", "project id", aProjectId)
    .action(async (projectId, flags) => {
      const { id, reader } = await openChain(flags);
      const { projectRegistrar } = await contracts(flags, id);
      const contract = { address: projectRegistrar, abi: projectRegistrarAbi } as const;
      const [uri, hash, paused] = await reader.readContract({
        ...contract,
        functionName: "projects",
        args: [projectId],
      });
      const owner = await projectOwner(reader, projectRegistrar, projectId);
      io().result({ projectId, owner, uri, hash, paused }, [
        `owner   ${owner}`,
        `uri     ${uri}`,
        `hash    ${hash}`,
        `paused  ${paused ? "yes" : "no"}`,
      ]);
    });

  chainOptions(group.command("operators"))
    .description("who may sign a project's tasks: its owner, and the keys that were added")
    .argument("<project>", "project id", aProjectId)
    .action(async (projectId: bigint, flags) => {
      const { id, reader } = await openChain(flags);
      const { projectRegistrar } = await contracts(flags, id);
      const owner = await projectOwner(reader, projectRegistrar, projectId);
      const logs = await reader.getContractEvents({
        address: projectRegistrar,
        abi: projectRegistrarAbi,
        eventName: "OperatorAdded",
        args: { projectId },
        fromBlock: await startBlock(flags),
        strict: true,
      });
      const operators: Address[] = [];
      for (const operator of new Set(logs.map(({ args }) => args.operator))) {
        const may = await canOperate(reader, projectRegistrar, { projectId, operator });
        if (may && operator !== owner) operators.push(operator);
      }
      io().result({ projectId, owner, operators }, [
        `owner     ${owner}`,
        ...operators.map((operator) => `operator  ${operator}`),
      ]);
    });
};

/** @throws {UserError} when there is no such project */
async function projectOwner(
  reader: Reader,
  registrar: Address,
  projectId: bigint,
): Promise<Address> {
  try {
    return await reader.readContract({
      address: registrar,
      abi: projectRegistrarAbi,
      functionName: "ownerOf",
      args: [projectId],
    });
  } catch (error) {
    if (!isRevert(error)) throw error;
    throw new UserError(`there is no project ${projectId} at ${registrar}`);
  }
}

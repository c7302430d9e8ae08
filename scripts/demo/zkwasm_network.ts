/** Projects of zkWasm programs whose proofs the router has checked. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Address, Hex } from "viem";
import type { ClassName } from "../../runtimes/zkwasm/profile.ts";
import { provenRunsAbi } from "../../src/chain/abi/provenRuns.ts";
import { provenRunsBytecode } from "../../src/chain/bytecode/provenRuns.ts";
import type { ChainClient } from "../../src/chain/clients.ts";
import type { Deployment } from "../../src/chain/deploy.ts";
import { deployContract, type DeployOptions } from "../../src/chain/deploy_contract.ts";
import { setRoute } from "../../src/chain/registrars.ts";
import { deployZkWasmVerifier } from "../../src/chain/zkwasm_verifier.ts";
import type { EncodedProject, ProjectDraft } from "../../src/project/encode.ts";
import { type Described, verifierOf, wrappedProgram } from "../../src/ws/wrapped_program.ts";
import { type Parties, registerProject } from "./network.ts";

/** A project whose committed guest is proven for the chain, of so many messages a task. */
export async function wrapProject(
  guest: string,
  className: ClassName,
  count = 1,
): Promise<ProjectDraft> {
  const path = join(import.meta.dirname, `../../wasm/dist/guests/${guest}.wasm`);
  return {
    versions: [{
      version: "1.0",
      vmType: "zkwasm",
      code: new Uint8Array(await readFile(path)),
      codeExpParam: JSON.stringify({ profile: "wrap", class: className }),
      packing: { count, window: 5 },
      // The first proof on a machine waits for its keys.
      timeout: 7200,
      output: { type: "ethereumContract" },
    }],
  };
}

export interface RunsProject {
  readonly projectId: bigint;
  readonly program: Described;
  /** The class's generated contract, and the program's adapter. */
  readonly verifier: Address;
  readonly adapter: Address;
  /** The dApp, `ProvenRuns`. */
  readonly runs: Address;
}

/**
 * Registers a project of a program of profile `wrap`, what verifies its proofs, and a dApp.
 * @param verifier its class's generated contract, if that is deployed already
 */
export async function registerRuns(
  chain: ChainClient,
  deployment: Deployment,
  parties: Parties,
  project: EncodedProject,
  verifier?: Address,
  options: DeployOptions = {},
): Promise<RunsProject> {
  const owner = chain.sender(parties.projectOwner);
  const { router } = deployment;
  const { projectId, program: spec } = await registerProject(chain, deployment, parties, project);
  const program = await wrappedProgram(spec);
  const deployed = await deployZkWasmVerifier(
    owner,
    program,
    verifier ?? verifierOf(program),
    options,
  );
  const commits = program.bindingKind === "data";
  const { programId } = program;
  const { address: runs } = await deployContract(owner, "ProvenRuns", {
    abi: provenRunsAbi,
    bytecode: provenRunsBytecode,
    args: [router, projectId, programId, commits],
  }, options);
  await setRoute(owner, router, {
    projectId,
    programId,
    verifier: deployed.adapter,
    receiver: runs,
    allowUnbound: !commits,
  });
  return { projectId, program, ...deployed, runs };
}

/** What the dApp has of a task. */
export const provenRun = (chain: ChainClient, { runs }: RunsProject, taskId: Hex) =>
  chain.reader.readContract({
    address: runs,
    abi: provenRunsAbi,
    functionName: "run",
    args: [taskId],
  });

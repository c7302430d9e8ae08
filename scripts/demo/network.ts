import type { Address, Hex, LocalAccount } from "viem";
import { anvilAccount, anvilKey } from "../../src/chain/anvil.ts";
import { weatherVerifier } from "../../src/chain/bytecode/weatherVerifier.ts";
import type { ChainClient } from "../../src/chain/clients.ts";
import {
  deployCore,
  deployHalo2Verifier,
  type Deployment,
  type DeployOptions,
  deployWeatherStation,
  halo2Layout,
} from "../../src/chain/deploy.ts";
import { createRuntimes } from "../../runtimes/index.ts";
import type { ProgramSpec } from "../../runtimes/runtime.ts";
import { addOperator, createProject, registerZNode, setRoute } from "../../src/chain/registrars.ts";
import type { EncodedProject } from "../../src/project/encode.ts";

/** Who is who on the local chain; in the field each is somebody else. */
export interface Parties {
  /** Deploys the protocol's contracts. */
  readonly deployer: LocalAccount;
  /** Owns the project: registers its config, verifier and receiver. */
  readonly projectOwner: LocalAccount;
  /** The enode's key. */
  readonly operator: LocalAccount;
  /** Owns the znode and its stake. */
  readonly staker: LocalAccount;
  /** The znode's key. */
  readonly prover: LocalAccount;
  /** The key of a second znode. */
  readonly second: LocalAccount;
  /** The key of another staked znode, which would like the credit. */
  readonly rival: LocalAccount;
}

/** The parties' keys on a local chain, which are public: anvil's accounts 0 to 6. */
export function localParties(): Parties {
  return {
    deployer: anvilAccount(0),
    projectOwner: anvilAccount(1),
    operator: anvilAccount(2),
    staker: anvilAccount(3),
    prover: anvilAccount(4),
    rival: anvilAccount(5),
    second: anvilAccount(6),
  };
}

/** Of the prover and the second znode. */
export const znodeKeys = (): Hex[] => [anvilKey(4), anvilKey(6)];

/** What a node of role all needs to take part with the operator's and the prover's keys. */
export function nodeEnvironment(chainUrl: string, deployment: Deployment): Record<string, string> {
  return {
    CHAIN_ENDPOINT: chainUrl,
    PROJECT_CONTRACT_ADDRESS: deployment.projectRegistrar,
    ZNODE_CONTRACT_ADDRESS: deployment.znodeRegistrar,
    ROUTER_CONTRACT_ADDRESS: deployment.router,
    CHAIN_POLL_SECONDS: "1",
    OPERATOR_PRIVATE_KEY: anvilKey(2),
    PROVER_PRIVATE_KEY: anvilKey(4),
  };
}

/** Deploys the contracts; stakes and registers the znodes. */
export async function setUpNetwork(
  chain: ChainClient,
  parties: Parties,
  options: DeployOptions = {},
): Promise<Deployment> {
  const deployment = await deployCore(chain.sender(parties.deployer), options);
  for (const { address } of [parties.prover, parties.rival, parties.second]) {
    await registerZNode(chain.sender(parties.staker), deployment.znodeRegistrar, {
      did: `did:pkh:eip155:${chain.id}:${address}`,
      operators: [address],
      amount: deployment.minStake,
    });
  }
  return deployment;
}

export interface PublishedProject {
  readonly projectId: bigint;
  readonly programId: Hex;
  readonly verifier: Address;
  readonly station: Address;
}

/** Registers a project: uri, hash, the enode's key. Answers its number, and its only program. */
export async function registerProject(
  chain: ChainClient,
  deployment: Deployment,
  parties: Parties,
  project: EncodedProject,
): Promise<{ projectId: bigint; program: ProgramSpec }> {
  const owner = chain.sender(parties.projectOwner);
  const program = [...project.file.versions.values()][0]?.program;
  if (!program) throw new Error("the project has no version");
  const { projectId } = await createProject(owner, deployment.projectRegistrar, {
    uri: `ipfs://${project.root.cid}`,
    hash: project.hash,
  });
  await addOperator(owner, deployment.projectRegistrar, {
    projectId,
    operator: parties.operator.address,
  });
  return { projectId, program };
}

/** Registers the weather project, its verifier and receiver. */
export async function registerWeather(
  chain: ChainClient,
  deployment: Deployment,
  parties: Parties,
  project: EncodedProject,
): Promise<PublishedProject> {
  const owner = chain.sender(parties.projectOwner);
  const { projectId, program } = await registerProject(chain, deployment, parties, project);
  const { programId } = program;
  const layout = await layoutOf(program);
  const { adapter } = await deployHalo2Verifier(owner, {
    programId,
    verifier: weatherVerifier,
    layout,
  });
  const station = await deployWeatherStation(owner, {
    router: deployment.router,
    projectId,
    programId,
  });
  await setRoute(owner, deployment.router, {
    projectId,
    programId,
    verifier: adapter,
    receiver: station,
    allowUnbound: false,
  });
  return { projectId, programId, verifier: adapter, station };
}

/** Asks the program itself how its public values and proofs are laid out. */
async function layoutOf(spec: ProgramSpec) {
  const runtimes = createRuntimes({ workers: 1, allowTestSetups: true });
  try {
    const program = await runtimes.load(spec, AbortSignal.timeout(30_000));
    return halo2Layout(program.info);
  } finally {
    await runtimes.close();
  }
}

/** A local chain with the protocol's contracts, one znode, and the project's own contracts. */
import type { Abi, AbiFunction, Address, Hex } from "viem";
import type { ProgramSpec } from "../../../runtimes/runtime.ts";
import { provingOfParam } from "../../../runtimes/zkwasm/profile.ts";
import { anvilAccount, anvilKey, startAnvil } from "../../chain/anvil.ts";
import { type ChainClient, connectChain, type Sender } from "../../chain/clients.ts";
import { deployCore, type Deployment } from "../../chain/deploy.ts";
import { deployContract } from "../../chain/deploy_contract.ts";
import { deployZkWasmVerifier } from "../../chain/zkwasm_verifier.ts";
import { createProject, registerZNode, setRoute, updateProject } from "../../chain/registrars.ts";
import type { EncodedProject } from "../../project/encode.ts";
import { UserError } from "../cli.ts";
import { deployHalo2 } from "../halo2_program.ts";
import { verifierOf, wrappedProgram } from "../wrapped_program.ts";
import type { CompiledContract } from "./solidity.ts";

/** The only project of the chain. */
export const projectId = 1n;

// Who is who, of anvil's accounts. The owner operates the project, too, so that its enode may call
// contracts for it directly.
const [deployer, owner, staker, prover] = [0, 1, 3, 4] as const;

export interface Dapp {
  readonly address: Address;
  readonly abi: Abi;
}

export class DevChain {
  readonly #owner: Sender;
  /** By what was deployed. */
  readonly #contracts = new Map<string, Promise<Address>>();
  readonly #routes = new Map<Hex, string>();
  /** Of the config that the chain has. */
  #hash = "";

  private constructor(
    readonly url: string,
    private readonly client: ChainClient,
    private readonly deployment: Deployment,
  ) {
    this.#owner = client.sender(anvilAccount(owner));
  }

  /** @param started has what ends the chain */
  static async start(started: (stop: () => Promise<void>) => void): Promise<DevChain> {
    const anvil = await startAnvil();
    started(() => anvil.stop());
    const client = await connectChain(anvil.url);
    const deployment = await deployCore(client.sender(anvilAccount(deployer)));
    const operator = anvilAccount(prover).address;
    await registerZNode(client.sender(anvilAccount(staker)), deployment.znodeRegistrar, {
      did: `did:pkh:eip155:${client.id}:${operator}`,
      operators: [operator],
      amount: deployment.minStake,
    });
    return new DevChain(anvil.url, client, deployment);
  }

  /** What a node of role all needs to take part. */
  get nodeEnvironment(): Record<string, string> {
    return {
      CHAIN_ENDPOINT: this.url,
      PROJECT_CONTRACT_ADDRESS: this.deployment.projectRegistrar,
      ZNODE_CONTRACT_ADDRESS: this.deployment.znodeRegistrar,
      ROUTER_CONTRACT_ADDRESS: this.deployment.router,
      CHAIN_POLL_SECONDS: "1",
      OPERATOR_PRIVATE_KEY: anvilKey(owner),
      PROVER_PRIVATE_KEY: anvilKey(prover),
    };
  }

  /** The project's contract, as deployed before where nothing of it has changed. */
  async dapp({ name, abi, bytecode }: CompiledContract, programId: Hex): Promise<Dapp> {
    const args = constructorArguments(name, abi, {
      router: this.deployment.router,
      operator: anvilAccount(owner).address,
      projectId,
      programId,
    });
    const address = await this.#once(`${bytecode}${args.join()}`, async () => {
      return (await deployContract(this.#owner, name, { abi, bytecode, args }, {})).address;
    });
    return { address, abi };
  }

  /** Sends a program's results to the dApp by the router. @throws {UserError} */
  async route(
    program: ProgramSpec,
    verifier: CompiledContract | undefined,
    receiver: Address,
  ): Promise<void> {
    const { programId } = program;
    const wraps = program.vmType === "zkwasm" && provingOfParam(program.param).profile === "wrap";
    const adapter = await this.#once(
      `${programId}${verifier?.bytecode}`,
      () => wraps ? this.#zkwasmAdapter(program, verifier) : this.#halo2Adapter(program, verifier),
    );
    // What states its data is held to it all the same.
    const route = { projectId, programId, verifier: adapter, receiver, allowUnbound: wraps };
    if (this.#routes.get(programId) === `${adapter}${receiver}`) return;
    await setRoute(this.#owner, this.deployment.router, route);
    this.#routes.set(programId, `${adapter}${receiver}`);
  }

  async #zkwasmAdapter(spec: ProgramSpec, compiled?: CompiledContract): Promise<Address> {
    const program = await wrappedProgram(spec);
    const verifier = verifierOf(program, compiled);
    return (await deployZkWasmVerifier(this.#owner, program, verifier)).adapter;
  }

  async #halo2Adapter(program: ProgramSpec, verifier?: CompiledContract): Promise<Address> {
    const { vmType } = program;
    if (vmType !== "halo2" || !verifier) {
      throw new UserError(
        vmType === "halo2"
          ? "project.json: contracts.verifier: is missing; name the contract that checks proofs"
          : `contracts can't check these proofs of a ${vmType} program: give the output a ` +
            "contractMethod that the enode calls, make it stdout, or give a zkwasm program the " +
            'codeExpParam {"profile":"wrap"}',
      );
    }
    return (await deployHalo2(this.#owner, program, verifier)).adapter;
  }

  /** Registers the project, the first time. Whether it was that. */
  async create(config: EncodedProject): Promise<boolean> {
    if (this.#hash !== "") return false;
    await createProject(this.#owner, this.deployment.projectRegistrar, onChain(config));
    this.#hash = config.hash;
    return true;
  }

  /** Names the project's config on the chain. Whether that is another one than before. */
  async update(config: EncodedProject): Promise<boolean> {
    if (this.#hash === config.hash) return false;
    const update = { projectId, ...onChain(config) };
    await updateProject(this.#owner, this.deployment.projectRegistrar, update);
    this.#hash = config.hash;
    return true;
  }

  /** All that a contract tells without being asked for something: its functions without arguments. */
  async values({ address, abi }: Dapp): Promise<Record<string, unknown>> {
    const values: Record<string, unknown> = {};
    for (const item of abi) {
      if (item.type !== "function" || item.inputs.length > 0 || item.name in known) continue;
      if (item.stateMutability !== "view" && item.stateMutability !== "pure") continue;
      const call = { address, abi: [item] as AbiFunction[], functionName: item.name };
      values[item.name] = await this.client.reader.readContract(call).catch(() => "(refused)");
    }
    return values;
  }

  #once(key: string, deploy: () => Promise<Address>): Promise<Address> {
    let deployed = this.#contracts.get(key);
    if (!deployed) {
      deployed = deploy();
      this.#contracts.set(key, deployed);
      deployed.catch(() => this.#contracts.delete(key));
    }
    return deployed;
  }
}

const onChain = ({ root, hash }: EncodedProject) => ({ uri: `ipfs://${root.cid}`, hash });

/** What a constructor may ask for, by the names of its parameters. */
const known = { router: "", operator: "", projectId: "", programId: "" };

function constructorArguments(
  contract: string,
  abi: Abi,
  values: Readonly<Record<keyof typeof known, unknown>>,
): unknown[] {
  const inputs = abi.find((item) => item.type === "constructor")?.inputs ?? [];
  return inputs.map(({ name = "" }) => {
    const plain = name.replace(/^_+|_+$/g, "");
    if (plain in values) return values[plain as keyof typeof known];
    throw new UserError(
      `${contract}: its constructor asks for ${name}; ws dev gives ${
        Object.keys(known).join(", ")
      }`,
    );
  });
}

import { randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import type { Address, Hex } from "viem";
import { z } from "zod";
import type { ProgramInfo } from "../../runtimes/runtime.ts";
import { address, bytes32, describeIssue, uint256 } from "../protocol/schema.ts";
import { halo2AdapterAbi } from "./abi/halo2Adapter.ts";
import { projectRegistrarAbi } from "./abi/projectRegistrar.ts";
import { risc0AdapterAbi } from "./abi/risc0Adapter.ts";
import { risc0Groth16VerifierAbi } from "./abi/risc0Groth16Verifier.ts";
import { routerAbi } from "./abi/router.ts";
import { weatherStationAbi } from "./abi/weatherStation.ts";
import { znodeRegistrarAbi } from "./abi/znodeRegistrar.ts";
import { halo2AdapterBytecode } from "./bytecode/halo2Adapter.ts";
import { projectRegistrarBytecode } from "./bytecode/projectRegistrar.ts";
import { risc0AdapterBytecode } from "./bytecode/risc0Adapter.ts";
import { risc0Groth16VerifierBytecode } from "./bytecode/risc0Groth16Verifier.ts";
import { routerBytecode } from "./bytecode/router.ts";
import { unsafeTestSetupHalo2AdapterBytecode } from "./bytecode/unsafeTestSetupHalo2Adapter.ts";
import { weatherStationBytecode } from "./bytecode/weatherStation.ts";
import { znodeRegistrarBytecode } from "./bytecode/znodeRegistrar.ts";
import type { Reader, Sender } from "./clients.ts";
import { deployContract, type DeployOptions } from "./deploy_contract.ts";
import { ChainError } from "./errors.ts";
import { deployGenerated, type GeneratedVerifier, VERIFY_GAS } from "./generated_verifier.ts";
import { deployRewardPool } from "./rewards.ts";
import { deploySlasher } from "./slasher.ts";

/** The contracts of one deployment, as its file has them. */
export const deploymentSchema = z.object({
  chainId: uint256,
  /** Block of the first contract: events are read from here on. */
  block: uint256,
  projectRegistrar: address,
  znodeRegistrar: address,
  router: address,
  /** Takes stake for proven faults. */
  slasher: address.optional(),
  /** Pays for accepted tasks. */
  rewardPool: address.optional(),
  /** Wei that a znode stakes at least. */
  minStake: uint256,
  /** Seconds from unstaking to withdrawal. */
  unstakeDelay: uint256,
  /** By program id: the generated verifier, and the adapter that routes name. */
  verifiers: z.record(bytes32, z.object({ verifier: address, adapter: address })).default({}),
});
export type { DeployOptions, GeneratedVerifier };
export type Deployment = z.infer<typeof deploymentSchema>;

/** Shape of a Halo2 circuit's public values and proof; `Halo2Adapter.Layout`. */
export interface Halo2Layout {
  readonly words: bigint;
  readonly inputCommitment: bigint;
  readonly bindingHi: bigint;
  readonly bindingLo: bigint;
  readonly proofBytes: bigint;
  readonly verifyGas: bigint;
}

/**
 * Deploys the registrars, the router, what takes stake and what pays.
 * @throws {ChainError}
 */
export async function deployCore(
  sender: Sender,
  options: DeployOptions = {},
): Promise<Deployment> {
  const { minStake = 10n ** 18n, unstakeDelay = 7n * 24n * 3600n } = options;
  const admin = options.admin ?? sender.wallet.account.address;
  const projects = await deployContract(sender, "ProjectRegistrar", {
    abi: projectRegistrarAbi,
    bytecode: projectRegistrarBytecode,
  }, options);
  const znodes = await deployContract(sender, "ZNodeRegistrar", {
    abi: znodeRegistrarAbi,
    bytecode: znodeRegistrarBytecode,
    args: [minStake, unstakeDelay, admin],
  }, options);
  const router = await deployContract(sender, "W3bstreamRouter", {
    abi: routerAbi,
    bytecode: routerBytecode,
    args: [projects.address, znodes.address, admin],
  }, options);
  const contracts = { znodeRegistrar: znodes.address, router: router.address, minStake };
  return {
    ...contracts,
    chainId: sender.chainId,
    block: projects.block,
    projectRegistrar: projects.address,
    slasher: await deploySlasher(sender, contracts, options),
    rewardPool: await deployRewardPool(sender, contracts, options),
    unstakeDelay,
    verifiers: {},
  };
}

/**
 * The layout for a program that says what it is (`ws_describe`).
 * @throws RangeError if it has no commitment or binding among its public values
 */
export function halo2Layout(
  program: Pick<ProgramInfo, "publicValues" | "proofBytes">,
): Halo2Layout {
  const names = program.publicValues;
  if (program.proofBytes === undefined) throw new RangeError("the program states no proofBytes");
  const position = (name: string) => {
    const index = names.indexOf(name);
    if (index < 0) throw new RangeError(`the program has no public value "${name}"`);
    return BigInt(index);
  };
  return {
    words: BigInt(names.length),
    inputCommitment: position("inputCommitment"),
    bindingHi: position("bindingHi"),
    bindingLo: position("bindingLo"),
    proofBytes: BigInt(program.proofBytes),
    verifyGas: VERIFY_GAS,
  };
}

/**
 * Deploys a generated Halo2 verifier and its adapter for one program.
 * @throws {ChainError} also for a test setup on any chain but a local one (DESIGN §7)
 */
export async function deployHalo2Verifier(
  sender: Sender,
  program: { programId: Hex; verifier: GeneratedVerifier; layout: Halo2Layout },
  options: DeployOptions = {},
): Promise<Deployment["verifiers"][Hex]> {
  const { programId, verifier, layout } = program;
  const { unsafeTestSetup } = verifier;
  const generated = await deployGenerated(sender, verifier, options);
  const adapter = await deployContract(
    sender,
    unsafeTestSetup ? "UnsafeTestSetupHalo2Adapter" : "Halo2Adapter",
    {
      abi: halo2AdapterAbi,
      bytecode: unsafeTestSetup ? unsafeTestSetupHalo2AdapterBytecode : halo2AdapterBytecode,
      args: [generated, programId, layout],
    },
    options,
  );
  return { verifier: generated, adapter: adapter.address };
}

/** What a version of risc0 is verified by, as its crates publish it. */
export interface Risc0Version {
  /** `ALLOWED_CONTROL_ROOT`. */
  readonly controlRoot: Hex;
  /** `BN254_IDENTITY_CONTROL_ID`. */
  readonly bn254ControlId: Hex;
}

const bn254ControlId = "0xc07a65145c3cb48b6101962ea607a4dd93c753bb26975cb47feb00d3666e4404";
/** By the zkVM's version. */
export const risc0Versions = {
  "2.2": {
    controlRoot: "0xce52bf56033842021af3cf6db8a50d1b7535c125a34f1a22c6fdcf002c5a1529",
    bn254ControlId,
  },
  "5.0.0-rc.1": {
    controlRoot: "0x4ec911509d6e5607f3bc083c61a2274824c71536ecffa208d02a472ffbde5b04",
    bn254ControlId,
  },
} as const satisfies Record<string, Risc0Version>;

/** Twice what the verifier needs. */
const RISC0_VERIFY_GAS = 400_000n;

/**
 * Deploys the verifier of Groth16 receipts of a version of risc0, and its adapter for one program.
 * @throws {ChainError}
 */
export async function deployRisc0Verifier(
  sender: Sender,
  program: {
    programId: Hex;
    imageId: Hex;
    /** `data`: its journal begins with the input's commitment and the binding. */
    bindingKind: "data" | "none";
    version: Risc0Version;
  },
  options: DeployOptions = {},
): Promise<Deployment["verifiers"][Hex]> {
  const { programId, imageId, bindingKind, version } = program;
  const verifier = await deployContract(sender, "Risc0Groth16Verifier", {
    abi: risc0Groth16VerifierAbi,
    bytecode: risc0Groth16VerifierBytecode,
    args: [version.controlRoot, version.bn254ControlId],
  }, options);
  const kind = bindingKind === "data" ? 2 : 0;
  const adapter = await deployContract(sender, "Risc0Adapter", {
    abi: risc0AdapterAbi,
    bytecode: risc0AdapterBytecode,
    args: [verifier.address, programId, imageId, kind, RISC0_VERIFY_GAS],
  }, options);
  return { verifier: verifier.address, adapter: adapter.address };
}

/** Deploys the sample receiver for one project's program. @throws {ChainError} */
export async function deployWeatherStation(
  sender: Sender,
  station: { router: Address; projectId: bigint; programId: Hex },
  options: DeployOptions = {},
): Promise<Address> {
  const { address } = await deployContract(sender, "WeatherStation", {
    abi: weatherStationAbi,
    bytecode: weatherStationBytecode,
    args: [station.router, station.projectId, station.programId],
  }, options);
  return address;
}

/**
 * Checks that the addresses are those contracts, and of one deployment.
 * @throws {ChainError} that names the wrong one
 */
export async function checkDeployment(
  reader: Reader,
  contracts: Pick<Deployment, "projectRegistrar" | "znodeRegistrar" | "router">,
): Promise<void> {
  const read = (functionName: "projectRegistrar" | "znodeRegistrar") =>
    reader.readContract({ address: contracts.router, abi: routerAbi, functionName }).catch(() => {
      throw new ChainError(
        `${contracts.router} is no W3bstreamRouter on chain ${reader.chain.id}`,
      );
    });
  for (const name of ["projectRegistrar", "znodeRegistrar"] as const) {
    const expected = await read(name);
    if (expected !== contracts[name]) {
      throw new ChainError(
        `the router's ${name} is ${expected}, but ${contracts[name]} is configured`,
      );
    }
  }
}

const jsonSafe = (_key: string, value: unknown) =>
  typeof value === "bigint" ? value.toString() : value;

/** Writes a deployment's file whole or not at all. */
export async function writeDeployment(path: string, deployment: Deployment): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(deployment, jsonSafe, 2) + "\n");
  await rename(draft, path);
}

/** Reads a deployment's file. @throws if it is missing or malformed, naming the field */
export async function readDeployment(path: string): Promise<Deployment> {
  const parsed = deploymentSchema.safeParse(JSON.parse(await readFile(path, "utf8")));
  if (!parsed.success) throw new Error(`${path}: ${describeIssue(parsed.error)}`);
  return parsed.data;
}

/**
 * Stake taken for faults: who lists which verifiers, what reporters do and earn. Each action waits
 * for its transaction; each throws `ChainError` with the contract's reason.
 */
import {
  type Address,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  zeroAddress,
} from "viem";
import type { Acceptance, Evidence, Fault, ReceiptClaim, Signed } from "../protocol/index.ts";
import { slasherAbi as abi } from "./abi/slasher.ts";
import { znodeRegistrarAbi } from "./abi/znodeRegistrar.ts";
import { slasherBytecode } from "./bytecode/slasher.ts";
import type { Reader, Sender } from "./clients.ts";
import type { Deployment } from "./deploy.ts";
import { deployContract, type DeployOptions } from "./deploy_contract.ts";
import { ChainError, chainErrorText, revertData } from "./errors.ts";
import { type Done, done, event, znodeOf } from "./registrars.ts";
import { transact } from "./transact.ts";

/**
 * Deploys a slasher for the router's frames, and gives it its role where the sender is the
 * registrar's admin. @throws {ChainError}
 */
export async function deploySlasher(
  sender: Sender,
  contracts: Pick<Deployment, "router" | "znodeRegistrar" | "minStake">,
  options: DeployOptions = {},
): Promise<Address> {
  const self = sender.wallet.account.address;
  const { admin = self, penalty = contracts.minStake, reporterBps = 2000n } = options;
  const args = [contracts.router, contracts.znodeRegistrar, admin, penalty, reporterBps];
  const contract = { abi, bytecode: slasherBytecode, args };
  const { address } = await deployContract(sender, "Slasher", contract, options);
  if (admin === self) {
    const data = encodeFunctionData({
      abi: znodeRegistrarAbi,
      functionName: "setSlasher",
      args: [address],
    });
    await transact(sender, { to: contracts.znodeRegistrar, data, what: "naming the slasher" });
  }
  return address;
}

/** A verifier's code, for one program. */
export interface VerifierPair {
  readonly codehash: Hex;
  readonly programId: Hex;
}

/** The hash of the code at an address. @throws {ChainError} when there is none */
export async function codehashOf(reader: Reader, address: Address): Promise<Hex> {
  const code = await reader.getCode({ address });
  if (!code || code === "0x") throw new ChainError(`${address} is no contract`);
  return keccak256(code);
}

/** Lists a verifier's code for a program, with the gas that it gets; 0n takes it off. Admin only. */
export async function listVerifier(
  sender: Sender,
  slasher: Address,
  { codehash, programId, gasLimit }: VerifierPair & { gasLimit: bigint },
): Promise<Done> {
  const args = [codehash, programId, gasLimit] as const;
  const data = encodeFunctionData({ abi, functionName: "listVerifier", args });
  return done(await transact(sender, { to: slasher, data, what: "listing the verifier" }));
}

/** Gas that a listed verifier gets; 0n: it is not listed. */
export function gasLimitOf(
  reader: Reader,
  slasher: Address,
  { codehash, programId }: VerifierPair,
): Promise<bigint> {
  return reader.readContract({
    address: slasher,
    abi,
    functionName: "gasLimitOf",
    args: [codehash, programId],
  });
}

export interface Slash extends Done {
  /** Wei taken from the znode by this report. */
  readonly slashed: bigint;
}

const forContract = (evidence: Evidence) => ({
  ...evidence,
  index: BigInt(evidence.index),
  count: BigInt(evidence.count),
});

interface EquivocationReport {
  readonly znodeId: bigint;
  readonly a: Signed<ReceiptClaim>;
  readonly b: Signed<ReceiptClaim>;
}

interface InvalidProofReport {
  readonly znodeId: bigint;
  readonly acceptance: Signed<Acceptance>;
  readonly claim: Signed<ReceiptClaim>;
  readonly publicValues: Hex;
  readonly proof: Hex;
}

/** Two receipts of different public values for one task and epoch, by one prover. */
export function reportEquivocation(
  sender: Sender,
  slasher: Address,
  equivocation: EquivocationReport,
): Promise<Slash> {
  return report(sender, slasher, equivocationData(equivocation));
}

function equivocationData({ znodeId, a, b }: EquivocationReport): Hex {
  const args = [
    znodeId,
    a.statement,
    forContract(a.evidence),
    b.statement,
    forContract(b.evidence),
  ] as const;
  return encodeFunctionData({ abi, functionName: "reportEquivocation", args });
}

/** A receipt of exactly these bytes, which the verifier that its prover accepted refuses. */
export function reportInvalidProof(
  sender: Sender,
  slasher: Address,
  invalid: InvalidProofReport,
): Promise<Slash> {
  return report(sender, slasher, invalidProofData(invalid));
}

function invalidProofData(invalid: InvalidProofReport): Hex {
  const { znodeId, acceptance, claim, publicValues, proof } = invalid;
  const args = [
    znodeId,
    acceptance.statement,
    forContract(acceptance.evidence),
    claim.statement,
    forContract(claim.evidence),
    publicValues,
    proof,
  ] as const;
  return encodeFunctionData({ abi, functionName: "reportInvalidProof", args });
}

/** A fault, and the znode whose stake is to answer for it. */
export interface FaultReport {
  readonly znodeId: bigint;
  readonly fault: Fault;
}

/** The call that reports a fault of either kind. */
export const faultData = ({ znodeId, fault }: FaultReport): Hex =>
  fault.kind === "equivocation"
    ? equivocationData({ znodeId, a: fault.claims[0], b: fault.claims[1] })
    : invalidProofData({ znodeId, ...fault });

/** Reports a fault of either kind. */
export const reportFault = (sender: Sender, slasher: Address, fault: FaultReport): Promise<Slash> =>
  report(sender, slasher, faultData(fault));

/** Wei taken so far for what a prover did under a lease. */
export function takenFor(
  reader: Reader,
  slasher: Address,
  { prover, taskId, epoch }: Pick<ReceiptClaim, "prover" | "taskId" | "epoch">,
): Promise<bigint> {
  const args = [prover, taskId, epoch] as const;
  return reader.readContract({ address: slasher, abi, functionName: "takenFor", args });
}

/** The slasher that a registrar names; undefined when it names none. */
export async function slasherOf(reader: Reader, registrar: Address): Promise<Address | undefined> {
  const named = await reader.readContract({
    address: registrar,
    abi: znodeRegistrarAbi,
    functionName: "slasher",
  });
  return named === zeroAddress ? undefined : named;
}

/** Whether a report would succeed now. @throws {ChainError} with the contract's reason if not */
export async function simulateReport(
  reader: Reader,
  slasher: Address,
  fault: FaultReport,
): Promise<void> {
  try {
    await reader.call({ to: slasher, data: faultData(fault) });
  } catch (error) {
    const text = `reporting the fault: ${chainErrorText(error)}`;
    throw new ChainError(text, revertData(error));
  }
}

/** The znode whose stake answers for what a prover signed: its own now, or one that it left. */
export async function liableZNode(
  reader: Reader,
  registrar: Address,
  { prover, fromBlock }: { prover: Address; fromBlock: bigint },
): Promise<bigint | undefined> {
  const bound = await znodeOf(reader, registrar, prover);
  if (bound !== 0n) return bound;
  const contract = { address: registrar, abi: znodeRegistrarAbi } as const;
  const logs = await reader.getContractEvents({
    ...contract,
    eventName: "OperatorBound",
    args: { operator: prover },
    fromBlock,
    strict: true,
  });
  for (const { args: { znodeId } } of logs.reverse()) {
    const args = [prover, znodeId] as const;
    if (await reader.readContract({ ...contract, functionName: "isLiable", args })) return znodeId;
  }
  return undefined;
}

async function report(sender: Sender, slasher: Address, data: Hex): Promise<Slash> {
  const receipt = await transact(sender, { to: slasher, data, what: "reporting the fault" });
  return { ...done(receipt), slashed: event(receipt, slasher, abi, "FaultProven").args.slashed };
}

/** Takes what the sender earned by reports. */
export async function withdrawReward(
  sender: Sender,
  slasher: Address,
): Promise<Done & { amount: bigint }> {
  const data = encodeFunctionData({ abi, functionName: "withdraw" });
  const receipt = await transact(sender, { to: slasher, data, what: "withdrawing the reward" });
  return { ...done(receipt), amount: event(receipt, slasher, abi, "Withdrawn").args.amount };
}

export interface SlasherStatus {
  readonly router: Address;
  readonly registrar: Address;
  readonly admin: Address;
  /** Wei a fault costs. */
  readonly penalty: bigint;
  /** Of it for the reporter, in 1/10000. */
  readonly reporterBps: bigint;
  /** Whether the registrar lets it slash. */
  readonly active: boolean;
}

/** What a slasher was deployed with. */
export async function slasherStatus(reader: Reader, slasher: Address): Promise<SlasherStatus> {
  const read = <const name extends "router" | "registrar" | "admin" | "penalty" | "reporterBps">(
    functionName: name,
  ) => reader.readContract({ address: slasher, abi, functionName });
  const [router, registrar, admin, penalty, reporterBps] = await Promise.all([
    read("router"),
    read("registrar"),
    read("admin"),
    read("penalty"),
    read("reporterBps"),
  ]);
  const named = await reader.readContract({
    address: registrar,
    abi: znodeRegistrarAbi,
    functionName: "slasher",
  });
  const active = getAddress(named) === getAddress(slasher);
  return { router, registrar, admin, penalty, reporterBps, active };
}

/** Wei that an account can withdraw as a reporter. */
export function reporterCredit(reader: Reader, slasher: Address, account: Address) {
  return reader.readContract({ address: slasher, abi, functionName: "credits", args: [account] });
}

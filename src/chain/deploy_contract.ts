import { type Abi, type Address, encodeDeployData, getAddress, type Hex } from "viem";
import type { Sender } from "./clients.ts";
import { ChainError } from "./errors.ts";
import { transact, type TransactOptions } from "./transact.ts";

export interface DeployOptions extends TransactOptions {
  /** Wei; 1 unless given. */
  readonly minStake?: bigint;
  /** Seconds; 7 days unless given. */
  readonly unstakeDelay?: bigint;
  /** Who may name the slasher and the reward pool, once, and lists verifiers; the sender unless given. */
  readonly admin?: Address;
  /** Wei that a proven fault costs; the least stake unless given. */
  readonly penalty?: bigint;
  /** The reporter's part of a penalty, in 1/10000, 5000 at most; 2000 unless given. */
  readonly reporterBps?: bigint;
  /** The ERC-20 token that rewards are paid in; the chain's coin unless given. */
  readonly rewardToken?: Address;
  readonly onDeployed?: (name: string, address: Address) => void;
}

/** Deploys one contract. @throws {ChainError} that names it */
export async function deployContract(
  sender: Sender,
  name: string,
  contract: { abi: Abi; bytecode: Hex; args?: readonly unknown[] },
  options: DeployOptions,
): Promise<{ address: Address; block: bigint }> {
  const data = encodeDeployData({ ...contract, args: contract.args ?? [] });
  const call = { data, abi: contract.abi, what: `deploying ${name}` };
  const { contractAddress, blockNumber } = await transact(sender, call, options);
  if (!contractAddress) throw new ChainError(`deploying ${name} gave no contract`);
  const deployed = getAddress(contractAddress);
  options.onDeployed?.(name, deployed);
  return { address: deployed, block: blockNumber };
}

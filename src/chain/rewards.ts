/**
 * Payment for accepted tasks: what projects deposit and escrow, and what provers earn. Amounts are
 * units of the pool's token: wei of the chain's coin where `token` is the zero address. Each action
 * waits for its transaction; each throws `ChainError` with the contract's reason.
 */
import { type Address, encodeFunctionData, erc20Abi, type Hex, zeroAddress } from "viem";
import type { Task } from "../protocol/index.ts";
import { rewardPoolAbi as abi } from "./abi/rewardPool.ts";
import { routerAbi } from "./abi/router.ts";
import { rewardPoolBytecode } from "./bytecode/rewardPool.ts";
import type { Reader, Sender } from "./clients.ts";
import type { Deployment } from "./deploy.ts";
import { deployContract, type DeployOptions } from "./deploy_contract.ts";
import { type Done, done, event } from "./registrars.ts";
import { transact } from "./transact.ts";

/** Token units for 1e18 wei of gas, in a pool of the chain's own coin. */
export const nativeRate = 10n ** 18n;

/**
 * Deploys a pool for the router, and has the router pay by it where the sender is the router's
 * admin. @throws {ChainError}
 */
export async function deployRewardPool(
  sender: Sender,
  { router }: Pick<Deployment, "router">,
  options: DeployOptions = {},
): Promise<Address> {
  const contract = {
    abi,
    bytecode: rewardPoolBytecode,
    args: [router, options.rewardToken ?? zeroAddress],
  };
  const { address } = await deployContract(sender, "RewardPool", contract, options);
  const self = sender.wallet.account.address;
  if ((options.admin ?? self) === self) {
    const args = [address] as const;
    const data = encodeFunctionData({ abi: routerAbi, functionName: "setRewardPool", args });
    await transact(sender, { to: router, data, what: "naming the reward pool" });
  }
  return address;
}

/** The pool that a router pays by; undefined until its admin named one. */
export async function routersPool(reader: Reader, router: Address): Promise<Address | undefined> {
  const call = { address: router, abi: routerAbi, functionName: "rewardPool" } as const;
  const pool = await reader.readContract(call);
  return pool === zeroAddress ? undefined : pool;
}

/** The pool's token; the zero address: the chain's coin. */
export function rewardToken(reader: Reader, pool: Address): Promise<Address> {
  return reader.readContract({ address: pool, abi, functionName: "token" });
}

interface ProjectAmount {
  readonly projectId: bigint;
  readonly amount: bigint;
}

/** Adds to a project's deposit; a token is approved first. Answers what arrived. */
export async function deposit(
  sender: Sender,
  pool: Address,
  { projectId, amount }: ProjectAmount,
): Promise<Done & { amount: bigint }> {
  const token = await rewardToken(sender.reader, pool);
  const native = token === zeroAddress;
  if (!native) await approve(sender, token, pool, amount);
  const data = encodeFunctionData({ abi, functionName: "deposit", args: [projectId, amount] });
  const what = `depositing for project ${projectId}`;
  const value = native ? amount : 0n;
  const receipt = await transact(sender, { to: pool, data, value, what });
  return { ...done(receipt), amount: event(receipt, pool, abi, "Deposited").args.amount };
}

async function approve(sender: Sender, token: Address, pool: Address, amount: bigint) {
  const owner = sender.wallet.account.address;
  const contract = { address: token, abi: erc20Abi } as const;
  const args = [owner, pool] as const;
  const allowed = await sender.reader.readContract({
    ...contract,
    functionName: "allowance",
    args,
  });
  if (allowed >= amount) return;
  const data = encodeFunctionData({
    abi: erc20Abi,
    functionName: "approve",
    args: [pool, amount],
  });
  await transact(sender, { to: token, data, what: "approving the tokens" });
}

/** Takes back what is not escrowed. Only the project's owner may. */
export async function withdrawDeposit(
  sender: Sender,
  pool: Address,
  { projectId, amount }: ProjectAmount,
): Promise<Done> {
  const args = [projectId, amount] as const;
  const data = encodeFunctionData({ abi, functionName: "withdrawDeposit", args });
  const what = `withdrawing the deposit of project ${projectId}`;
  return done(await transact(sender, { to: pool, data, what }));
}

/** What a project deposited and did not escrow. */
export function depositOf(reader: Reader, pool: Address, projectId: bigint): Promise<bigint> {
  return reader.readContract({ address: pool, abi, functionName: "depositOf", args: [projectId] });
}

/** What a prover can withdraw. */
export function rewardOf(reader: Reader, pool: Address, prover: Address): Promise<bigint> {
  return reader.readContract({ address: pool, abi, functionName: "credits", args: [prover] });
}

/** Takes what the sender earned as a prover. */
export async function withdrawRewards(
  sender: Sender,
  pool: Address,
): Promise<Done & { amount: bigint }> {
  const data = encodeFunctionData({ abi, functionName: "withdraw" });
  const receipt = await transact(sender, { to: pool, data, what: "withdrawing the rewards" });
  return { ...done(receipt), amount: event(receipt, pool, abi, "Withdrawn").args.amount };
}

/** What a task may cost, and until when its result must be accepted. */
export interface Terms {
  /** Most that the task may cost. */
  readonly maxFee: bigint;
  /** What the prover gets beside the gas. */
  readonly fee: bigint;
  /** Token units for 1e18 wei of gas; `nativeRate` in a pool of the chain's coin. */
  readonly gasRate: bigint;
  /** Seconds since 1970 from which the task can be refunded. */
  readonly deadline: bigint;
}

export type EscrowItem = Terms & { readonly task: Omit<Task, "chainId" | "router"> };

/** The call by which an operator of their projects escrows tasks, all or none. */
export function escrowCall(items: readonly EscrowItem[]): Hex {
  return encodeFunctionData({ abi, functionName: "escrow", args: [items] });
}

/** Escrows tasks of projects that the sender may operate, all or none. */
export async function escrow(
  sender: Sender,
  pool: Address,
  items: readonly EscrowItem[],
): Promise<Done> {
  const what = `escrowing ${items.length} tasks`;
  return done(await transact(sender, { to: pool, data: escrowCall(items), what }));
}

/** The call by which anyone gives overdue escrows back to their projects, all or none. */
export function refundCall(taskIds: readonly Hex[]): Hex {
  return encodeFunctionData({ abi, functionName: "refund", args: [taskIds] });
}

/** Gives overdue escrows of tasks that were not accepted back to their projects. Anyone may. */
export async function refund(
  sender: Sender,
  pool: Address,
  taskIds: readonly Hex[],
): Promise<Done> {
  return done(await transact(sender, { to: pool, data: refundCall(taskIds), what: "refunding" }));
}

export type Escrow = Terms & { readonly projectId: bigint };

/** A task's escrow; undefined when there is none, or it was paid or refunded. */
export async function escrowOf(
  reader: Pick<Reader, "readContract">,
  pool: Address,
  taskId: Hex,
): Promise<Escrow | undefined> {
  const [projectId, deadline, maxFee, fee, gasRate] = await reader.readContract({
    address: pool,
    abi,
    functionName: "escrows",
    args: [taskId],
  });
  return deadline === 0n ? undefined : { projectId, deadline, maxFee, fee, gasRate };
}

/**
 * What owners and operators do with the contracts, one function an action. Each waits for its
 * transaction and answers what it did; each throws `ChainError` with the contract's reason.
 */
import {
  type Abi,
  type Address,
  type ContractEventName,
  encodeFunctionData,
  type Hex,
  parseEventLogs,
  type TransactionReceipt,
  zeroAddress,
} from "viem";
import { projectRegistrarAbi } from "./abi/projectRegistrar.ts";
import { routerAbi } from "./abi/router.ts";
import { znodeRegistrarAbi } from "./abi/znodeRegistrar.ts";
import type { Reader, Sender } from "./clients.ts";
import { ChainError } from "./errors.ts";
import { transact } from "./transact.ts";

export interface Done {
  readonly transaction: Hex;
  readonly block: bigint;
}

export const done = (receipt: TransactionReceipt): Done => ({
  transaction: receipt.transactionHash,
  block: receipt.blockNumber,
});

/** The contract's own event in a transaction. @throws {ChainError} when it emitted none */
export function event<const abi extends Abi, name extends ContractEventName<abi>>(
  receipt: TransactionReceipt,
  emitter: Address,
  abi: abi,
  eventName: name,
) {
  const own = receipt.logs.filter((log) => log.address.toLowerCase() === emitter.toLowerCase());
  const [log] = parseEventLogs({ abi, eventName, logs: own });
  if (log) return log;
  throw new ChainError(`${receipt.transactionHash} emitted no ${eventName}: not our contract?`);
}

/** Where a project's config is, and its SHA-256. */
export interface ProjectConfig {
  readonly uri: string;
  readonly hash: Hex;
}

export async function createProject(
  sender: Sender,
  registrar: Address,
  { uri, hash }: ProjectConfig,
): Promise<Done & { projectId: bigint }> {
  const abi = projectRegistrarAbi;
  const data = encodeFunctionData({ abi, functionName: "createProject", args: [uri, hash] });
  const receipt = await transact(sender, { to: registrar, data, what: "creating the project" });
  const { projectId } = event(receipt, registrar, abi, "ProjectUpserted").args;
  return { ...done(receipt), projectId };
}

export async function updateProject(
  sender: Sender,
  registrar: Address,
  { projectId, uri, hash }: ProjectConfig & { projectId: bigint },
): Promise<Done> {
  const data = encodeFunctionData({
    abi: projectRegistrarAbi,
    functionName: "updateProject",
    args: [projectId, uri, hash],
  });
  const what = `updating project ${projectId}`;
  return done(await transact(sender, { to: registrar, data, what }));
}

/** Pauses a project, or takes the pause back. */
export async function setProjectPaused(
  sender: Sender,
  registrar: Address,
  { projectId, paused }: { projectId: bigint; paused: boolean },
): Promise<Done> {
  const functionName = paused ? "pauseProject" : "unpauseProject";
  const data = encodeFunctionData({ abi: projectRegistrarAbi, functionName, args: [projectId] });
  const what = `${paused ? "pausing" : "unpausing"} project ${projectId}`;
  return done(await transact(sender, { to: registrar, data, what }));
}

interface ProjectOperator {
  readonly projectId: bigint;
  readonly operator: Address;
}

/** Lets `operator` sign the project's tasks. */
export async function addOperator(
  sender: Sender,
  registrar: Address,
  { projectId, operator }: ProjectOperator,
): Promise<Done> {
  const data = encodeFunctionData({
    abi: projectRegistrarAbi,
    functionName: "addOperator",
    args: [projectId, operator],
  });
  const what = `adding an operator to project ${projectId}`;
  return done(await transact(sender, { to: registrar, data, what }));
}

export async function removeOperator(
  sender: Sender,
  registrar: Address,
  { projectId, operator }: ProjectOperator,
): Promise<Done> {
  const data = encodeFunctionData({
    abi: projectRegistrarAbi,
    functionName: "removeOperator",
    args: [projectId, operator],
  });
  const what = `removing an operator of project ${projectId}`;
  return done(await transact(sender, { to: registrar, data, what }));
}

/** Whether `operator` may sign the project's tasks. False for an unknown project. */
export function canOperate(
  reader: Reader,
  registrar: Address,
  { projectId, operator }: ProjectOperator,
): Promise<boolean> {
  return reader.readContract({
    address: registrar,
    abi: projectRegistrarAbi,
    functionName: "canOperateProject",
    args: [operator, projectId],
  });
}

/** Who checks a program's proofs, who takes the results, and whether unbound proofs pass. */
export interface Route {
  readonly verifier: Address;
  readonly receiver: Address;
  readonly allowUnbound: boolean;
}

interface RouteKey {
  readonly projectId: bigint;
  readonly programId: Hex;
}

/** Only the project's owner may. */
export async function setRoute(
  sender: Sender,
  router: Address,
  { projectId, programId, verifier, receiver, allowUnbound }: RouteKey & Route,
): Promise<Done> {
  const data = encodeFunctionData({
    abi: routerAbi,
    functionName: "setRoute",
    args: [projectId, programId, verifier, receiver, allowUnbound],
  });
  const what = `setting the route of project ${projectId}`;
  return done(await transact(sender, { to: router, data, what }));
}

/** Only the project's owner may. */
export async function removeRoute(
  sender: Sender,
  router: Address,
  { projectId, programId }: RouteKey,
): Promise<Done> {
  const data = encodeFunctionData({
    abi: routerAbi,
    functionName: "removeRoute",
    args: [projectId, programId],
  });
  const what = `removing the route of project ${projectId}`;
  return done(await transact(sender, { to: router, data, what }));
}

/** The route of a program, if there is one. */
export async function getRoute(
  reader: Reader,
  router: Address,
  { projectId, programId }: RouteKey,
): Promise<Route | undefined> {
  const route = await reader.readContract({
    address: router,
    abi: routerAbi,
    functionName: "route",
    args: [projectId, programId],
  });
  return route.verifier === zeroAddress ? undefined : route;
}

/** Creates a znode, which belongs to the sender. */
export async function createZNode(
  sender: Sender,
  registrar: Address,
  { did }: { did: string },
): Promise<Done & { znodeId: bigint }> {
  const abi = znodeRegistrarAbi;
  const data = encodeFunctionData({ abi, functionName: "createZNode", args: [did] });
  const receipt = await transact(sender, { to: registrar, data, what: "creating the znode" });
  const { tokenId } = event(receipt, registrar, abi, "Transfer").args;
  return { ...done(receipt), znodeId: tokenId };
}

/** Lets `operator` prove for the znode; `bound` is false while it proves for another one. */
export async function addZNodeOperator(
  sender: Sender,
  registrar: Address,
  { did, operator }: { did: string; operator: Address },
): Promise<Done & { bound: boolean }> {
  const abi = znodeRegistrarAbi;
  const data = encodeFunctionData({ abi, functionName: "addOperator", args: [did, operator] });
  const what = "adding an operator to the znode";
  const receipt = await transact(sender, { to: registrar, data, what });
  const [znode, id] = await Promise.all([
    znodeOf(sender.reader, registrar, operator),
    sender.reader.readContract({
      address: registrar,
      abi,
      functionName: "znodeDIDs",
      args: [did],
    }),
  ]);
  return { ...done(receipt), bound: znode === id };
}

/** Adds `amount` wei to the znode's stake; answers what is at stake then. */
export async function stake(
  sender: Sender,
  registrar: Address,
  { znodeId, amount }: { znodeId: bigint; amount: bigint },
): Promise<Done & { active: bigint }> {
  const abi = znodeRegistrarAbi;
  const data = encodeFunctionData({ abi, functionName: "stake", args: [znodeId] });
  const what = `staking for znode ${znodeId}`;
  const receipt = await transact(sender, { to: registrar, data, value: amount, what });
  return { ...done(receipt), active: event(receipt, registrar, abi, "Staked").args.active };
}

/** Asks `amount` wei back; `releaseAt` is the second since 1970 from which it can be withdrawn. */
export async function unstake(
  sender: Sender,
  registrar: Address,
  { znodeId, amount }: { znodeId: bigint; amount: bigint },
): Promise<Done & { active: bigint; releaseAt: bigint }> {
  const abi = znodeRegistrarAbi;
  const data = encodeFunctionData({ abi, functionName: "unstake", args: [znodeId, amount] });
  const what = `unstaking of znode ${znodeId}`;
  const receipt = await transact(sender, { to: registrar, data, what });
  const { active, releaseAt } = event(receipt, registrar, abi, "Unstaking").args;
  return { ...done(receipt), active, releaseAt };
}

/** Takes what was asked back, once its time has come. */
export async function withdraw(
  sender: Sender,
  registrar: Address,
  { znodeId }: { znodeId: bigint },
): Promise<Done & { amount: bigint }> {
  const abi = znodeRegistrarAbi;
  const data = encodeFunctionData({ abi, functionName: "withdraw", args: [znodeId] });
  const what = `withdrawing stake of znode ${znodeId}`;
  const receipt = await transact(sender, { to: registrar, data, what });
  return { ...done(receipt), amount: event(receipt, registrar, abi, "Withdrawn").args.amount };
}

/** All that makes operators eligible: a znode, its operators, its stake. */
export async function registerZNode(
  sender: Sender,
  registrar: Address,
  znode: { did: string; operators: readonly Address[]; amount: bigint },
): Promise<{ znodeId: bigint; transactions: Hex[] }> {
  const { did, operators, amount } = znode;
  const created = await createZNode(sender, registrar, { did });
  const transactions = [created.transaction];
  for (const operator of operators) {
    const added = await addZNodeOperator(sender, registrar, { did, operator });
    transactions.push(added.transaction);
  }
  if (amount > 0n) {
    const staked = await stake(sender, registrar, { znodeId: created.znodeId, amount });
    transactions.push(staked.transaction);
  }
  return { znodeId: created.znodeId, transactions };
}

/** Whether `operator` may prove now: registered, staked enough, not paused. */
export function isEligible(reader: Reader, registrar: Address, operator: Address) {
  return reader.readContract({
    address: registrar,
    abi: znodeRegistrarAbi,
    functionName: "isEligible",
    args: [operator],
  });
}

/** The znode that `operator` proves for; 0: none. */
export function znodeOf(reader: Reader, registrar: Address, operator: Address): Promise<bigint> {
  return reader.readContract({
    address: registrar,
    abi: znodeRegistrarAbi,
    functionName: "znodeOf",
    args: [operator],
  });
}

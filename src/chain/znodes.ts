/** A znode as its contract has it: who may prove for it, what is at stake and until when. */
import { type Address, encodeFunctionData, maxUint256 } from "viem";
import { znodeRegistrarAbi as abi } from "./abi/znodeRegistrar.ts";
import type { Reader, Sender } from "./clients.ts";
import { ChainError } from "./errors.ts";
import { type Done, done, isEligible, znodeOf } from "./registrars.ts";
import { transact } from "./transact.ts";

export interface OperatorStatus {
  readonly operator: Address;
  /** Whether it proves for this znode now; it may have left, and the stake still answers for it. */
  readonly bound: boolean;
  readonly eligible: boolean;
  /** Seconds since 1970 until which the stake answers for it; undefined: as long as it is bound. */
  readonly liableUntil: bigint | undefined;
}

export interface ZNodeStatus {
  readonly znodeId: bigint;
  readonly did: string;
  readonly owner: Address;
  readonly paused: boolean;
  /** Wei. */
  readonly stake: bigint;
  readonly minStake: bigint;
  /** Wei asked back, and the second since 1970 from which it can be withdrawn. */
  readonly pending: bigint;
  readonly releaseAt: bigint;
}

/** @throws {ChainError} when there is no such znode */
export async function znodeStatus(
  reader: Reader,
  registrar: Address,
  znodeId: bigint,
): Promise<ZNodeStatus> {
  const contract = { address: registrar, abi } as const;
  const args = [znodeId] as const;
  const [did, paused] = await reader.readContract({ ...contract, functionName: "znodes", args });
  if (did === "") throw new ChainError(`there is no znode ${znodeId}`);
  const [owner, stake, [pending, releaseAt], minStake] = await Promise.all([
    reader.readContract({ ...contract, functionName: "ownerOf", args }),
    reader.readContract({ ...contract, functionName: "stakeOf", args }),
    reader.readContract({ ...contract, functionName: "pendingOf", args }),
    reader.readContract({ ...contract, functionName: "minStake" }),
  ]);
  return { znodeId, did, owner, paused, stake, minStake, pending, releaseAt };
}

/** What an operator is to a znode. */
export async function operatorStatus(
  reader: Reader,
  registrar: Address,
  { znodeId, operator }: { znodeId: bigint; operator: Address },
): Promise<OperatorStatus> {
  const [bound, eligible, until] = await Promise.all([
    znodeOf(reader, registrar, operator),
    isEligible(reader, registrar, operator),
    reader.readContract({
      address: registrar,
      abi,
      functionName: "liableUntil",
      args: [operator, znodeId],
    }),
  ]);
  return {
    operator,
    bound: bound === znodeId,
    eligible: bound === znodeId && eligible,
    liableUntil: until === maxUint256 ? undefined : until,
  };
}

/** Everyone who ever proved for a znode, by the registrar's events from `fromBlock` on. */
export async function operatorsOf(
  reader: Reader,
  registrar: Address,
  { znodeId, fromBlock }: { znodeId: bigint; fromBlock: bigint },
): Promise<OperatorStatus[]> {
  const logs = await reader.getContractEvents({
    address: registrar,
    abi,
    eventName: "OperatorBound",
    args: { znodeId },
    fromBlock,
    strict: true,
  });
  const operators = new Set(logs.map((log) => log.args.operator));
  return await Promise.all(
    [...operators].map((operator) => operatorStatus(reader, registrar, { znodeId, operator })),
  );
}

/** Pauses a znode, which makes its operators ineligible, or takes the pause back. */
export async function setZNodePaused(
  sender: Sender,
  registrar: Address,
  { did, paused }: { did: string; paused: boolean },
): Promise<Done> {
  const functionName = paused ? "pauseZNode" : "unpauseZNode";
  const data = encodeFunctionData({ abi, functionName, args: [did] });
  const what = paused ? "pausing the znode" : "unpausing the znode";
  return done(await transact(sender, { to: registrar, data, what }));
}

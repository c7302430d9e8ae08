import type { Address, Hex } from "viem";
import type { Chains } from "../chain/clients.ts";
import { depositOf, type Escrow, escrowOf } from "../chain/rewards.ts";

/** What the chain has of a reward pool now. */
export interface PoolView {
  readonly address: Address;
  escrowOf(taskId: Hex): Promise<Escrow | undefined>;
  accepted(taskId: Hex): Promise<boolean>;
  depositOf(projectId: bigint): Promise<bigint>;
  /** The next block's time, about, seconds since 1970. */
  now(): Promise<bigint>;
}

/** @param accepted whether the router has accepted a task */
export function poolView(
  chains: Chains,
  address: Address,
  accepted: PoolView["accepted"],
): PoolView {
  const reader = async () => (await chains.main()).reader;
  return {
    address,
    escrowOf: async (taskId) => await escrowOf(await reader(), address, taskId),
    depositOf: async (projectId) => await depositOf(await reader(), address, projectId),
    async now() {
      const { timestamp } = await (await reader()).getBlock();
      // A chain that mines on demand stands still between its transactions.
      const own = BigInt(Math.floor(Date.now() / 1000));
      return timestamp > own ? timestamp : own;
    },
    accepted,
  };
}

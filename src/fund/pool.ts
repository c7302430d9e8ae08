import { type Address, type Hex, isAddressEqual } from "viem";
import type { Chains } from "../chain/clients.ts";
import { depositOf, type Escrow, escrowOf, routersPool } from "../chain/rewards.ts";

/** What the chain has of a reward pool now. */
export interface PoolView {
  readonly address: Address;
  /** Why nobody would be paid by it; undefined when the router pays by it. */
  problem(): Promise<string | undefined>;
  escrowOf(taskId: Hex): Promise<Escrow | undefined>;
  accepted(taskId: Hex): Promise<boolean>;
  depositOf(projectId: bigint): Promise<bigint>;
  /** The next block's time, about, seconds since 1970. */
  now(): Promise<bigint>;
}

/**
 * @param router which pays by one pool
 * @param accepted whether the router has accepted a task
 */
export function poolView(
  chains: Chains,
  address: Address,
  router: Address,
  accepted: PoolView["accepted"],
): PoolView {
  const reader = async () => (await chains.main()).reader;
  return {
    address,
    async problem() {
      const named = await routersPool(await reader(), router);
      if (named !== undefined && isAddressEqual(named, address)) return undefined;
      return named === undefined
        ? `the router ${router} has no reward pool yet; its admin names one`
        : `REWARD_POOL_ADDRESS is ${address}, but the router ${router} pays by ${named}`;
    },
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

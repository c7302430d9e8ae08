import type { Hex } from "viem";
import { seedBlockOf, type Task } from "../protocol/index.ts";
import type { StakedProver } from "./stakes.ts";
import type { StakeWatcher } from "./stake_watcher.ts";

/** What orders the provers of a task. */
export type Seed =
  | {
    readonly kind: "ranked";
    readonly block: bigint;
    readonly hash: Hex;
    readonly staked: readonly StakedProver[];
  }
  /** Its block is not there, or not read yet. */
  | { readonly kind: "wait"; readonly block: bigint }
  /** The task is not to wait for an order any longer. `block` is 0 where it names no height. */
  | { readonly kind: "unranked"; readonly block: bigint; readonly reason: string };

export interface Seeds {
  of(task: Pick<Task, "nonce" | "chainId">): Seed;
  /** Called when `of` may answer otherwise than before. Returns the unsubscriber. */
  onChange(listener: () => void): () => void;
}

export interface SeedTimes {
  /** How long tasks wait while the chain can't be read, ms. */
  readonly silentMs: number;
  /** How long tasks wait for a block that does not come, ms. */
  readonly blockMs: number;
}

const defaults: SeedTimes = { silentMs: 30_000, blockMs: 300_000 };
const mostWaiting = 4_096;

/**
 * The seeds of tasks. A chain that is away holds tasks up for a while and no longer: then they go
 * to whoever has room, and their assignments say so.
 */
export function createSeeds(
  watcher: Pick<StakeWatcher, "height" | "silentMs" | "seed" | "onChange">,
  times: Partial<SeedTimes> = {},
): Seeds {
  const { silentMs, blockMs } = { ...defaults, ...times };
  const began = performance.now();
  const since = new Map<bigint, number>();
  return {
    of(task) {
      const block = seedBlockOf(task);
      if (block === undefined) {
        return { kind: "unranked", block: 0n, reason: "the task names no height of the chain" };
      }
      const seed = watcher.seed(block);
      if (seed) {
        since.delete(block);
        return { kind: "ranked", block, ...seed };
      }
      const now = performance.now();
      const silent = Math.min(watcher.silentMs, now - began);
      if (silent > silentMs) {
        return { kind: "unranked", block, reason: "the chain could not be read" };
      }
      const first = since.get(block) ?? now;
      if (now - first > blockMs) {
        return { kind: "unranked", block, reason: "the seed block did not come" };
      }
      if (since.size >= mostWaiting) since.delete(since.keys().next().value as bigint);
      since.set(block, first);
      return { kind: "wait", block };
    },
    onChange: (listener) => watcher.onChange(listener),
  };
}

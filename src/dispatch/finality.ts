/** What counted as final and left the chain all the same is found here. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Hex } from "viem";
import type { TaskStore } from "../da/da.ts";
import { errorText, type Log } from "../log.ts";

/** The chain that the router is on. */
export interface Blocks {
  head(): Promise<Block>;
  /** The block's hash as the chain has it now; undefined where it has none of that number. */
  hashAt(number: bigint): Promise<Hex | undefined>;
}
interface Block {
  readonly number: bigint;
  readonly hash: Hex;
}

export interface FinalityDeps {
  readonly blocks: Blocks;
  readonly isAccepted: (taskId: Hex) => Promise<boolean>;
  readonly store: Pick<TaskStore, "confirmedSince">;
  /** The database's clock, ms. */
  readonly now: () => Promise<number>;
  /** A head of the chain that outlives this process. */
  readonly memory: {
    load(): Promise<Block | undefined>;
    save(head: Block): Promise<void>;
  };
  /** The router no longer has the task's result. */
  readonly onLost: (taskId: Hex) => Promise<void>;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly pollMs: number;
  /** Blocks after which a result counts as final. */
  readonly confirmations: number;
}

/** Heads that are remembered: what is deeper is not looked for. */
const remembered = 1_024;
/** How far results are looked at when the fork is older than what is remembered, ms. */
const missedMs = 3_600_000;
/** Pause between heads that are stored, ms. */
const storeMs = 30_000;
/** By how much the database's clock and what is seen of the chain may be apart, ms. */
const slackMs = 60_000;
/** Tasks read, and asked for, at once. */
const [read, asked] = [256, 16];

/**
 * Looks whether the heads that it saw are still on the chain. When one is not, and that goes deeper
 * than what counts as final, each result that was confirmed since is asked for again. Ends with the
 * signal.
 */
export async function watchFinality(deps: FinalityDeps): Promise<void> {
  const { log, signal, pollMs, now } = deps;
  let seen: (Block & { readonly at: number })[] = [];
  /** From when results are in doubt. */
  let doubtedFrom: number | undefined;
  let failing = false, started = false, storedAt = -Infinity;
  while (!signal.aborted) {
    try {
      if (!started) {
        const last = await deps.memory.load();
        if (last) seen.push({ ...last, at: 0 });
        started = true;
      }
      const head = await deps.blocks.head();
      const fork = await forkOf(deps.blocks, seen);
      if (fork < seen.length) {
        const last = seen[fork - 1];
        const depth = (seen.at(-1)?.number ?? 0n) - (last?.number ?? 0n);
        if (depth >= BigInt(deps.confirmations)) {
          log.warn({ depth: depth.toString() }, "the chain reorganised deeper than what is final");
          // Of a head that a former process saw it is not known when.
          const from = last?.at ? last.at - slackMs : await now() - missedMs;
          doubtedFrom = Math.min(doubtedFrom ?? Infinity, from);
        }
        seen = seen.slice(0, fork);
      } else if (doubtedFrom !== undefined) {
        await askAgain(deps, doubtedFrom);
        doubtedFrom = undefined;
      }
      if (seen.at(-1)?.hash !== head.hash) seen.push({ ...head, at: await now() });
      seen = seen.slice(-remembered);
      if (doubtedFrom === undefined && performance.now() - storedAt >= storeMs) {
        await deps.memory.save(head);
        storedAt = performance.now();
      }
      failing = false;
    } catch (error) {
      if (signal.aborted) return;
      if (!failing) log.warn(`the chain's past can't be looked at: ${errorText(error)}`);
      failing = true;
    }
    // What left one branch may be in the next blocks of the other.
    const pauseMs = doubtedFrom === undefined ? pollMs : pollMs * (1 + deps.confirmations);
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

/** How many of the heads, from the first on, are still on the chain. */
async function forkOf(blocks: Blocks, seen: readonly Block[]): Promise<number> {
  const stands = async (i: number) => {
    const block = seen[i];
    return block !== undefined && await blocks.hashAt(block.number) === block.hash;
  };
  if (seen.length === 0 || await stands(seen.length - 1)) return seen.length;
  // Those that stand come first.
  let low = 0, high = seen.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (await stands(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function askAgain(deps: FinalityDeps, since: number): Promise<void> {
  const { store, isAccepted, onLost, signal } = deps;
  const ask = async ({ taskId }: { readonly taskId: Hex }) => {
    if (!await isAccepted(taskId)) await onLost(taskId);
  };
  for (let after = 0n;;) {
    const tasks = await store.confirmedSince(since, after, read);
    for (let i = 0; i < tasks.length; i += asked) {
      signal.throwIfAborted();
      await Promise.all(tasks.slice(i, i + asked).map(ask));
    }
    const last = tasks.at(-1);
    if (!last || tasks.length < read) return;
    after = last.serial;
  }
}

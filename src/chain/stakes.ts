/**
 * Who has what at stake, at any block: kept from the registrar's events, each of which says what
 * holds from its block on. So a reorganisation is undone by forgetting what came after a block.
 */
import { type Address, getAbiItem, type Hex, zeroAddress } from "viem";
import { znodeRegistrarAbi as abi } from "./abi/znodeRegistrar.ts";
import { BlockRanges } from "./block_ranges.ts";
import type { Reader } from "./clients.ts";

const events = [
  getAbiItem({ abi, name: "Transfer" }),
  getAbiItem({ abi, name: "ZNodeUpserted" }),
  getAbiItem({ abi, name: "ZNodePaused" }),
  getAbiItem({ abi, name: "ZNodeUnpaused" }),
  getAbiItem({ abi, name: "OperatorBound" }),
  getAbiItem({ abi, name: "Staked" }),
  getAbiItem({ abi, name: "Unstaking" }),
  getAbiItem({ abi, name: "Slashed" }),
] as const;

/** An event, as far as it matters here. Names are known by their hash alone. */
export type StakeEvent =
  & { readonly block: bigint }
  & (
    | { readonly kind: "named"; readonly znode: bigint; readonly name: Hex }
    | { readonly kind: "paused"; readonly name: Hex; readonly paused: boolean }
    /** The znode that the operator proves for; 0: none. */
    | { readonly kind: "bound"; readonly operator: Address; readonly znode: bigint }
    | { readonly kind: "staked"; readonly znode: bigint; readonly active: bigint }
  );

/** A prover that may have work, with what its znode has at stake, wei. */
export interface StakedProver {
  readonly prover: Address;
  readonly stake: bigint;
}

/** Values by the block from which they hold. */
class Track<V> {
  readonly #values: (readonly [block: bigint, value: V])[] = [];

  set(block: bigint, value: V): void {
    if (this.#values.at(-1)?.[0] === block) this.#values.pop();
    this.#values.push([block, value]);
  }

  at(block: bigint): V | undefined {
    return this.#values.findLast(([since]) => since <= block)?.[1];
  }

  forget(after: bigint): void {
    while ((this.#values.at(-1)?.[0] ?? -1n) > after) this.#values.pop();
  }
}

class Tracks<K, V> extends Map<K, Track<V>> {
  track(key: K): Track<V> {
    const known = this.get(key);
    if (known) return known;
    const track = new Track<V>();
    this.set(key, track);
    return track;
  }
}

const mostRemembered = 16;

export class StakeHistory {
  readonly #names = new Tracks<bigint, Hex>();
  readonly #paused = new Tracks<Hex, boolean>();
  readonly #bound = new Tracks<Address, bigint>();
  readonly #active = new Tracks<bigint, bigint>();
  readonly #remembered = new Map<bigint, readonly StakedProver[]>();

  /** @param minStake least stake, wei, with which a znode's operators may prove */
  constructor(readonly minStake: bigint) {}

  /** Events in the chain's order. */
  add(list: readonly StakeEvent[]): void {
    if (list.length > 0) this.#remembered.clear();
    for (const event of list) {
      const { block } = event;
      if (event.kind === "named") this.#names.track(event.znode).set(block, event.name);
      else if (event.kind === "paused") this.#paused.track(event.name).set(block, event.paused);
      else if (event.kind === "bound") this.#bound.track(event.operator).set(block, event.znode);
      else this.#active.track(event.znode).set(block, event.active);
    }
  }

  /** Blocks after this one are no longer the chain's. */
  forget(after: bigint): void {
    this.#remembered.clear();
    for (const tracks of [this.#names, this.#paused, this.#bound, this.#active]) {
      for (const track of tracks.values()) track.forget(after);
    }
  }

  /** All who may have work after the block, as `ZNodeRegistrar.isEligible` says there. */
  at(block: bigint): readonly StakedProver[] {
    const known = this.#remembered.get(block);
    if (known) return known;
    const staked = [...this.#bound.keys()].flatMap((prover) => {
      const stake = this.stakeOf(prover, block);
      return stake === undefined ? [] : [{ prover, stake }];
    });
    if (this.#remembered.size >= mostRemembered) {
      this.#remembered.delete(this.#remembered.keys().next().value as bigint);
    }
    this.#remembered.set(block, staked);
    return staked;
  }

  /** What a prover has at stake after the block; undefined where it may have no work. */
  stakeOf(prover: Address, block: bigint): bigint | undefined {
    const znode = this.#bound.get(prover)?.at(block) ?? 0n;
    if (znode === 0n) return undefined;
    const name = this.#names.get(znode)?.at(block);
    if (name !== undefined && this.#paused.get(name)?.at(block)) return undefined;
    const stake = this.#active.get(znode)?.at(block) ?? 0n;
    return stake >= this.minStake ? stake : undefined;
  }
}

/** The registrar's minimum. */
export const readMinStake = (reader: Reader, registrar: Address): Promise<bigint> =>
  reader.readContract({ address: registrar, abi, functionName: "minStake" });

/** Events of blocks `from` to `to`, both included, in the chain's order. */
export async function readStakeEvents(
  reader: Reader,
  registrar: Address,
  from: bigint,
  to: bigint,
  ranges = new BlockRanges(),
): Promise<StakeEvent[]> {
  const found: StakeEvent[] = [];
  await ranges.read(from, to, async (fromBlock, toBlock) => {
    const logs = await reader.getLogs({
      address: registrar,
      events,
      fromBlock,
      toBlock,
      strict: true,
    });
    // A znode's name is an indexed string, and so only its hash is told, after the token's minting.
    let minted = 0n;
    for (const { eventName, args, blockNumber: block } of logs) {
      switch (eventName) {
        case "Transfer":
          if (args.from === zeroAddress) minted = args.tokenId;
          break;
        case "ZNodeUpserted":
          found.push({ block, kind: "named", znode: minted, name: args.znodeDID as Hex });
          break;
        case "ZNodePaused":
        case "ZNodeUnpaused": {
          const paused = eventName === "ZNodePaused";
          found.push({ block, kind: "paused", name: args.znodeDID as Hex, paused });
          break;
        }
        case "OperatorBound":
          found.push({ block, kind: "bound", operator: args.operator, znode: args.znodeId });
          break;
        default:
          found.push({ block, kind: "staked", znode: args.znodeId, active: args.active });
      }
    }
  });
  return found;
}

/** The stakes after a block, read from the chain alone. @param from first block with an event */
export async function stakesAt(
  reader: Reader,
  registrar: Address,
  block: bigint,
  from = 0n,
): Promise<readonly StakedProver[]> {
  const history = new StakeHistory(await readMinStake(reader, registrar));
  history.add(await readStakeEvents(reader, registrar, from, block));
  return history.at(block);
}

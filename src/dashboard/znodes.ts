/** The znodes that an enode knows of: by the chain, by its links, and by what they proved. */
import type { Address } from "viem";
import type { ViewStore } from "../da/da.ts";
import { medianOf, timeOf } from "./answers.ts";
import type { Znodes } from "./schema.ts";

/** A znode that is linked to this enode. */
export interface LinkedZnode {
  readonly prover: Address;
  readonly runtimes: readonly string[];
  readonly leases: number;
  readonly capacity: number;
  /** Whether it said what it offers, and is staked. */
  readonly greeted: boolean;
  readonly eligible: boolean;
  /** Why it takes no work for a moment. */
  readonly resting: string | undefined;
}

export interface ZnodeSources {
  /** Those with a stake, wei; undefined without a chain, or before it was read. */
  readonly staked: () =>
    | readonly { readonly prover: Address; readonly stake: bigint }[]
    | undefined;
  readonly linked: () => readonly LinkedZnode[];
  /** What this enode holds against one. */
  readonly conduct: (
    prover: Address,
  ) => { readonly score: number; readonly barred: string | undefined };
}

type Proof = Awaited<ReturnType<ViewStore["proofs"]>>[number];
type Znode = Znodes["znodes"][number];
/** Most that are told of. */
const most = 200;

/** Those that are linked first, then by stake. */
export function znodesAnswer(
  sources: ZnodeSources,
  proofs: readonly Proof[],
  forOperator: boolean,
): Znodes {
  const linked = new Map(sources.linked().map((znode) => [znode.prover, znode]));
  const stakes = new Map(sources.staked()?.map(({ prover, stake }) => [prover, stake]));
  const proved = Map.groupBy(proofs, ({ prover }) => prover);
  const known = new Set([...linked.keys(), ...stakes.keys(), ...proved.keys()]);
  const rank = (prover: Address) => [linked.has(prover) ? 1n : 0n, stakes.get(prover) ?? 0n];
  const ranked = [...known].map((prover) => ({ prover, rank: rank(prover) }))
    .sort((a, b) => compare(b.rank, a.rank) || (a.prover < b.prover ? -1 : 1));
  return {
    znodes: ranked.slice(0, most).map(({ prover }): Znode => {
      const link = linked.get(prover);
      const own = proved.get(prover) ?? [];
      const { score, barred } = sources.conduct(prover);
      return {
        prover,
        stake: stakes.has(prover) ? `${stakes.get(prover)}` : null,
        ...standingOf(link, barred),
        runtimes: [...link?.runtimes ?? new Set(own.map(({ vmType }) => vmType))],
        leases: link?.leases ?? 0,
        capacity: link?.capacity ?? 0,
        proofs: own.length,
        medianSeconds: own.length ? medianOf(own.map(({ tookMs }) => tookMs / 1000)) : null,
        lastProof: own[0] ? timeOf(own[0].at) : null,
        ...(forOperator ? { score } : {}),
      };
    }),
    more: Math.max(0, known.size - most),
  };
}

function standingOf(
  link: LinkedZnode | undefined,
  barred: string | undefined,
): Pick<Znode, "standing" | "reason"> {
  if (barred !== undefined) return { standing: "barred", reason: barred };
  if (!link) return { standing: "away", reason: null };
  if (!link.eligible) return { standing: "ineligible", reason: "not staked, or paused" };
  if (!link.greeted) return { standing: "greeting", reason: null };
  if (link.resting !== undefined) return { standing: "resting", reason: link.resting };
  return { standing: link.leases >= link.capacity ? "busy" : "free", reason: null };
}

function compare(a: readonly bigint[], b: readonly bigint[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  if (at < 0) return 0;
  return (a[at] as bigint) < (b[at] as bigint) ? -1 : 1;
}

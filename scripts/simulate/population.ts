/** Who takes part, and what is to be proved: made from the seed before anything happens. */
import { type Address, bytesToHex, getAddress, type Hex, toBytes } from "viem";
import { defaults as dispatchDefaults } from "../../src/dispatch/deps.ts";
import type { Staked } from "../../src/dispatch/ranking.ts";
import { isEnodes, rulesOf } from "../../src/dispatch/rules.ts";
import type { Rules } from "../../src/dispatch/state.ts";
import { keccak } from "../../src/keccak.ts";
import type { Options } from "./options.ts";
import type { Random } from "./random.ts";

export type Kind = "honest" | "slow" | "lazy" | "liar";

export interface Profile extends Staked {
  readonly index: number;
  readonly prover: Address;
  readonly kind: Kind;
  /** Proofs at once. */
  readonly capacity: number;
  /** Of an ordinary znode. */
  readonly speed: number;
  /** One way, ms. */
  readonly latencyMs: number;
  /** Whether it proves each of the three machines. */
  readonly offers: readonly boolean[];
}

export interface Job {
  readonly taskId: Hex;
  readonly rules: Rules;
  readonly machine: number;
  readonly packedAt: number;
  /** Of the proof at ordinary speed, ms. */
  readonly workMs: number;
}

/** A hash of a text: ids that look like those of tasks and keys. */
export const hashOf = (text: string): Hex => bytesToHex(keccak(toBytes(text)));

export function makeZnodes(options: Options, random: Random): Profile[] {
  const { seed, slow, lazy, liars } = options;
  return Array.from({ length: options.znodes }, (_, index) => {
    const draw = random.between(0, 1);
    const kind: Kind = draw < liars
      ? "liar"
      : draw < liars + lazy
      ? "lazy"
      : draw < liars + lazy + slow
      ? "slow"
      : "honest";
    return {
      index,
      prover: getAddress(hashOf(`znode ${seed} ${index}`).slice(0, 42)),
      // The smallest may stake; a few have much: 20 % of them have about 80 % (Pareto's own shape).
      stake: BigInt(Math.floor(random.pareto(1.16) * 1e6)) * 10n ** 12n,
      kind,
      capacity: Math.min(64, Math.max(1, Math.round(random.lognormal(4, 0.8)))),
      speed: random.lognormal(1, 0.4) * (kind === "slow" ? 0.1 : 1),
      latencyMs: Math.min(1_000, random.lognormal(40, 0.6)),
      // Few have the native library or the memory for the third.
      offers: [true, random.chance(0.95), random.chance(0.6)],
    };
  });
}

/** Tasks in the order in which they are packed; a few projects have most of them. */
export function makeJobs(options: Options, random: Random): Job[] {
  const shape = (redundancy: number) =>
    rulesOf(
      {
        ...{ redundancy, attempts: 3, timeoutSeconds: 600 },
        outputs: [{ type: "ethereumContract", mode: "router" }],
      },
      dispatchDefaults,
      isEnodes,
      true,
    );
  const [once, twice] = [shape(1), shape(2)];
  const projects = Array.from({ length: options.projects }, () => ({
    rules: random.chance(0.05) ? twice : once,
    machine: random.below(3),
  }));
  const weights = Float64Array.from(projects, (_, i) => 1 / (i + 1));
  const total = weights.reduce((sum, w) => sum + w, 0);
  let packedAt = 0;
  return Array.from({ length: options.tasks }, (_, i) => {
    packedAt += random.exponential(1_000 / options.rate);
    const project = projects[random.weighted(weights, total)] ?? { rules: once, machine: 0 };
    return {
      ...project,
      taskId: hashOf(`task ${options.seed} ${i}`),
      packedAt,
      workMs: random.lognormal(options.proofMs, 0.5),
    };
  });
}

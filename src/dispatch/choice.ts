/** Who gets a task: the best-ranked znode that can take it, with why the better ones can't. */
import type { Address, Hex } from "viem";
import type { TaskRecord } from "../da/da.ts";
import { mostNamed, type Skipped } from "../protocol/index.ts";
import type { Seed } from "../chain/seeds.ts";
import type { Candidate, Choose } from "./deps.ts";
import { ranked } from "./ranking.ts";

/** What is signed of a choice, beside task, epoch and prover. */
export interface Chosen {
  readonly prover: Address;
  readonly seedBlock: bigint;
  readonly seedHash: Hex;
  readonly rank: bigint;
  readonly skipped: Skipped;
}

const zeroHash: Hex = `0x${"00".repeat(32)}`;
/** Kinds of reasons that are counted apart. */
const mostKinds = 16;
const reasonLength = 200;

/**
 * @param pool at least one znode that can take the task now
 * @param whyNot why another can't
 * @param choose picks where the ranking does not say
 */
export function choose(
  record: TaskRecord,
  seed: Exclude<Seed, { kind: "wait" }>,
  pool: readonly Candidate[],
  whyNot: (prover: Address) => string,
  choose: Choose,
): Chosen | undefined {
  if (seed.kind === "unranked") {
    const prover = choose(record, pool)?.prover;
    const skipped = { named: [], others: [], unranked: seed.reason };
    return prover && { prover, seedBlock: seed.block, seedHash: zeroHash, rank: 0n, skipped };
  }
  const able = new Set(pool.map(({ prover }) => prover));
  const passed = new Passed();
  const from = { seedBlock: seed.block, seedHash: seed.hash };
  for (const { prover } of ranked(seed.hash, record.taskId, seed.staked)) {
    if (able.has(prover)) return { prover, ...from, ...passed.told };
    passed.add(prover, whyNot(prover));
  }
  // Staked after the seed block, and so in nobody's way.
  const prover = choose(record, pool)?.prover;
  return prover && { prover, ...from, ...passed.told };
}

class Passed {
  readonly #named: Skipped["named"] = [];
  readonly #others = new Map<string, number>();
  #count = 0n;

  add(prover: Address, why: string): void {
    this.#count++;
    const reason = fit(why);
    if (this.#named.length < mostNamed) return void this.#named.push({ prover, reason });
    // Numbers would make a kind of each.
    const kind = reason.split(":")[0] as string;
    const key = this.#others.has(kind) || this.#others.size < mostKinds ? kind : "other reasons";
    this.#others.set(key, (this.#others.get(key) ?? 0) + 1);
  }

  get told(): { rank: bigint; skipped: Skipped } {
    const others = [...this.#others].map(([reason, count]) => ({ reason, count }));
    return { rank: this.#count + 1n, skipped: { named: this.#named, others } };
  }
}

/** Strangers' text among it. */
const fit = (text: string): string =>
  // deno-lint-ignore no-control-regex
  text.replace(/[\u0000-\u001f\u007f\ud800-\udfff]+/g, " ").slice(0, reasonLength);

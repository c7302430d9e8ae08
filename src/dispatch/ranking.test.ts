import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Address, type Hex, keccak256, toBytes } from "viem";
import { best, costOf, log2, rank, ranked, type Staked } from "./ranking.ts";
import vectors from "./testing/ranking_vectors.json" with { type: "json" };

const hash = (text: string): Hex => keccak256(toBytes(text));
const address = (i: number): Address => `0x${(i + 1).toString(16).padStart(40, "0")}`;
const seed = hash("seed");
const taskIds = (n: number): Hex[] => Array.from({ length: n }, (_, i) => hash(`task ${i}`));

/** How often each is first. */
function firsts(staked: readonly Staked[], tasks: readonly Hex[]): Map<Address, number> {
  const counts = new Map(staked.map(({ prover }) => [prover, 0]));
  for (const task of tasks) {
    const [first] = best(seed, task, staked, 1);
    if (first) counts.set(first.prover, (counts.get(first.prover) ?? 0) + 1);
  }
  return counts;
}

describe("shared vectors", () => {
  test("costs", () => {
    for (const { h, cost } of vectors.costs) expect(costOf(BigInt(h))).toBe(BigInt(cost));
  });

  for (const [i, v] of vectors.rankings.entries()) {
    test(`order ${i}: ${v.staked.length} provers`, () => {
      const staked = v.staked.map(({ prover, stake }) => ({
        prover: prover as Address,
        stake: BigInt(stake),
      }));
      const order = rank(v.seed as Hex, v.taskId as Hex, staked).map(({ prover }) => prover);
      expect(order).toEqual(v.order as Address[]);
    });
  }
});

test("log2 is that of doubles, as far as these can tell", () => {
  fc.assert(fc.property(fc.bigInt(1n, (1n << 256n) - 1n), (x) => {
    const got = Number(log2(x)) / 2 ** 64;
    expect(Math.abs(got - Math.log2(Number(x)))).toBeLessThan(1e-12);
  }));
  for (let n = 0n; n < 256n; n++) expect(log2(1n << n)).toBe(n << 64n);
});

test("log2 grows with its argument", () => {
  fc.assert(fc.property(fc.bigInt(1n, (1n << 256n) - 2n), (x) => {
    expect(log2(x + 1n) >= log2(x)).toBe(true);
  }));
});

test("doubles never decide otherwise than the integers", () => {
  const stakes = fc.oneof(fc.bigInt(0n, 3n), fc.bigInt(0n, (1n << 256n) - 1n));
  fc.assert(fc.property(fc.array(stakes, { maxLength: 12 }), fc.nat(), (list, n) => {
    const staked = list.map((stake, i) => ({ prover: address(i), stake }));
    const task = hash(`task ${n}`);
    const drawn = staked.map((s) => ({
      ...s,
      cost: costOf(BigInt(keccak256(`${seed}${task.slice(2)}${s.prover.slice(2)}`))),
    }));
    drawn.sort((a, b) => {
      const difference = a.cost * b.stake - b.cost * a.stake;
      return difference === 0n ? (a.prover < b.prover ? -1 : 1) : difference < 0n ? -1 : 1;
    });
    const order = rank(seed, task, staked);
    expect(order.map(({ prover }) => prover)).toEqual(drawn.map(({ prover }) => prover));
    expect([...ranked(seed, task, staked)]).toEqual(order);
    expect(best(seed, task, staked, 3)).toEqual(order.slice(0, 3));
  }));
});

test("the order depends on seed and task, not on how provers are listed", () => {
  const staked = Array.from({ length: 20 }, (_, i) => ({ prover: address(i), stake: 1n }));
  const [task, other] = taskIds(2) as [Hex, Hex];
  const order = rank(seed, task, staked);
  expect(rank(seed, task, staked.toReversed())).toEqual(order);
  expect(rank(seed, other, staked)).not.toEqual(order);
  expect(rank(hash("another seed"), task, staked)).not.toEqual(order);
});

test("each is first as often as its stake says", () => {
  const staked = [1n, 1n, 2n, 3n, 5n, 8n, 20n, 40n].map((stake, i) => ({
    prover: address(i),
    stake: stake * 10n ** 18n,
  }));
  const total = Number(staked.reduce((sum, { stake }) => sum + stake, 0n));
  const tasks = taskIds(6_000);
  const counts = firsts(staked, tasks);
  const chi = staked.reduce((sum, { prover, stake }) => {
    const expected = tasks.length * Number(stake) / total;
    return sum + ((counts.get(prover) ?? 0) - expected) ** 2 / expected;
  }, 0);
  // The 0.1 % quantile of χ² with 7 degrees of freedom.
  expect(chi).toBeLessThan(24.32);
  // That the test can fail: the same counts are far from equal shares.
  const equal = tasks.length / staked.length;
  const flat = [...counts.values()].reduce((sum, n) => sum + (n - equal) ** 2 / equal, 0);
  expect(flat).toBeGreaterThan(500);
});

describe("who comes or goes moves its own tasks only", () => {
  const staked = Array.from({ length: 30 }, (_, i) => ({ prover: address(i), stake: 1n }));
  const tasks = taskIds(500);

  test("without one, the others keep their order", () => {
    const gone = address(7);
    const rest = staked.filter(({ prover }) => prover !== gone);
    for (const task of tasks.slice(0, 50)) {
      const before = rank(seed, task, staked).filter(({ prover }) => prover !== gone);
      expect(rank(seed, task, rest)).toEqual(before);
    }
  });

  test("a new one takes its share, and from others only that", () => {
    const fresh = { prover: address(99), stake: 10n };
    let taken = 0;
    for (const task of tasks) {
      const [before] = best(seed, task, staked, 1);
      const [after] = best(seed, task, [...staked, fresh], 1);
      if (after === fresh) taken++;
      else expect(after).toEqual(before as Staked);
    }
    // 10 of 40; five standard deviations.
    expect(Math.abs(taken - 125)).toBeLessThan(50);
  });

  test("more stake never makes it worse", () => {
    for (const task of tasks.slice(0, 100)) {
      const place = (stake: bigint) =>
        rank(seed, task, [...staked, { prover: address(99), stake }])
          .findIndex(({ prover }) => prover === address(99));
      expect(place(3n)).toBeLessThanOrEqual(place(2n));
    }
  });
});

test("the best of 10,000 are found without ordering all", () => {
  const staked = Array.from({ length: 10_000 }, (_, i) => ({
    prover: address(i),
    stake: BigInt(1 + i % 97) * 10n ** 18n,
  }));
  const [task] = taskIds(1) as [Hex];
  expect(best(seed, task, staked, 20)).toEqual(rank(seed, task, staked).slice(0, 20));
});

test("of long lists too, whatever is at stake", () => {
  const stake = fc.oneof(
    fc.constant(0n),
    fc.bigInt(1n, 100n),
    fc.bigInt(1n, 10n ** 27n),
    fc.constantFrom(1n, 10n ** 18n, 1n << 255n),
  );
  const list = fc.array(stake, { minLength: 64, maxLength: 600, size: "max" });
  fc.assert(
    fc.property(list, fc.nat(), fc.integer({ min: 1, max: 40 }), (stakes, n, count) => {
      const staked = stakes.map((stake, i) => ({ prover: address(i), stake }));
      const task = hash(`${n}`);
      const order = rank(seed, task, staked);
      expect(best(seed, task, staked, count)).toEqual(order.slice(0, count));
      expect([...ranked(seed, task, staked)]).toEqual(order);
    }),
    { numRuns: 60 },
  );
});

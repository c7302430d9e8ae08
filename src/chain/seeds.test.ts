import { expect, test } from "bun:test";
import { keccak256 } from "viem";
import { nonceAt } from "../protocol/index.ts";
import { createSeeds } from "./seeds.ts";

const hash = keccak256("0x5e");
const task = (height: bigint, chainId = 4690n) => ({ nonce: nonceAt(height), chainId });

/** A watcher of which a test decides what it saw. */
const watcher = () => ({
  height: 10n,
  silentMs: 0,
  seed(block: bigint) {
    return block <= this.height ? { hash, staked: [] } : undefined;
  },
  onChange: () => () => {},
});
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("the seed is the block after the task's height; on anvil's chain that block itself", () => {
  const seeds = createSeeds(watcher());
  expect(seeds.of(task(9n))).toMatchObject({ kind: "ranked", block: 10n, hash });
  expect(seeds.of(task(10n))).toEqual({ kind: "wait", block: 11n });
  expect(seeds.of(task(10n, 31337n))).toMatchObject({ kind: "ranked", block: 10n });
});

test("a task without a height, or with one that no chain has, is not ranked", () => {
  const seeds = createSeeds(watcher());
  for (const height of [0n, 1n << 63n, (1n << 64n) - 1n]) {
    expect(seeds.of(task(height))).toMatchObject({ kind: "unranked", block: 0n });
  }
});

test("tasks wait for a chain that is away, and not for ever", async () => {
  const away = { ...watcher(), height: 0n, silentMs: Infinity };
  const seeds = createSeeds(away, { silentMs: 100 });
  expect(seeds.of(task(10n)).kind).toBe("wait");
  await pause(150);
  expect(seeds.of(task(10n))).toMatchObject({ kind: "unranked", block: 11n });
  away.silentMs = 0;
  expect(seeds.of(task(10n)).kind).toBe("wait");
  away.height = 11n;
  expect(seeds.of(task(10n)).kind).toBe("ranked");
});

test("tasks wait for a block that does not come, and not for ever", async () => {
  const seeds = createSeeds(watcher(), { blockMs: 100 });
  expect(seeds.of(task(1_000n)).kind).toBe("wait");
  await pause(150);
  expect(seeds.of(task(1_000n))).toMatchObject({ kind: "unranked", block: 1_001n });
  expect(seeds.of(task(2_000n)).kind).toBe("wait");
});

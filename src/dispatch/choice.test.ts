import { describe, expect, test } from "bun:test";
import type { Address, Hex } from "viem";
import { keccak256 } from "viem";
import type { Seed, Seeds } from "../chain/seeds.ts";
import type { AssignmentRecord } from "../da/da.ts";
import {
  assignmentSigner,
  seedBlockOf,
  type Skipped,
  skippedHash,
  skippedSchema,
} from "../protocol/index.ts";
import { choose } from "./choice.ts";
import type { DispatchDeps } from "./deps.ts";
import { fairest } from "./deps.ts";
import { rank } from "./ranking.ts";
import { text, until, useBenches } from "./testing/bench.ts";
import { account, network, operator, znodeOn } from "./testing/znode.ts";

const bench = useBenches();
const address = (n: number) => account(n).address;
const hash = keccak256("0x5eed");

/** Stakes that a test changes; `known` false: the seed block is not there yet. */
class Chain implements Seeds {
  known = true;
  unranked: string | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(public staked: { prover: Address; stake: bigint }[]) {}

  of(task: Parameters<Seeds["of"]>[0]): Seed {
    const block = seedBlockOf(task) ?? 0n;
    if (this.unranked) return { kind: "unranked", block, reason: this.unranked };
    return this.known
      ? { kind: "ranked", block, hash, staked: this.staked }
      : { kind: "wait", block };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  change(): void {
    for (const listener of this.#listeners) listener();
  }
}

const equal = (...numbers: number[]) => numbers.map((n) => ({ prover: address(n), stake: 10n }));
const orderOf = (chain: Chain, taskId: Hex) =>
  rank(hash, taskId, chain.staked).map(({ prover }) => prover);

function on(chain: Chain, more: Parameters<typeof bench>[0] = {}) {
  const deps: Partial<DispatchDeps> = { seeds: chain, signer: operator, ...more.deps };
  return bench({ ...more, deps });
}
const told = (record: AssignmentRecord | undefined): Skipped =>
  skippedSchema.parse(JSON.parse(record?.skipped ?? "null"));

const lies: NonNullable<Parameters<typeof znodeOn>[2]> = (self) => ({
  payload: (p) => self.prove(p, self.proof(p.taskId, { proof: text("bad") })),
});

describe("with a ranking", () => {
  test("each task goes to its best znode, and the signed record says so", async () => {
    const chain = new Chain(equal(2, 3, 4));
    const b = on(chain);
    b.start();
    for (const n of [2, 3, 4]) await znodeOn(b.links, n);
    const winners = new Set<Address>();
    for (let i = 0; i < 12; i++) {
      const id = await b.task(undefined, undefined, network, 7n);
      await b.ends(id, "outputted");
      const { assignments, receipt } = b.memory.row(id);
      const [best] = orderOf(chain, id);
      expect(assignments.length).toBe(1);
      const [record] = assignments as [AssignmentRecord];
      expect(receipt?.prover).toBe(best as Address);
      expect(record).toMatchObject({ taskId: id, epoch: 1n, prover: best, rank: 1n });
      // The block itself, on the chain of anvil.
      expect([record.seedBlock, record.seedHash]).toEqual([7n, hash]);
      expect(told(record)).toEqual({ named: [], others: [] });
      expect(record.skippedHash).toBe(skippedHash(record.skipped));
      expect(assignmentSigner(network, record, record.batch)).toBe(operator.address);
      winners.add(best as Address);
    }
    expect(winners.size).toBeGreaterThan(1);
  });

  test("who is passed over is told with the reason", async () => {
    const chain = new Chain(equal(2, 3, 4, 5, 6));
    const b = on(chain, {
      version: { provers: { allow: [2, 3, 4, 6].map(address), remote: false }, attempts: 1 },
    });
    b.start();
    const liar = await znodeOn(b.links, 4, lies);
    await b.ends(await b.task(undefined, undefined, network, 7n), "failed");
    expect(liar.got("lease").length).toBe(1);
    // 2 refuses, 3 takes; 4 is barred, 5 is not allowed, 6 is not linked.
    await znodeOn(b.links, 2, (self) => ({
      lease: ({ taskId, epoch }) =>
        self.send("refuse", { taskId, epoch, reason: "no disk", retryable: false }),
    }));
    for (const n of [3, 5]) await znodeOn(b.links, n);
    const seen = new Map<Address, Set<string>>();
    for (let i = 0; i < 20; i++) {
      const id = await b.task(undefined, undefined, network, 7n);
      await b.ends(id, "outputted");
      const order = orderOf(chain, id);
      const [record] = b.memory.row(id).assignments as [AssignmentRecord];
      expect(record.prover).toBe(address(3));
      const place = order.indexOf(address(3));
      expect(record.rank).toBe(BigInt(place + 1));
      const { named } = told(record);
      expect(named.map(({ prover }) => prover)).toEqual(order.slice(0, place));
      for (const { prover, reason } of named) {
        seen.set(prover, (seen.get(prover) ?? new Set()).add(reason));
      }
    }
    const reasons = (n: number) => [...seen.get(address(n)) ?? []];
    expect(reasons(2).every((reason) => reason.includes("resting: "))).toBe(true);
    expect(reasons(2).some((reason) => reason.includes("no disk"))).toBe(true);
    expect(reasons(4)).toEqual(["barred: a proof that does not verify"]);
    expect(reasons(5)).toEqual(["not allowed by the project"]);
    expect(reasons(6)).toEqual(["not linked"]);
  });

  test("a busy znode is passed over, and the next one takes the task", async () => {
    const chain = new Chain(equal(2, 3));
    const b = on(chain);
    b.start();
    for (const n of [2, 3]) await znodeOn(b.links, n, () => ({ payload: () => undefined }));
    const ids: Hex[] = [];
    for (let i = 0; i < 4; i++) ids.push(await b.task(undefined, undefined, network, 7n));
    await until(() => ids.every((id) => b.memory.row(id).assignments.length > 0));
    const records = ids.map((id) => b.memory.row(id).assignments[0] as AssignmentRecord);
    for (const n of [2, 3]) {
      expect(records.filter(({ prover }) => prover === address(n)).length).toBe(2);
    }
    for (const record of records) {
      const order = orderOf(chain, record.taskId);
      expect(order[Number(record.rank) - 1]).toBe(record.prover);
      for (const { reason } of told(record).named) expect(reason).toBe("busy: 2 of 2");
    }
  });

  test("redundancy takes the next ones; after a failed attempt comes the next", async () => {
    const chain = new Chain(equal(2, 3, 4));
    const b = on(chain, { version: { redundancy: 2, attempts: 2 } });
    b.start();
    for (const n of [2, 3, 4]) {
      await znodeOn(b.links, n, (self) => ({
        payload: ({ taskId, epoch }) =>
          self.send("failure", { taskId, epoch, reason: "out of memory", retryable: true }),
      }));
    }
    const id = await b.task(undefined, undefined, network, 7n);
    await b.ends(id, "failed");
    const order = orderOf(chain, id);
    const records = (await b.memory.assignments(id))
      .sort((x, y) => Number(x.epoch - y.epoch));
    const provers = records.map(({ prover }) => prover);
    expect(provers.slice(0, 3)).toEqual(order);
    expect(told(records[1]).named).toEqual([
      { prover: order[0] as Address, reason: "has the lease of epoch 1" },
    ]);
    const { named } = told(records[2]);
    expect(named.map(({ prover }) => prover)).toEqual(order.slice(0, 2));
    for (const { reason } of named) {
      expect(reason).toMatch(/^(tried in|has the lease of) epoch [12]$/);
    }
  });

  test("tasks wait for their seed block, and hold nobody up", async () => {
    const chain = new Chain(equal(2));
    chain.known = false;
    const b = on(chain);
    const dispatch = b.start();
    const z = await znodeOn(b.links, 2);
    const ids: Hex[] = [];
    for (let i = 0; i < 5; i++) ids.push(await b.task(undefined, undefined, network, 7n));
    await until(() => dispatch.status().held === 5);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([z.got("lease").length, dispatch.status().waiting]).toEqual([0, 0]);
    expect(dispatch.heldUpBy(ids[0] as Hex)).toMatch(/^waits for block \d+, which orders its/);
    chain.known = true;
    chain.change();
    for (const id of ids) await b.ends(id, "outputted");
  });

  test("who was staked later gets what nobody ranked can take", async () => {
    const chain = new Chain(equal(2, 3));
    const b = on(chain);
    b.start();
    await znodeOn(b.links, 9);
    const id = await b.task(undefined, undefined, network, 7n);
    await b.ends(id, "outputted");
    const [record] = b.memory.row(id).assignments as [AssignmentRecord];
    expect([record.prover, record.rank]).toEqual([address(9), 3n]);
    expect(told(record).named.map(({ reason }) => reason)).toEqual(["not linked", "not linked"]);
  });

  test("without an order the record says why", async () => {
    const chain = new Chain(equal(2));
    chain.unranked = "the chain could not be read";
    const b = on(chain);
    b.start();
    await znodeOn(b.links, 2);
    const id = await b.task(undefined, undefined, network, 7n);
    await b.ends(id, "outputted");
    const [record] = b.memory.row(id).assignments as [AssignmentRecord];
    expect([record.rank, BigInt(record.seedHash)]).toEqual([0n, 0n]);
    expect(told(record).unranked).toBe("the chain could not be read");
  });
});

test("of many passed over, some are named and the others counted", () => {
  const staked = Array.from({ length: 500 }, (_, i) => ({
    prover: `0x${(i + 1).toString(16).padStart(40, "0")}` as Address,
    stake: 1n,
  }));
  const taskId = keccak256("0x7a5c");
  const order = rank(hash, taskId, staked).map(({ prover }) => prover);
  const last = order[400] as Address;
  const pool = [{ prover: last, capacity: 1, busy: 0, lastChosen: 0 }];
  const why = (prover: Address) => `busy: ${order.indexOf(prover)} of 500`;
  const seed = { kind: "ranked", block: 1n, hash, staked } as const;
  const chosen = choose({ taskId } as never, seed, pool, why, fairest);
  expect(chosen).toMatchObject({ prover: last, rank: 401n });
  expect(chosen?.skipped.named.map(({ prover }) => prover)).toEqual(order.slice(0, 16));
  expect(chosen?.skipped.others).toEqual([{ reason: "busy", count: 384 }]);
  expect(skippedSchema.safeParse(chosen?.skipped).success).toBe(true);
});

import { describe, expect, test } from "bun:test";
import { type Address, getAddress, type Hex } from "viem";
import { type Fault, type Signed, type Stated } from "../protocol/index.ts";
import { kinds, useDatabase } from "./testing/databases.ts";
import { packedTask } from "./testing/make.ts";

const address = (n: number) => getAddress(`0x${n.toString(16).padStart(40, "0")}`);
const word = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;
const evidence = {
  payloadHash: word(1),
  root: word(2),
  index: 1,
  count: 3,
  path: [word(3), word(4)],
  signature: `0x${"ab".repeat(65)}` as Hex,
};
const claim = (
  taskId: Hex,
  change: { prover?: Address; epoch?: bigint; publicValuesHash?: Hex } = {},
): Signed<Stated["claim"]> => ({
  statement: {
    taskId,
    epoch: 1n,
    prover: address(1),
    programId: word(5),
    publicValuesHash: word(6),
    proofHash: word(7),
    ...change,
  },
  evidence,
});
const fault = (taskId: Hex, change: Parameters<typeof claim>[1] = {}): Fault => ({
  kind: "equivocation",
  chainId: 31337n,
  router: address(9),
  claims: [claim(taskId, change), claim(taskId, { ...change, publicValuesHash: word(8) })],
});

describe.each(kinds)("evidence on %s", (kind) => {
  const subject = useDatabase(kind);
  const store = () => subject.da.evidence;

  test("the first statement of a lease is kept, and answered to those that follow", async () => {
    const { taskId } = await packedTask(subject.da);
    const first = claim(taskId);
    expect(await store().first("claim", first)).toBeUndefined();
    expect(await store().first("claim", claim(taskId, { publicValuesHash: word(99) })))
      .toEqual(first);
    expect(await store().find("claim", first.statement)).toEqual(first);
    expect(await store().first("claim", claim(taskId, { epoch: 2n }))).toBeUndefined();
    expect(await store().first("claim", claim(taskId, { prover: address(2) }))).toBeUndefined();
    expect(await store().find("acceptance", first.statement)).toBeUndefined();
    expect(await store().first("claim", claim(word(77)))).toBeUndefined();
    expect(await store().find("claim", claim(word(77)).statement)).toBeUndefined();
  });

  test("statements are saved with a task's state, or not at all", async () => {
    const { taskId, revision } = await packedTask(subject.da);
    const signed = claim(taskId);
    const { statement: { epoch, prover } } = signed;
    const acceptance = { statement: { taskId, epoch, prover, verifier: address(3) }, evidence };
    const update = {
      ...{ taskId, revision, phase: "dispatched" as const, machine: "{}", wakeAt: null, log: [] },
      statements: [{ kind: "acceptance" as const, signed: acceptance }, {
        kind: "claim" as const,
        signed,
      }],
    };
    expect(await subject.da.tasks.save({ ...update, revision: revision + 1 })).toBe(false);
    expect(await store().find("claim", signed.statement)).toBeUndefined();
    expect(await subject.da.tasks.save(update)).toBe(true);
    expect(await store().find("claim", signed.statement)).toEqual(signed);
    expect(await store().find("acceptance", signed.statement)).toEqual(acceptance);
  });

  test("a fault is kept once a kind and lease, and listed newest first", async () => {
    expect(await store().add(fault(word(1)))).toBe(true);
    expect(await store().add(fault(word(1)))).toBe(false);
    expect(await store().add(fault(word(2)))).toBe(true);
    expect(await store().add(fault(word(2), { prover: address(2) }))).toBe(true);
    const all = await store().list({ limit: 10 });
    expect(all.map(({ fault }) => fault)).toEqual([
      fault(word(2), { prover: address(2) }),
      fault(word(2)),
      fault(word(1)),
    ]);
    const [newest, middle] = all;
    expect((await store().list({ limit: 1, before: newest!.id })).map((f) => f.id))
      .toEqual([middle!.id]);
    expect((await store().list({ limit: 9, prover: address(2) })).length).toBe(1);
    expect(await store().get(middle!.id)).toEqual(middle);
    expect(await store().get(999n)).toBeUndefined();
    expect((await store().recent(0)).map(({ prover }) => prover))
      .toEqual([address(1), address(1), address(2)]);
  });

  test("a znode with many faults fills nothing", async () => {
    for (let from = 0; from < 300; from += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, i) => store().add(fault(word(100 + from + i)))),
      );
    }
    const kept = await store().list({ limit: 1_000, prover: address(1) });
    expect(kept.length).toBeGreaterThan(200);
    expect(kept.length).toBeLessThan(300);
    expect(await store().add(fault(word(1), { prover: address(2) }))).toBe(true);
  }, 60_000);
});

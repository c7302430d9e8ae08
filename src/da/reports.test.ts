import { describe, expect, test } from "bun:test";
import { getAddress, type Hex } from "viem";
import { type Fault, faultOf } from "../protocol/index.ts";
import { kinds, useDatabase } from "./testing/databases.ts";

const word = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;
const evidence = {
  ...{ payloadHash: word(1), root: word(2), index: 0, count: 1, path: [] },
  signature: `0x${"ab".repeat(65)}` as Hex,
};
const prover = getAddress(`0x${"11".repeat(20)}`);

function fault(n: number): Fault {
  const claim = (publicValuesHash: Hex) => ({
    statement: {
      ...{ taskId: word(n), epoch: 1n, prover, programId: word(5), publicValuesHash },
      proofHash: word(7),
    },
    evidence,
  });
  const claims: [ReturnType<typeof claim>, ReturnType<typeof claim>] = [
    claim(word(6)),
    claim(word(8)),
  ];
  return { kind: "equivocation", chainId: 31337n, router: prover, claims };
}

describe.each(kinds)("reports on %s", (kind) => {
  const subject = useDatabase(kind);
  const store = () => subject.da.reports;
  const pause = { firstMs: 60_000, mostMs: 100_000 };

  test("a fault is due once at a time, and no more when it has ended", async () => {
    await subject.da.evidence.add(fault(1));
    await subject.da.evidence.add(fault(2));
    const both = await Promise.all([store().due(60_000), store().due(60_000)]);
    const first = both[0]?.fault as Fault;
    const kept = faultOf(first).taskId === word(1) ? [fault(1), fault(2)] : [fault(2), fault(1)];
    expect(both.map((due) => due?.fault)).toEqual(kept);
    expect(both.map((due) => due?.report)).toEqual(["", ""]);
    expect(await store().due(60_000)).toBeUndefined();
    const [one, other] = both.map((due) => due?.id as bigint) as [bigint, bigint];
    await store().end(one, "reported");
    await store().hold(one, -1);
    await store().putOff(one, { firstMs: 0, mostMs: 0 }, "again");
    expect(await store().due(60_000)).toBeUndefined();
    await store().hold(other, -1);
    expect((await store().due(60_000))?.id).toBe(other);
  });

  test("what is put off says why, and comes back later and later", async () => {
    await subject.da.evidence.add(fault(3));
    const { id } = await store().due(60_000) as { id: bigint };
    await store().putOff(id, { firstMs: 0, mostMs: 0 }, "the chain is away\0");
    expect(await store().due(0)).toMatchObject({ id, report: "the chain is away\ufffd" });
    for (let i = 0; i < 70; i++) await store().putOff(id, { firstMs: 0, mostMs: 1 }, "again");
    await store().putOff(id, pause, "again");
    expect(await store().due(0)).toBeUndefined();
  });
});

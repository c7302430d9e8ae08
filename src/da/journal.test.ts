import { describe, expect, test } from "bun:test";
import { getAddress, keccak256 } from "viem";
import { localKinds, useLocal } from "./testing/databases.ts";
import { rejection } from "./testing/make.ts";

const sender = getAddress("0x00000000000000000000000000000000000000aa");
const hash = (n: number) => keccak256(new Uint8Array([n]));

describe.each(localKinds)("the journal on %s", (kind) => {
  const subject = useLocal(kind);
  const journal = () => subject.da.journal;
  const entry = (key: string, change = {}) => ({
    key,
    chainId: 4690n,
    sender,
    request: `{"to":"0x1"}`,
    ...change,
  });

  test("gives growing nonces from the chain's, and a key keeps its own", async () => {
    const first = await journal().reserve(entry("a"), 7);
    expect(first).toMatchObject({ ...entry("a"), nonce: 7, state: "intended", hashes: [] });
    expect((await journal().reserve(entry("b"), 7)).nonce).toBe(8);
    expect(await journal().reserve(entry("a", { request: "other" }), 9)).toEqual(first);
    expect((await journal().reserve(entry("c"), 20)).nonce).toBe(20);
    expect((await journal().reserve(entry("d"), 0)).nonce).toBe(0);
    expect(await journal().get("a")).toEqual(first);
    expect(await journal().get("none")).toBeUndefined();
  });

  test("chains and senders have nonces of their own", async () => {
    const other = getAddress("0x00000000000000000000000000000000000000bb");
    const huge = { chainId: (1n << 255n) + 1n };
    const changes = [{}, { chainId: 1n }, { sender: other }, huge];
    for (const [i, change] of changes.entries()) {
      const got = await journal().reserve(entry(`k${i}`, change), 3);
      expect(got).toMatchObject({ nonce: 3, ...change });
    }
  });

  test("an abandoned nonce is given again, a sent or confirmed one never", async () => {
    for (const key of ["a", "b", "c"]) await journal().reserve(entry(key), 0);
    await journal().update("a", { state: "confirmed" });
    await journal().update("b", { state: "abandoned" });
    expect((await journal().reserve(entry("d"), 0)).nonce).toBe(1);
    expect((await journal().reserve(entry("e"), 0)).nonce).toBe(3);
  });

  test("many reservations at once, on two nodes, share no nonce and leave no gap", async () => {
    const nodes = [journal(), (await subject.other()).journal];
    const entries = await Promise.all(
      Array.from({ length: 40 }, (_, i) => nodes[i % 2]!.reserve(entry(`k${i % 30}`), 5)),
    );
    const nonces = new Map(entries.map(({ key, nonce }) => [key, nonce]));
    expect([...nonces.values()].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 30 }, (_, i) => i + 5),
    );
    for (const { key, nonce } of entries) expect(nonce).toBe(nonces.get(key)!);
  });

  test("remembers every hash once, newest last, and what is open", async () => {
    await journal().reserve(entry("late"), 9);
    await journal().reserve(entry("early"), 2);
    await journal().reserve(entry("done"), 1);
    await journal().update("done", { state: "confirmed" });
    await journal().update("early", { state: "sent", addHash: hash(1) });
    await journal().update("early", { addHash: hash(2), request: "bumped" });
    await journal().update("early", { addHash: hash(1) });
    expect(await journal().open(4690n, sender)).toMatchObject([
      { key: "early", state: "sent", hashes: [hash(1), hash(2)], request: "bumped" },
      { key: "late", state: "intended" },
    ]);
    expect(await journal().open(1n, sender)).toEqual([]);
    expect((await rejection(journal().update("none", { state: "sent" }))).message).toContain(
      "no entry none",
    );
  });

  test("adds up gas by project and day", async () => {
    const big = 10n ** 30n;
    await Promise.all(Array.from({ length: 10 }, () => journal().addSpent(1n, "2026-01-31", big)));
    await journal().addSpent(1n, "2026-02-01", 1n);
    expect(await journal().spent(1n, "2026-01-31")).toBe(10n * big);
    expect(await journal().spent(1n, "2026-02-01")).toBe(1n);
    expect(await journal().spent(2n, "2026-01-31")).toBe(0n);
  });
});

describe.each(localKinds)("the chain view on %s", (kind) => {
  const subject = useLocal(kind);
  const contract = "4690:0xregistrar";
  const project = (id: bigint, change = {}) => ({
    id,
    uri: `ipfs://${id}`,
    hash: hash(Number(id)),
    paused: false,
    block: 10n,
    ...change,
  });

  test("saves rows and cursor together; rows are replaced, the last of an id wins", async () => {
    const { chain } = subject.da;
    expect(await chain.cursor(contract)).toBeUndefined();
    await chain.save(contract, { block: 10n, hash: hash(10) }, [project(1n), project(2n)]);
    await chain.save(contract, { block: 12n, hash: hash(12) }, [
      project(2n, { uri: "stale" }),
      project(2n, { paused: true, block: 12n }),
    ]);
    expect(await chain.cursor(contract)).toEqual({ block: 12n, hash: hash(12) });
    expect(await chain.projects(contract)).toEqual([
      project(1n),
      project(2n, { paused: true, block: 12n }),
    ]);
    expect(await chain.projects("other")).toEqual([]);
    await chain.save(contract, { block: 13n, hash: hash(13) }, []);
    expect((await chain.cursor(contract))?.block).toBe(13n);
  });

  test("a hostile URI does not stop it", async () => {
    const { chain } = subject.da;
    await chain.save(contract, { block: 1n, hash: hash(1) }, [
      project(1n, { uri: `a\0"\\,{}\ud800` }),
    ]);
    expect((await chain.projects(contract))[0]?.uri).toBe(`a\ufffd"\\,{}\ufffd`);
  });

  test("reset forgets one contract", async () => {
    const { chain } = subject.da;
    for (const name of [contract, "other"]) {
      await chain.save(name, { block: 1n, hash: hash(1) }, [project(1n)]);
    }
    await chain.reset(contract);
    expect(await chain.cursor(contract)).toBeUndefined();
    expect(await chain.projects(contract)).toEqual([]);
    expect((await chain.projects("other")).length).toBe(1);
  });
});

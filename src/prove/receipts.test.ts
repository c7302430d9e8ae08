import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getAddress, type Hex, keccak256, toHex } from "viem";
import type { Receipt } from "../../runtimes/runtime.ts";
import { silent } from "../dispatch/testing/bench.ts";
import { Receipts, type ReceiptsConfig } from "./receipts.ts";

const address = (byte: string) => getAddress(`0x${byte.repeat(20)}`);
const [prover, enode, other] = [address("aa"), address("bb"), address("cc")];
const task = (n: number): Hex => keccak256(toHex(n));
const receiptOf = (n: number, size = 100): Receipt => ({
  vmType: "halo2",
  programId: task(1000),
  imageId: task(1001),
  bindingKind: "data",
  publicValues: new Uint8Array([n]),
  proof: new Uint8Array(size).fill(n),
});

let directory: string;
let now = 0;
const open = (change: Partial<ReceiptsConfig> = {}) =>
  Receipts.open({ directory, prover, log: silent, now: () => now, ...change });
const kept = async (receipts: Receipts, ...tasks: number[]) => {
  const found = await Promise.all(tasks.map((n) => receipts.get(task(n))));
  return tasks.filter((_, i) => found[i]);
};

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), "w3bstream-receipts-")), "receipts");
  now = 1_000;
});
afterEach(() => rm(join(directory, ".."), { recursive: true, force: true }));

test("a receipt is there for the next process, and nobody else can read its file", async () => {
  await (await open()).put(task(1), enode, receiptOf(1));
  const [name] = await readdir(directory);
  expect((await stat(join(directory, name as string))).mode & 0o777).toBe(0o600);
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  expect(await (await open()).get(task(1))).toEqual(receiptOf(1));
  expect(await (await open()).get(task(2))).toBeUndefined();
});

test("only the enode that it was made for has it forgotten", async () => {
  const receipts = await open();
  await receipts.put(task(1), enode, receiptOf(1));
  await receipts.forget(task(1), other);
  expect(await kept(receipts, 1)).toEqual([1]);
  await receipts.forget(task(1), enode);
  expect(await kept(receipts, 1)).toEqual([]);
  expect(await readdir(directory)).toEqual([]);
});

test("the oldest make room, by count", async () => {
  const receipts = await open({ limits: { count: 3 } });
  for (const n of [1, 2, 3, 4]) await receipts.put(task(n), enode, receiptOf(n));
  expect(await kept(receipts, 1, 2, 3, 4)).toEqual([2, 3, 4]);
  await receipts.put(task(2), enode, receiptOf(2));
  await receipts.put(task(5), enode, receiptOf(5));
  expect(await kept(receipts, 2, 3, 4, 5)).toEqual([2, 4, 5]);
});

test("the oldest make room, by the bytes of the files", async () => {
  const receipts = await open({ limits: { bytes: 100_000 } });
  const size = async () => {
    const files = await readdir(directory);
    const sizes = await Promise.all(files.map((name) => stat(join(directory, name))));
    return sizes.reduce((sum, { size }) => sum + size, 0);
  };
  const all = Array.from({ length: 10 }, (_, i) => i);
  for (const n of all) await receipts.put(task(n), enode, receiptOf(n, 5_000));
  expect(await kept(receipts, ...all)).toEqual(all);
  await receipts.put(task(10), enode, receiptOf(10, 60_000));
  expect(await kept(receipts, ...all, 10)).toEqual([4, 5, 6, 7, 8, 9, 10]);
  expect(await size()).toBeLessThan(100_000);
  await receipts.put(task(11), enode, receiptOf(11, 101_000));
  expect(await kept(receipts, ...all, 10, 11)).toEqual([]);
  expect(await readdir(directory)).toEqual([]);
});

test("receipts put at once share a file, which goes with the last of them", async () => {
  const receipts = await open();
  const all = Array.from({ length: 50 }, (_, i) => i);
  await Promise.all(all.map((n) => receipts.put(task(n), enode, receiptOf(n))));
  expect((await readdir(directory)).length).toBe(1);
  for (const n of all.slice(1)) await receipts.forget(task(n), enode);
  expect(await kept(receipts, ...all)).toEqual([0]);
  await receipts.put(task(0), enode, receiptOf(7));
  expect(await receipts.get(task(0))).toEqual(receiptOf(7));
  expect(await (await open()).get(task(0))).toEqual(receiptOf(7));
  await receipts.forget(task(0), enode);
  expect(await readdir(directory)).toEqual([]);
});

test("a receipt that could not be written is not there, and the next one is", async () => {
  const receipts = await open();
  await receipts.put(task(1), enode, receiptOf(1));
  await rm(directory, { recursive: true });
  await expect(receipts.put(task(2), enode, receiptOf(2))).rejects.toThrow("ENOENT");
  await mkdir(directory);
  await receipts.put(task(3), enode, receiptOf(3));
  expect(await kept(receipts, 1, 2, 3)).toEqual([3]);
});

test("bounds and age also hold for what an earlier process kept", async () => {
  const before = await open();
  for (const n of [1, 2, 3, 4]) {
    now += 1_000;
    await before.put(task(n), enode, receiptOf(n));
  }
  expect(await kept(await open({ limits: { ageMs: 2_000 } }), 1, 2, 3, 4)).toEqual([2, 3, 4]);
  expect(await kept(await open({ limits: { count: 1 } }), 2, 3, 4)).toEqual([4]);
});

test("what is no receipt of this prover is removed", async () => {
  const receipts = await open();
  for (const n of [1, 2]) await receipts.put(task(n), enode, receiptOf(n));
  await writeFile(join(directory, "7.log"), "torn");
  await writeFile(join(directory, "8.log"), "");
  await writeFile(join(directory, "9.log.f00"), "half");
  await writeFile(join(directory, "10.log"), new Uint8Array(8));
  expect(await kept(await open(), 1, 2)).toEqual([1, 2]);
  expect(await readdir(directory)).toEqual(["1.log"]);
  // What was written before the tear is still there.
  const path = join(directory, "1.log");
  await writeFile(path, (await readFile(path)).subarray(0, -1));
  expect(await kept(receipts, 1, 2)).toEqual([1]);
  expect(await kept(await open(), 1, 2)).toEqual([1]);
  expect(await kept(await open({ prover: other }), 1)).toEqual([]);
  expect(await readdir(directory)).toEqual([]);
});

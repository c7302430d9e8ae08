import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";
import { FileBlocks } from "./blocks.ts";

let directory: string;
let blocks: FileBlocks;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "blocks-"));
  blocks = new FileBlocks(join(directory, "deep", "down"));
});
afterEach(() => rm(directory, { recursive: true }));

const bytesOf = (n: number) => new TextEncoder().encode(`block ${n}`);
const cidOf = async (n: number) => CID.createV1(0x55, await sha256.digest(bytesOf(n)));
const read = async (source: AsyncIterable<Uint8Array>) => {
  for await (const part of source) return new Uint8Array(part);
};

test("put, has, get, delete", async () => {
  const cid = await cidOf(1);
  expect(await blocks.has(cid)).toBe(false);
  await expect(read(blocks.get(cid))).rejects.toThrow("is not stored here");
  await blocks.put(cid, bytesOf(1));
  await blocks.put(cid, bytesOf(1));
  expect(await blocks.has(cid)).toBe(true);
  expect(await read(blocks.get(cid))).toEqual(bytesOf(1));
  // The same bytes under another codec are the same block.
  expect(await blocks.has(CID.createV1(0x71, cid.multihash))).toBe(true);
  await blocks.delete(cid);
  await blocks.delete(cid);
  expect(await blocks.has(cid)).toBe(false);
});

test("many at once, in parts, listed", async () => {
  const cids = await Promise.all([1, 2, 3].map(cidOf));
  const pairs = cids.map((cid, i) => ({
    cid,
    bytes: [bytesOf(i + 1).subarray(0, 3), bytesOf(i + 1).subarray(3)],
  }));
  for await (const _ of blocks.putMany(pairs));
  const found: string[] = [];
  for await (const { cid, bytes } of blocks.getAll()) {
    found.push(`${cid} ${new TextDecoder().decode(await read(bytes))}`);
  }
  expect(found.sort()).toEqual(cids.map((cid, i) => `${cid} block ${i + 1}`).sort());
  for await (const _ of blocks.deleteMany(cids));
  for await (const _ of blocks.getAll()) throw new Error("still there");
});

test("more at once than are written at once", async () => {
  const list = await Promise.all(
    Array.from({ length: 50 }, async (_, n) => ({ cid: await cidOf(n), bytes: bytesOf(n) })),
  );
  await blocks.putAll(list);
  for (const { cid, bytes } of list) expect(await read(blocks.get(cid))).toEqual(bytes);
});

test("a write that fails leaves nothing", async () => {
  const cid = await cidOf(1);
  const broken = function* () {
    yield bytesOf(1).subarray(0, 3);
    throw new Error("cut");
  };
  await expect(blocks.put(cid, broken())).rejects.toThrow("cut");
  expect(await blocks.has(cid)).toBe(false);
  const left = await readdir(directory, { recursive: true, withFileTypes: true });
  expect(left.filter((entry) => entry.isFile())).toEqual([]);
});

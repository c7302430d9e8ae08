import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigCache, sha256Hex } from "./cache.ts";

let directory: string;
let cache: ConfigCache;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "configs-"));
  cache = new ConfigCache(directory);
});
afterEach(() => rm(directory, { recursive: true }));

const bytesOf = (n: number) => new TextEncoder().encode(`config ${n}`);
const entryOf = (n: number) => ({
  hash: sha256Hex(bytesOf(n)),
  uri: `ipfs://${n}`,
  versions: { "0.1": sha256Hex(bytesOf(1000 + n)) },
});
const put = (n: number, age?: "newest" | "oldest") => cache.put(1n, entryOf(n), bytesOf(n), age);
const uris = async () => (await cache.history(1n)).map(({ uri }) => uri);

test("configs come back, newest first", async () => {
  await put(1);
  await put(2);
  await put(0, "oldest");
  await put(2);
  expect(await uris()).toEqual(["ipfs://2", "ipfs://1", "ipfs://0"]);
  // A project that goes back to an old config has that as its newest.
  await put(1);
  expect(await uris()).toEqual(["ipfs://1", "ipfs://2", "ipfs://0"]);
  expect(new Uint8Array(await cache.get(1n, entryOf(0).hash) ?? [])).toEqual(bytesOf(0));
  expect(await cache.get(2n, entryOf(0).hash)).toBeUndefined();
  expect(await cache.history(2n)).toEqual([]);
});

test("writers at once lose nothing", async () => {
  await Promise.all(Array.from({ length: 20 }, (_, n) => put(n)));
  expect((await uris()).length).toBe(20);
  expect(await readdir(join(directory, "1"))).toHaveLength(21);
});

test("it keeps fifty", async () => {
  for (let n = 0; n < 53; n++) await put(n);
  expect((await uris()).at(-1)).toBe("ipfs://3");
  expect(await cache.get(1n, entryOf(2).hash)).toBeUndefined();
  expect(await readdir(join(directory, "1"))).toHaveLength(51);
});

test("a spoilt file is as good as none, and put right by the next", async () => {
  await put(1);
  const { hash } = entryOf(1);
  await writeFile(join(directory, "1", hash), "other");
  expect(await cache.get(1n, hash)).toBeUndefined();
  await put(1);
  expect(await cache.get(1n, hash)).toBeDefined();
  for (const junk of ["", "[", '[{"hash":1}]', "{}"]) {
    await writeFile(join(directory, "1", "index.json"), junk);
    expect(await cache.history(1n)).toEqual([]);
  }
  await put(2);
  expect(await uris()).toEqual(["ipfs://2"]);
});

import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as dagJson from "@ipld/dag-json";
import { CID } from "multiformats/cid";
import { bytesToHex, sha256 } from "viem";
import { encodeOriginal, encodeProject, type VersionDraft } from "./encode.ts";
import { parseProjectFile } from "./file.ts";
import type { ProjectVersion } from "./types.ts";
import { openIpfs } from "./ipfs.ts";
import { linkLoader } from "./source.ts";

const small = new Uint8Array(randomBytes(1000));
const large = new Uint8Array(2 * 1024 * 1024).fill(7);
const draft = (fields: Partial<VersionDraft> = {}): VersionDraft => ({
  version: "0.1",
  vmType: "halo2",
  code: small,
  ...fields,
});

test("a packer is a block of its own, or of several when it is large", async () => {
  for (const program of [small, large]) {
    const { blocks, file } = await encodeProject({
      versions: [draft({ packing: { program, count: 4 } })],
    });
    const { packing } = file.versions.get("0.1") as ProjectVersion;
    expect(packing).toMatchObject({ count: 4, program: { code: program } });
    expect(packing.program?.hash).toBe(sha256(program));
    expect(blocks.length).toBeGreaterThan(program === large ? 3 : 1);
  }
  const original = await encodeOriginal({ versions: [draft({ packing: { program: large } })] });
  const { versions } = await parseProjectFile(original, { projectId: 1n });
  expect(versions.get("0.1")?.packing.program?.hash).toBe(sha256(large));
  const huge = new Uint8Array(5 << 20);
  await expect(encodeProject({ versions: [draft({ packing: { program: huge } })] })).rejects
    .toThrow("versions[0].packing.program: is a packer of 5242880 bytes");
});

test("programs become raw blocks that versions share", async () => {
  const encoded = await encodeProject({
    versions: [
      draft({ packing: { count: 16, window: undefined } }),
      draft({ version: "0.2", codeExpParam: "p" }),
      draft({ version: "0.3", code: large }),
    ],
  });
  await expect(encoded.blocks).toHaveLength(3);
  await expect(encoded.hash).toBe(sha256(encoded.root.bytes));
  const root = dagJson.decode<{ versions: { code: CID; compression?: string }[] }>(
    encoded.root.bytes,
  );
  expect(root.versions.map(({ compression }) => compression)).toEqual([
    undefined,
    undefined,
    "zlib",
  ]);
  expect(root.versions[0]?.code.equals(root.versions[1]?.code)).toBe(true);
  const store = new Map(encoded.blocks.map(({ cid, bytes }) => [`${cid}`, bytes]));
  for (const { bytes } of encoded.blocks) expect(bytes.length).toBeLessThan(1024 * 1024);
  const file = await parseProjectFile(encoded.root.bytes, {
    projectId: 3n,
    loadLinked: (cid) => Promise.resolve(store.get(`${cid}`) as Uint8Array),
  });
  expect(file.versions.get("0.1")?.program.code).toEqual(small);
  expect(file.versions.get("0.1")?.packing.count).toBe(16);
  expect(file.versions.get("0.2")?.program.param).toBe("p");
  expect(file.versions.get("0.3")?.program.code).toEqual(large);
});

test("a program that compression leaves large is split, and put together", async () => {
  const code = new Uint8Array(randomBytes(5_300_000));
  const encoded = await encodeProject({ versions: [draft({ code })] });
  for (const { bytes } of encoded.blocks) expect(bytes.length).toBeLessThanOrEqual(1024 * 1024);
  expect(encoded.blocks).toHaveLength(8);
  const directory = await mkdtemp(join(tmpdir(), "w3bstream-encode-"));
  const ipfs = openIpfs({ directory });
  await ipfs.put(encoded.blocks);
  const file = await parseProjectFile(encoded.root.bytes, {
    projectId: 3n,
    loadLinked: linkLoader(`ipfs://${encoded.root.cid}`, ipfs),
  });
  await ipfs.close();
  await rm(directory, { recursive: true });
  expect(Buffer.compare(file.versions.get("0.1")?.program.code as Uint8Array, code)).toBe(0);
});

test("what IPFS does not take is not encoded", async () => {
  const code = new Uint8Array(randomBytes(34_000_000));
  await expect(encodeProject({ versions: [draft({ code })] })).rejects.toThrow(
    /versions\[0\].code: is a program of \d+ bytes compressed, more than 33554432/,
  );
  const ethereum = { contractAbiJSON: " ".repeat(2_100_000) };
  await expect(encodeProject({ versions: [draft({ output: { ethereum } })] })).rejects.toThrow(
    /the file has \d+ bytes without its programs/,
  );
});

test("a program's block is named by the program's own hash", async () => {
  const { blocks, file } = await encodeProject({ versions: [draft()] });
  expect(bytesToHex(blocks[0]?.cid.multihash.digest as Uint8Array)).toBe(sha256(small));
  expect(file.versions.get("0.1")?.program.programId).toBe(sha256(small));
});

test("the original's form", async () => {
  const bytes = await encodeOriginal({ versions: [draft({ aggregation: { amount: 2 } })] });
  const list = JSON.parse(new TextDecoder().decode(bytes)) as { code: string }[];
  expect(list[0]?.code).toStartWith("78");
  const file = await parseProjectFile(bytes, { projectId: 3n });
  expect(file.versions.get("0.1")?.program.code).toEqual(small);
  expect(file.versions.get("0.1")?.packing.count).toBe(2);
});

test("what nodes would refuse is not encoded", async () => {
  await expect(encodeProject({ versions: [draft({ vmType: "cairo" })] })).rejects.toThrow(
    'versions[0].vmType: unknown virtual machine "cairo"',
  );
  await expect(encodeProject({ versions: [] })).rejects.toThrow("versions: has none");
  await expect(encodeProject({ versions: [draft({ code: new Uint8Array() })] })).rejects.toThrow(
    "versions[0].code: is an empty program",
  );
  await expect(encodeOriginal({ versions: [draft({ timeout: -1 })] })).rejects.toThrow(
    "versions[0].timeout: must be seconds",
  );
});

test("the same draft gives the same root", async () => {
  const one = await encodeProject({ versions: [draft({ attempts: 2, timeout: 9 })] });
  const two = await encodeProject({ versions: [draft({ timeout: 9, attempts: 2 })] });
  expect(one.hash).toBe(two.hash);
});

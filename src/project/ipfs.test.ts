import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import http, { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as dagJson from "@ipld/dag-json";
import { CID } from "multiformats/cid";
import { sha256 as hasher, sha512 } from "multiformats/hashes/sha2";
import { sha256 } from "viem";
import { type Block, encodeProject } from "./encode.ts";
import { parseProjectFile } from "./file.ts";
import { openIpfs, parseCid } from "./ipfs.ts";

const [raw, dagPb] = [0x55, 0x70];
const blockOf = async (codec: number, bytes: Uint8Array): Promise<Block> => ({
  cid: CID.createV1(codec, await hasher.digest(bytes)),
  bytes,
});
const random = (size: number) => new Uint8Array(randomBytes(size));

let root: string;
let count = 0;
const open: { close(): Promise<void> }[] = [];
const servers: Server[] = [];
const directory = () => join(root, `${count++}`);
const ipfsAt = (options: Parameters<typeof openIpfs>[0]) => {
  const ipfs = openIpfs(options);
  open.push(ipfs);
  return ipfs;
};
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ipfs-"));
});
afterAll(async () => {
  for (const ipfs of open) await ipfs.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await rm(root, { recursive: true });
});

async function serve(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = http.createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers what a trustless gateway, Kubo, or a gateway of whole files would. */
function endpoint(
  kind: "gateway" | "kubo" | "files",
  content: ReadonlyMap<string, Uint8Array>,
  asked: string[] = [],
) {
  return serve((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://host");
    asked.push(`${request.method} ${request.url}`);
    const at = {
      gateway: request.method === "GET" && searchParams.get("format") === "raw",
      kubo: request.method === "POST" && pathname === "/api/v0/block/get",
      files: request.method === "GET" && pathname.startsWith("/ipfs/"),
    }[kind];
    const cid = kind === "kubo" ? searchParams.get("arg") : pathname.split("/")[2];
    const bytes = at && content.get(cid ?? "");
    response.statusCode = bytes ? 200 : 404;
    response.end(bytes || "no");
  });
}
const contentOf = (...blocks: Block[]) =>
  new Map(blocks.map(({ cid, bytes }) => [`${cid}`, bytes]));

describe("its own store", () => {
  test("blocks come back after a restart", async () => {
    const path = directory();
    const first = ipfsAt({ directory: path });
    const block = await blockOf(raw, random(100_000));
    await first.put([block]);
    const root = await blockOf(dagJson.code, dagJson.encode({ code: block.cid, n: 1 }));
    await first.put([root]);
    await first.close();
    const second = ipfsAt({ directory: path });
    expect(await second.getBlock(block.cid)).toEqual(block.bytes);
    const value = dagJson.decode<{ code: CID; n: number }>(await second.getBlock(root.cid));
    expect(value.n).toBe(1);
    expect(value.code.equals(block.cid)).toBe(true);
  });

  test("a block under another's name is refused", async () => {
    const ipfs = ipfsAt({ directory: directory() });
    const block = await blockOf(raw, random(10));
    await expect(ipfs.put([{ cid: block.cid, bytes: random(10) }])).rejects.toThrow(
      `the answer is not the block of ${block.cid}`,
    );
    await expect(ipfs.getBlock(block.cid)).rejects.toThrow("is not stored here");
  });

  test("without an endpoint it says what to set", async () => {
    const ipfs = ipfsAt({ directory: directory() });
    const { cid } = await blockOf(raw, random(10));
    await expect(ipfs.getBlock(cid)).rejects.toThrow(
      `${cid} is not stored here, and IPFS_ENDPOINT is not set to fetch it`,
    );
  });

  test("a block that the disk spoilt is fetched anew", async () => {
    const path = directory();
    const block = await blockOf(raw, random(1000));
    const address = await endpoint("gateway", contentOf(block));
    const first = ipfsAt({ directory: path, endpoint: `http://${address}` });
    await first.put([block]);
    await first.close();
    const blocks = await readdir(join(path, "blocks"), { recursive: true });
    const file = blocks.find((name) => name.length > 64) as string;
    await writeFile(join(path, "blocks", file), block.bytes.subarray(0, 500));
    const second = ipfsAt({ directory: path, endpoint: `http://${address}` });
    expect(await second.getBlock(block.cid)).toEqual(block.bytes);
    await second.close();
    const offline = ipfsAt({ directory: path });
    expect(await offline.getBlock(block.cid)).toEqual(block.bytes);
  });

  test("closed, it answers no more", async () => {
    const ipfs = openIpfs({ directory: directory() });
    await ipfs.close();
    await expect(ipfs.put([await blockOf(raw, random(10))])).rejects.toThrow("closed");
  });
});

describe.each(["gateway", "kubo"] as const)("an endpoint: %s", (kind) => {
  test("gives blocks, which are kept", async () => {
    const [one, two] = [await blockOf(raw, random(300_000)), await blockOf(raw, random(10))];
    const asked: string[] = [];
    const address = await endpoint(kind, contentOf(one, two), asked);
    const ipfs = ipfsAt({ directory: directory(), endpoint: `http://${address}/` });
    expect(await ipfs.getBlock(one.cid)).toEqual(one.bytes);
    const first = asked.length;
    expect(await ipfs.getBlock(one.cid)).toEqual(one.bytes);
    expect(asked).toHaveLength(first);
    expect(await ipfs.getBlock(two.cid)).toEqual(two.bytes);
    // The way that worked is asked first.
    expect(asked).toHaveLength(first + 1);
  });

  test("that lies is not believed", async () => {
    const { cid } = await blockOf(raw, random(100));
    const address = await endpoint(kind, new Map([[`${cid}`, random(100)]]));
    const ipfs = ipfsAt({ directory: directory(), endpoint: `http://${address}` });
    await expect(ipfs.getBlock(cid)).rejects.toThrow(`the answer is not the block of ${cid}`);
  });
});

test("an endpoint with a path and a password", async () => {
  const block = await blockOf(raw, random(10));
  const address = await serve((request, response) => {
    const known = request.headers.authorization === `Basic ${btoa("me:p@ss")}`;
    const right = request.url === `/sub/ipfs/${block.cid}?format=raw`;
    response.statusCode = known && right ? 200 : 401;
    response.end(block.bytes);
  });
  const at = (user: string) =>
    ipfsAt({ directory: directory(), endpoint: `http://${user}@${address}/sub/` });
  expect(await at("me:p%40ss").getBlock(block.cid)).toEqual(block.bytes);
  const error = await at("me:wrong").getBlock(block.cid).catch((error: Error) => error.message);
  expect(error).toBe(`${block.cid} can't be fetched: status 401`);
});

test("an endpoint that never answers", async () => {
  const address = await serve(() => {});
  const { cid } = await blockOf(raw, random(100));
  const ipfs = ipfsAt({ directory: directory(), endpoint: `http://${address}`, timeoutMs: 200 });
  const start = performance.now();
  await expect(ipfs.getBlock(cid)).rejects.toThrow("can't be fetched");
  expect(performance.now() - start).toBeLessThan(2000);
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("stopped")), 20);
  await expect(ipfs.getBlock(cid, { signal: controller.signal })).rejects.toThrow("stopped");
});

describe("an endpoint that a stranger named", () => {
  test("on this network is not asked", async () => {
    const block = await blockOf(raw, random(100));
    const asked: string[] = [];
    const from = await endpoint("gateway", contentOf(block), asked);
    const ipfs = ipfsAt({ directory: directory() });
    await expect(ipfs.getBlock(block.cid, { from })).rejects.toThrow(
      "127.0.0.1 is not at a public address",
    );
    expect(asked).toEqual([]);
  });

  test("is asked where it may be", async () => {
    const block = await blockOf(raw, random(100));
    const from = await endpoint("kubo", contentOf(block));
    const ipfs = ipfsAt({ directory: directory(), allow: (address) => address === "127.0.0.1" });
    expect(await ipfs.getBlock(block.cid, { from })).toEqual(block.bytes);
    expect(await ipfs.getBlock(block.cid)).toEqual(block.bytes);
  });
});

describe("a file of many blocks", () => {
  // Protobuf: a field's key, its length, its bytes.
  const varint = (value: number): number[] =>
    value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
  const field = (number: number, bytes: Uint8Array) =>
    Buffer.concat([Buffer.from([number * 8 + 2, ...varint(bytes.length)]), bytes]);
  const node = (type: number, data: Uint8Array, links: CID[]) =>
    blockOf(
      dagPb,
      new Uint8Array(Buffer.concat([
        ...links.map((cid) => field(2, field(1, cid.bytes))),
        field(1, Buffer.concat([Buffer.from([8, type]), field(2, data)])),
      ])),
    );
  const none = new Uint8Array();

  async function file(size: number) {
    const bytes = random(size);
    const leaves = await Promise.all([
      blockOf(raw, bytes.subarray(0, size / 4)),
      node(2, bytes.subarray(size / 4, size / 2), []),
      blockOf(raw, bytes.subarray(size / 2)),
    ]);
    const inner = await node(2, none, leaves.slice(1).map(({ cid }) => cid));
    const top = await node(2, none, [leaves[0]?.cid as CID, inner.cid]);
    // The original's tools print version 0 CIDs.
    const cid = CID.createV0(top.cid.multihash as never);
    const content = contentOf(...leaves, inner, { cid, bytes: top.bytes });
    return { bytes, cid, top, content };
  }

  test("is put together from verified blocks", async () => {
    const { bytes, cid, content } = await file(400_000);
    const address = await endpoint("gateway", content);
    const ipfs = ipfsAt({ directory: directory(), endpoint: `http://${address}` });
    expect(await ipfs.getFile(cid)).toEqual(bytes);
  });

  test("comes whole from a gateway without blocks, if its hash is known", async () => {
    const { bytes, cid } = await file(4000);
    const address = await endpoint("files", new Map([[`${cid}`, bytes]]));
    const ipfs = ipfsAt({ directory: directory(), endpoint: `http://${address}` });
    expect(await ipfs.getFile(cid, { hash: sha256(bytes) })).toEqual(bytes);
    await expect(ipfs.getFile(cid)).rejects.toThrow("is not the block of");
    const other = sha256(random(5));
    await expect(ipfs.getFile(cid, { hash: other })).rejects.toThrow("not the file with hash");
    const from = address;
    const guarded = ipfsAt({ directory: directory() });
    await expect(guarded.getFile(cid, { hash: sha256(bytes), from })).rejects.toThrow(
      "not at a public address",
    );
    const local = ipfsAt({ directory: directory(), allow: () => true });
    expect(await local.getFile(cid, { hash: sha256(bytes), from })).toEqual(bytes);
  });

  test("that is a folder, malformed or endless is refused", async () => {
    const ipfs = ipfsAt({ directory: directory() });
    const leaf = await blockOf(raw, random(3_000_000));
    const folder = await node(1, none, []);
    const broken = await blockOf(dagPb, Uint8Array.from([0x0a, 0xff, 0xff, 0x01]));
    const other = await blockOf(dagJson.code, dagJson.encode({ a: 1 }));
    const foreign = await node(2, none, [other.cid]);
    await ipfs.put([other]);
    const large = await node(2, none, Array(20).fill(leaf.cid));
    let deep = await node(2, none, [leaf.cid]);
    const chain = [deep];
    for (let i = 0; i < 10; i++) chain.push(deep = await node(2, none, [deep.cid, deep.cid]));
    await ipfs.put([leaf, folder, broken, foreign, large, ...chain]);
    await expect(ipfs.getFile(folder.cid)).rejects.toThrow("is no file");
    await expect(ipfs.getFile(broken.cid)).rejects.toThrow("is malformed");
    await expect(ipfs.getFile(foreign.cid)).rejects.toThrow("is no part of a file");
    await expect(ipfs.getFile(large.cid)).rejects.toThrow("has more than 33554432 bytes");
    await expect(ipfs.getFile(deep.cid)).rejects.toThrow("has too many blocks");
  });
});

test("CIDs without a whole SHA-256 are refused", async () => {
  expect(() => parseCid("nonsense")).toThrow('"nonsense" is not a CID');
  const weak = CID.createV1(raw, await sha512.digest(random(3)));
  expect(() => parseCid(`${weak}`)).toThrow("is not named by a SHA-256");
});

test("a published project is read back by another node", async () => {
  const code = random(1_500_000);
  const project = await encodeProject({ versions: [{ version: "1", vmType: "halo2", code }] });
  const address = await endpoint("gateway", contentOf(...project.blocks));
  const ipfs = ipfsAt({ directory: directory(), endpoint: `http://${address}` });
  const bytes = await ipfs.getFile(project.root.cid, { hash: project.hash });
  expect(sha256(bytes)).toBe(project.hash);
  const file = await parseProjectFile(bytes, {
    projectId: 1n,
    loadLinked: (cid, signal) => ipfs.getFile(cid, { signal }),
  });
  expect(file.versions.get("1")?.program.code).toEqual(code);
});

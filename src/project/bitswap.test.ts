import { afterEach, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as lp from "it-length-prefixed";
import * as raw from "multiformats/codecs/raw";
import { CID } from "multiformats/cid";
import { identity } from "multiformats/hashes/identity";
import { sha256 } from "multiformats/hashes/sha2";
import {
  BitswapMessage,
  type BitswapMessageInput,
  // deno-lint-ignore no-sloppy-imports
} from "../../node_modules/@helia/bitswap/dist/src/pb/message.js";
// deno-lint-ignore no-sloppy-imports
import { cidToPrefix } from "../../node_modules/@helia/bitswap/dist/src/utils/cid-prefix.js";
// deno-lint-ignore no-sloppy-imports
import { Helia } from "../../node_modules/helia/dist/src/helia.js";
import { createHost, type Host } from "../network/host.ts";
import { maxMessageBytes, PeerBlocks } from "./bitswap.ts";
import { FileBlocks } from "./blocks.ts";
import { type Ipfs, openIpfs } from "./ipfs.ts";
import { until } from "./testing.ts";

const protocol = "/ipfs/bitswap/1.2.0";
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function peer() {
  const directory = await mkdtemp(join(tmpdir(), "w3bstream-bitswap-"));
  stops.push(() => rm(directory, { recursive: true, force: true }));
  const host = await createHost({ directory, listen: ["/ip4/127.0.0.1/tcp/0"] });
  stops.push(() => host.stop());
  return { host, directory };
}

async function node(timeoutMs = 10_000) {
  const { host, directory } = await peer();
  const ipfs = openIpfs({ directory: join(directory, "ipfs"), host, timeoutMs });
  stops.push(() => ipfs.close());
  return { host, ipfs };
}

async function blockOf(bytes: Uint8Array<ArrayBuffer>) {
  return { cid: CID.createV1(raw.code, await sha256.digest(bytes)), bytes };
}

const random = (length: number) => {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 65_536) crypto.getRandomValues(bytes.subarray(i, i + 65_536));
  return bytes;
};

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function refused(ipfs: Ipfs, cid: CID): Promise<string> {
  return await ipfs.getBlock(cid).then(() => "given", (error) => error.message);
}

test("a block comes from a connected peer, and is kept", async () => {
  const [a, b] = [await node(), await node()];
  const block = await blockOf(random(3_000_000));
  await a.ipfs.put([block]);
  await b.host.dial(a.host.getMultiaddrs());
  expect(await b.ipfs.getBlock(block.cid)).toEqual(block.bytes);
  await a.host.stop();
  expect(await b.ipfs.getBlock(block.cid)).toEqual(block.bytes);
});

test("a block is asked of peers that connect later", async () => {
  const [a, b] = [await node(), await node()];
  const block = await blockOf(random(100));
  await a.ipfs.put([block]);
  const got = b.ipfs.getBlock(block.cid);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await b.host.dial(a.host.getMultiaddrs());
  expect(await got).toEqual(block.bytes);
});

test("a block that is asked for before it is stored is given when it is", async () => {
  const [a, b] = [await node(), await node()];
  const block = await blockOf(random(100));
  await b.host.dial(a.host.getMultiaddrs());
  const got = b.ipfs.getBlock(block.cid);
  await sleep(500);
  await a.ipfs.put([block]);
  expect(await got).toEqual(block.bytes);
});

test("one that gives up does not end another's wait for the same block", async () => {
  const [a, b] = [await node(), await node()];
  const block = await blockOf(random(100));
  await b.host.dial(a.host.getMultiaddrs());
  const hasty = b.ipfs.getBlock(block.cid, { signal: AbortSignal.timeout(300) });
  const patient = b.ipfs.getBlock(block.cid);
  expect(await hasty.then(() => "given", () => "gave up")).toBe("gave up");
  await sleep(200);
  const late = await node();
  await late.ipfs.put([block]);
  await late.host.dial(b.host.getMultiaddrs());
  expect(await patient).toEqual(block.bytes);
});

test("many blocks at once, large and small", async () => {
  const [a, b] = [await node(), await node()];
  const blocks = await Promise.all(
    Array.from({ length: 40 }, (_, i) => blockOf(random(i % 4 ? 1_000 : 1_000_000))),
  );
  await a.ipfs.put(blocks);
  await b.host.dial(a.host.getMultiaddrs());
  const got = await Promise.all(blocks.map(({ cid }) => b.ipfs.getBlock(cid)));
  expect(got).toEqual(blocks.map(({ bytes }) => bytes));
}, 300_000);

/** Sends one message of the protocol, as a stranger would. */
async function tell(host: Host, to: Host, message: BitswapMessageInput) {
  const stream = await host.dialProtocol(to.getMultiaddrs(), protocol);
  stream.send(lp.encode.single(BitswapMessage.encode(message)));
  return stream;
}

test("a peer that gives wrong bytes is not believed, and another one is", async () => {
  const [liar, honest, b] = [await peer(), await node(), await node()];
  const block = await blockOf(random(1_000));
  let asked = 0;
  const prefix = cidToPrefix(block.cid);
  const name = new Uint8Array(block.cid.multihash.digest);
  await liar.host.handle(protocol, async () => {
    asked++;
    // Its own digest, under a function that leaves bytes as they are.
    const digest = { prefix: Uint8Array.of(1, raw.code, identity.code, 32), data: name };
    await tell(liar.host, b.host, { blocks: [{ prefix, data: random(1_000) }, digest] });
  });
  await b.host.dial(liar.host.getMultiaddrs());
  const got = b.ipfs.getBlock(block.cid);
  await sleep(500);
  expect(asked).toBeGreaterThan(0);
  await honest.ipfs.put([block]);
  await b.host.dial(honest.host.getMultiaddrs());
  expect(await got).toEqual(block.bytes);
});

test("a want that is no name of a block hurts nobody", async () => {
  const [a, stranger] = [await node(), await peer()];
  const block = await blockOf(random(100));
  await a.ipfs.put([block]);
  const answers: Uint8Array[] = [];
  await stranger.host.handle(protocol, async (stream) => {
    for await (const bytes of lp.decode(stream)) {
      answers.push(...BitswapMessage.decode(bytes).blocks.map(({ data }) => data));
    }
  });
  const long = CID.createV1(raw.code, identity.digest(random(5_000)));
  const cids = [random(3), new Uint8Array(), long.bytes, block.cid.bytes];
  const entries = cids.map((cid) => ({ cid, priority: 1, sendDontHave: true }));
  await tell(stranger.host, a.host, { wantlist: { entries } });
  await until(() => answers.length > 0);
  expect(answers).toEqual([block.bytes]);
});

test("what nobody asked for is cut off, and not kept", async () => {
  const [a, stranger] = [await node(300), await peer()];
  const block = await blockOf(random(100_000));
  const prefix = cidToPrefix(block.cid);
  await tell(stranger.host, a.host, { blocks: [{ prefix, data: block.bytes }] });
  await sleep(200);
  expect(await refused(a.ipfs, block.cid)).toContain("came neither");
  const large = { prefix, data: random(1_000_000) };
  const stream = await tell(stranger.host, a.host, { blocks: [large] });
  await until(() => stream.status !== "open");
  expect(stream.status).toBe("reset");
});

test("peers that ask for much and take nothing hold little, and hold up nobody", async () => {
  const { host, directory } = await peer();
  const blocks = await Promise.all(Array.from({ length: 8 }, () => blockOf(random(3_000_000))));
  const store = new FileBlocks(join(directory, "blocks"));
  await store.putAll(blocks);
  let read = 0;
  const find = (cid: CID) => (read++, store.find(cid));
  const helia = new Helia({ name: "test", version: "1" });
  const limits = { slots: 3, newcomers: 2, sendMs: 60_000, newMs: 1_000 };
  const peers = new PeerBlocks(host, helia, find, limits);
  await peers.start();
  stops.push(() => peers.stop());

  const known = await node();
  await known.host.dial(host.getMultiaddrs());
  await sleep(limits.newMs);
  const entries = blocks.map(({ cid }) => ({ cid: cid.bytes, priority: 1 }));
  for (let i = 0; i < 5; i++) {
    const greedy = await peer();
    await greedy.host.handle(protocol, (stream) => stream.pause());
    await tell(greedy.host, host, { wantlist: { entries } });
  }
  await until(() => read > 0);
  await sleep(500);
  // One block fills a message, and two newcomers are answered at once.
  expect(read).toBe(2);
  const [block] = blocks as [typeof blocks[0]];
  expect(await known.ipfs.getBlock(block.cid)).toEqual(block.bytes);
}, 300_000);

test("what nobody has ends with its name and what to do", async () => {
  const [a, b] = [await node(), await node(500)];
  await b.host.dial(a.host.getMultiaddrs());
  const { cid } = await blockOf(random(100));
  expect(await refused(b.ipfs, cid)).toBe(
    `${cid} came neither from a connected peer nor from an endpoint (IPFS_ENDPOINT is not set)`,
  );
});

test("a block larger than a message does not travel, and hurts nobody", async () => {
  const [a, b] = [await node(), await node(2_000)];
  const [large, small] = [await blockOf(random(maxMessageBytes + 1)), await blockOf(random(9))];
  await a.ipfs.put([large, small]);
  await b.host.dial(a.host.getMultiaddrs());
  expect(await refused(b.ipfs, large.cid)).toContain("came neither");
  expect(await b.ipfs.getBlock(small.cid)).toEqual(small.bytes);
});

import { afterEach, describe, expect, test } from "bun:test";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { limits, taskProtocol } from "../protocol/index.ts";
import { sealBinding } from "./binding.ts";
import { FrameStream } from "./frames.ts";
import { identityOf, onlyLink, TestPeers, until } from "./testing.ts";

const [enode, znode, stranger] = [identityOf("11"), identityOf("22"), identityOf("33")];
const allowed = [znode.signer.address];
const cancel = { taskId: `0x${"0a".repeat(32)}` as const, epoch: 3n, ended: false };

const peers = new TestPeers();
afterEach(() => peers.stop());

/** An enode that accepts `allowed`, and a peer that is nobody yet. */
async function pair(options = {}) {
  const [a, b] = [await peers.host(), await peers.host({ listen: [] })];
  return { a, b, links: await peers.enode(a, enode, allowed, options) };
}

/** What a hand-written peer does with a stream of its own. */
async function streamTo(
  { a, b }: Pick<Awaited<ReturnType<typeof pair>>, "a" | "b">,
): Promise<FrameStream> {
  const connection = await b.dial(a.getMultiaddrs());
  return new FrameStream(await connection.newStream(taskProtocol));
}

describe("a link", () => {
  test("carries signed frames both ways, of any size that is allowed", async () => {
    const { a, b, links } = await pair();
    const z = await onlyLink(await peers.znode(b, znode, a));
    const e = await onlyLink(links);
    expect([e.remote, z.remote]).toEqual([znode.signer.address, enode.signer.address]);
    const payload = {
      ...cancel,
      messages: [crypto.getRandomValues(new Uint8Array(65_536)), new Uint8Array(3_000_000).fill(7)],
      inputSalt: new Uint8Array(32),
      clientId: "",
    };
    await e.send("payload", payload);
    await z.send("hello", { runtimes: ["halo2"], capacity: 1 });
    const there = (await z.messages().next()).value;
    expect(there?.kind === "payload" && there.body.messages).toEqual(payload.messages);
    expect((await e.messages().next()).value?.body).toEqual({ runtimes: ["halo2"], capacity: 1 });
  });

  test("makes the sender wait for a slow reader, and then delivers everything", async () => {
    const { a, b, links } = await pair();
    const z = await onlyLink(await peers.znode(b, znode, a));
    const e = await onlyLink(links);
    const frames = 200, frame = new Uint8Array(100_000);
    let sent = 0;
    const sending = (async () => {
      for (; sent < frames; sent++) {
        frame[0] = sent;
        await e.connection.frames.sink.send(frame.slice());
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 500));
    // Socket buffers and windows take a part; the rest waits at the sender.
    expect(sent).toBeLessThan(frames / 2);
    for (let i = 0; i < frames; i++) {
      const next = await z.connection.frames.source.receive();
      expect(next.value?.[0]).toBe(i);
    }
    await sending;
  });

  test("that one side closes ends at both, with what was sent before", async () => {
    const { a, b, links } = await pair();
    const znodes = await peers.znode(b, znode, a, { minRedialMs: 60_000 });
    const [e, z] = [await onlyLink(links), await onlyLink(znodes)];
    for (const epoch of [1n, 2n, 3n]) await e.send("cancel", { ...cancel, epoch });
    e.close();
    const kinds = [];
    for await (const message of z.messages()) kinds.push(message.kind);
    expect(kinds).toEqual(["cancel", "cancel", "cancel"]);
    for await (const message of e.messages()) throw new Error(`unexpected ${message.kind}`);
    await until("both have ended", () => links.list().length + znodes.list().length === 0);
  });

  test("ends when the reader is stuck and the sender closes it", async () => {
    const { a, b, links } = await pair();
    await peers.znode(b, znode, a, { minRedialMs: 60_000 });
    const e = await onlyLink(links);
    const { sink } = e.connection.frames;
    const stuck = (async () => {
      for (;;) await sink.send(new Uint8Array(1_000_000));
    })();
    await new Promise((resolve) => setTimeout(resolve, 300));
    e.close();
    expect(stuck).rejects.toThrow();
    await until("it has ended", () => links.list().length === 0, 8_000);
  }, 300_000);

  test("comes back by itself when the enode restarts under the same key", async () => {
    const directory = await peers.directory();
    const first = await peers.host({ directory });
    const listen = [`/ip4/127.0.0.1/tcp/${first.getMultiaddrs()[0]?.getComponents()[1]?.value}`];
    const before = await peers.enode(first, enode, allowed);
    const z = await peers.znode(await peers.host({ listen: [] }), znode, first);
    await onlyLink(before);
    await before.close();
    await first.stop();
    await until("the znode noticed", () => z.list().length === 0);
    const again = await peers.host({ directory, listen });
    expect(again.peerId.toString()).toBe(first.peerId.toString());
    await onlyLink(await peers.enode(again, enode, allowed));
    await onlyLink(z);
  }, 300_000);

  test("ends at both sides when the network between them goes silent", async () => {
    const patience = { pingMs: 200, deadMs: 400 };
    const [a, b] = [await peers.host(patience), await peers.host({ ...patience, listen: [] })];
    const links = await peers.enode(a, enode, allowed);
    const wire = await peers.wire(a);
    const z = await peers.znode(b, znode, a, { minRedialMs: 60_000 }, wire.multiaddrs);
    await onlyLink(z);
    await onlyLink(links);
    // Pings keep a link that carries nothing.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect([links.list().length, z.list().length]).toEqual([1, 1]);
    wire.silence();
    await until("both noticed", () => links.list().length + z.list().length === 0, 5_000);
  });

  test("the newest stream of a peer wins", async () => {
    const p = await pair();
    await bound(p);
    const old = await onlyLink(p.links);
    const stream = await bound(p);
    await until("it replaced the other", () => p.links.list().every((link) => link !== old));
    expect((await onlyLink(p.links)).remote).toBe(znode.signer.address);
    stream.abort(new Error("done"));
  });
});

/** A stream with the right binding, made by hand. */
async function bound({ a, b }: Pick<Awaited<ReturnType<typeof pair>>, "a" | "b">) {
  const stream = await streamTo({ a, b });
  const ids = { peerId: b.peerId.toString(), remotePeerId: a.peerId.toString() };
  await stream.write(await sealBinding(znode, { ...ids, at: Date.now(), role: "znode" }));
  await stream.read(1024);
  return stream;
}

describe("a peer gets no link", () => {
  const ids = ({ a, b }: Awaited<ReturnType<typeof pair>>) => ({
    peerId: b.peerId.toString(),
    remotePeerId: a.peerId.toString(),
    at: Date.now(),
    role: "znode" as const,
  });
  type Pair = Awaited<ReturnType<typeof pair>>;
  const other = "12D3KooWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  const network = { ...znode.network, chainId: 6n };
  const refused: [string, (p: Pair) => Promise<Uint8Array> | Uint8Array][] = [
    ["that is not eligible", (p) => sealBinding(stranger, ids(p))],
    ["by another peer's binding", (p) => sealBinding(znode, { ...ids(p), peerId: other })],
    ["by a binding to another", (p) => sealBinding(znode, { ...ids(p), remotePeerId: other })],
    ["by a binding of another role", (p) => sealBinding(znode, { ...ids(p), role: "enode" })],
    ["by an old binding", (p) => sealBinding(znode, { ...ids(p), at: Date.now() - 400_000 })],
    ["by a future binding", (p) => sealBinding(znode, { ...ids(p), at: Date.now() + 400_000 })],
    ["of another chain", (p) => sealBinding({ ...znode, network }, ids(p))],
    ["by garbage", () => crypto.getRandomValues(new Uint8Array(300))],
    ["by nothing", () => new Uint8Array(0)],
    ["by a frame that is too large", () => new Uint8Array(2_000)],
  ];
  test.each(refused)("%s", async (_, frameOf) => {
    const p = await pair();
    const linked: unknown[] = [];
    p.links.onLink((link) => linked.push(link));
    const stream = await streamTo(p);
    await stream.write(await frameOf(p));
    await stream.gone;
    expect(linked).toEqual([]);
    await until("its connection is closed", () => p.a.getConnections().length === 0);
    // It cost the others nothing.
    await peers.znode(await peers.host({ listen: [] }), znode, p.a);
    expect((await onlyLink(p.links)).remote).toBe(znode.signer.address);
  });

  test("that replays another peer's handshake", async () => {
    const p = await pair();
    const frame = await sealBinding(znode, ids(p));
    const thief = await peers.host({ listen: [] });
    const stream = await streamTo({ a: p.a, b: thief });
    await stream.write(frame);
    await stream.gone;
    expect(p.links.list()).toEqual([]);
  });

  test("that says nothing, nor keeps a connection without a stream", async () => {
    const p = await pair({ handshakeMs: 300, idleMs: 300 });
    const silent = await streamTo(p);
    await silent.gone;
    await until("its connection is closed", () => p.a.getConnections().length === 0);
    await p.b.dial(p.a.getMultiaddrs());
    await until("its connection is closed", () => p.a.getConnections().length === 0);
    expect(p.links.list()).toEqual([]);
  });
});

test("a linked peer that sends an oversize frame loses its link before the frame is read", async () => {
  const p = await pair();
  const stream = await bound(p);
  const link = await onlyLink(p.links);
  stream.write(new Uint8Array(limits.directFrame + 2_000)).catch(() => undefined);
  await expect(link.connection.frames.source.receive()).rejects.toThrow("closed");
  await until("it has ended", () => p.links.list().length === 0);
});

test("a linked peer that sends garbage is not heard, and keeps its link", async () => {
  const p = await pair();
  const stream = await bound(p);
  const link = await onlyLink(p.links);
  for (const size of [0, 1, 100_000]) await stream.write(new Uint8Array(size));
  const foreign = await sealBinding(stranger, ids(p));
  await stream.write(foreign);
  const heard = link.messages().next();
  expect(await Promise.race([heard, new Promise((r) => setTimeout(r, 300, "nothing"))]))
    .toBe("nothing");
  expect(p.links.list()).toEqual([link]);
});

const ids = ({ a, b }: Awaited<ReturnType<typeof pair>>) => ({
  peerId: b.peerId.toString(),
  remotePeerId: a.peerId.toString(),
  at: 0,
  role: "znode" as const,
});

test("the peer key is made once, for the owner's eyes only", async () => {
  const directory = await peers.directory();
  const first = await peers.host({ directory });
  const { mode } = await stat(join(directory, "peer.key"));
  expect(mode & 0o777).toBe(0o600);
  const key = await readFile(join(directory, "peer.key"), "utf8");
  expect((await peers.host({ directory })).peerId.equals(first.peerId)).toBe(true);
  expect(await readFile(join(directory, "peer.key"), "utf8")).toBe(key);
});

test("a linked peer that sends only garbage loses its link, and gets no other for a while", async () => {
  const p = await pair();
  const stream = await bound(p);
  await onlyLink(p.links);
  for (const link of p.links.list()) void link.messages().next();
  const garbage = new Uint8Array(limits.directFrame);
  void stream.write(garbage).catch(() => undefined);
  await until("it has ended", () => p.links.list().length === 0);
  const again = await bound(p).catch(() => undefined);
  await again?.gone;
  expect(p.links.list()).toEqual([]);
});

/** Links between servers by webrtc-direct: over UDP, to an address that has a certificate's hash. */
import { afterEach, expect, test } from "bun:test";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { identityOf, onlyLink, TestPeers } from "./testing.ts";

const [enode, znode] = [identityOf("11"), identityOf("22")];
const direct = "/ip4/127.0.0.1/udp/0/webrtc-direct";
const cancel = { taskId: `0x${"0a".repeat(32)}` as const, epoch: 3n, ended: false };

const peers = new TestPeers();
afterEach(() => peers.stop());

/** Two ends of a link. */
async function pair() {
  const a = await peers.host({ listen: [direct], webrtc: true });
  const known = a.getMultiaddrs().map(String);
  const b = await peers.host({ listen: [], known, webrtc: true });
  const links = await peers.enode(a, enode, [znode.signer.address]);
  const z = await onlyLink(await peers.znode(b, znode, a));
  return { z, e: await onlyLink(links) };
}

test("the address stays the same, by a key that is its owner's alone", async () => {
  const directory = await peers.directory();
  const hashOf = async () => {
    const host = await peers.host({ directory, listen: [direct], webrtc: true });
    const [address] = host.getMultiaddrs().map(String);
    await host.stop();
    return /certhash\/(\w+)/.exec(address ?? "")?.[1];
  };
  const hash = await hashOf();
  expect(hash).toBeString();
  expect(await hashOf()).toBe(hash as string);
  const path = join(directory, "webrtc.pem");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await writeFile(path, "hunter2");
  const broken = peers.host({ directory, listen: [direct], webrtc: true });
  expect(await broken.catch((error) => error.message)).toBe(
    `${path} can't be read as a key and its certificate`,
  );
});

test("a link carries frames both ways, of any size that is allowed", async () => {
  const { e, z } = await pair();
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

test("a sender waits for a slow reader, and then everything is delivered", async () => {
  const { e, z } = await pair();
  const frames = 40, frame = new Uint8Array(100_000);
  let sent = 0;
  const sending = (async () => {
    for (; sent < frames; sent++) {
      frame[0] = sent;
      await e.connection.frames.sink.send(frame.slice());
    }
  })();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  // SCTP's window and what the channel buffers take a part; the rest waits at the sender.
  expect(sent).toBeLessThan(frames / 2);
  for (let i = 0; i < frames; i++) {
    const next = await z.connection.frames.source.receive();
    expect(next.value?.[0]).toBe(i);
  }
  await sending;
});

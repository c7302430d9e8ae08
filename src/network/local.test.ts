import { expect, test } from "bun:test";
import { privateKeyToAccount } from "viem/accounts";
import { linkPair, localLinks } from "./local.ts";
import type { LinkIdentity } from "./link.ts";
import { limits, type WireMessage } from "../protocol/index.ts";

const network = { chainId: 5n, router: "0x00000000000000000000000000000000000000AA" } as const;
const identity = (byte: string): LinkIdentity => ({
  network,
  signer: privateKeyToAccount(`0x${byte.repeat(32)}`),
});
const [enode, znode, stranger] = [identity("11"), identity("22"), identity("33")];
const cancel = { taskId: `0x${"0a".repeat(32)}` as const, epoch: 3n, ended: false };

async function all(messages: AsyncIterable<WireMessage>): Promise<WireMessage[]> {
  const list = [];
  for await (const message of messages) list.push(message);
  return list;
}

test("frames travel both ways in order, signed by their side", async () => {
  const links = localLinks({ enode, znode });
  const [e, z] = [links.enode.list()[0], links.znode.list()[0]];
  if (!e || !z) throw new Error("no links");
  expect([e.remote, z.remote]).toEqual([znode.signer.address, enode.signer.address]);
  for (const epoch of [1n, 2n]) await e.send("cancel", { ...cancel, epoch });
  await z.send("hello", { runtimes: ["halo2"], capacity: 1 });
  links.close();
  const [there, back] = [await all(z.messages()), await all(e.messages())];
  expect(there.map((m) => [m.kind, m.from, "epoch" in m.body && m.body.epoch])).toEqual([
    ["cancel", enode.signer.address, 1n],
    ["cancel", enode.signer.address, 2n],
  ]);
  expect(back.map((m) => [m.kind, m.from])).toEqual([["hello", znode.signer.address]]);
});

test("a frame by another key than the peer's is refused, and the link goes on", async () => {
  const refused: string[] = [];
  const pair = linkPair(enode, znode, { onRefused: (error) => refused.push(error.kind) });
  const impostor = linkPair(stranger, znode);
  await impostor.a.send("cancel", cancel);
  const frame = (await impostor.b.connection.frames.source.receive()).value as Uint8Array;
  await pair.a.connection.frames.sink.send(frame);
  await pair.a.connection.frames.sink.send(new Uint8Array([1, 2, 3]));
  await pair.a.send("cancel", cancel);
  pair.close();
  expect((await all(pair.b.messages())).length).toBe(1);
  expect(refused).toEqual(["signature", "encoding"]);
});

test("a reader that is slow makes the sender wait", async () => {
  const pair = linkPair(enode, znode, { capacity: 1 });
  await pair.a.send("cancel", cancel);
  let sent = false;
  const second = pair.a.send("cancel", cancel).then(() => sent = true);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(sent).toBe(false);
  await pair.b.messages().next();
  await second;
});

test("what is said at once shares frames, in order, and each frame keeps its limit", async () => {
  const pair = linkPair(enode, znode);
  const messages = [new Uint8Array(limits.directFrame / 2)];
  const payload = { ...cancel, messages, inputSalt: new Uint8Array(32), clientId: "" };
  const sent = [
    ...[1n, 2n, 3n].map((epoch) => pair.a.send("cancel", { ...cancel, epoch })),
    ...[4n, 5n].map((epoch) => pair.a.send("payload", { ...payload, epoch })),
  ];
  await Promise.all(sent);
  expect(pair.b.connection.frames.source.size).toBe(2);
  pair.close();
  const heard = await all(pair.b.messages());
  expect(heard.map((m) => "epoch" in m.body && m.body.epoch)).toEqual([1n, 2n, 3n, 4n, 5n]);
});

test("what can't be sent fails for who said it, and for nobody else", async () => {
  const pair = linkPair(enode, znode);
  const good = pair.a.send("cancel", cancel);
  await expect(pair.a.send("cancel", { taskId: Symbol() } as never)).rejects.toThrow();
  await good;
  pair.close();
  await expect(pair.a.send("cancel", cancel)).rejects.toThrow("closed");
  expect((await all(pair.b.messages())).length).toBe(1);
});

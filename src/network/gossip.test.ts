import { afterEach, expect, test } from "bun:test";
import type { Connection, Stream } from "@libp2p/interface";
import { createLog } from "../log.ts";
import { limits, projectTopic, seal } from "../protocol/index.ts";
import { Gossip } from "./gossip.ts";
import type { Host } from "./host.ts";
import { PeerScores, thresholds } from "./peer_scores.ts";
import { identityOf, TestPeers, until } from "./testing.ts";

const [enode, stranger] = [identityOf("11"), identityOf("33")];
const { network } = enode;
const body = { taskId: `0x${"0a".repeat(32)}` as const, projectId: 7n, state: "proved" };
const peers = new TestPeers();
const open: Gossip[] = [];
afterEach(async () => {
  for (const gossip of open.splice(0)) await gossip.close();
  await peers.stop();
});

function join(host: Host, scores = new PeerScores()) {
  const refused: string[] = [], heard: unknown[] = [];
  const gossip = new Gossip({
    host,
    network,
    projects: {
      list: () => [{ id: 7n }] as ReturnType<GossipProjects["list"]>,
      onChange: () => () => {},
      canOperate: (_id, account) => Promise.resolve(account === enode.signer.address),
    },
    onRefused: (kind) => refused.push(kind),
    scores,
    onHeard: (message) => heard.push(message.body),
    log: createLog("silent"),
  });
  open.push(gossip);
  return { gossip, refused, heard };
}
type GossipProjects = ConstructorParameters<typeof Gossip>[0]["projects"];

async function pair() {
  const scores = new PeerScores();
  const [a, b] = [await peers.host({ scores }) as Host, await peers.host({ listen: [] }) as Host];
  const listener = join(a, scores);
  await b.dial(a.getMultiaddrs());
  const topic = projectTopic(7n);
  await until("it is joined", () => b.services.pubsub.getSubscribers(topic).length === 1);
  return {
    a,
    b,
    listener,
    scores,
    send: (data: Uint8Array) => b.services.pubsub.publish(topic, data),
  };
}

test("an operator's word on a task is heard by who joined the project", async () => {
  const { b, listener } = await pair();
  const { gossip } = join(b);
  gossip.tell(enode.signer, "state", body);
  await until("it is heard", () => listener.heard.length === 1);
  expect(listener.heard).toEqual([body]);
});

test("what is said within a moment shares a frame, and all of it is heard in its order", async () => {
  const { b, listener } = await pair();
  const { gossip } = join(b);
  let frames = 0;
  const { pubsub } = b.services;
  const publish = pubsub.publish.bind(pubsub);
  pubsub.publish = (...args) => {
    frames++;
    return publish(...args);
  };
  const bodies = Array.from({ length: 100 }, (_, i) => ({ ...body, state: `state ${i}` }));
  for (const said of bodies) gossip.tell(enode.signer, "state", said);
  await until("all is heard", () => listener.heard.length === bodies.length);
  expect(listener.heard).toEqual(bodies);
  // 64 messages a frame at most.
  expect(frames).toBe(2);
});

test("more peers of one address than a mesh has all hear what is said", async () => {
  const count = 18;
  const a = await peers.host() as Host;
  const { gossip } = join(a);
  const listeners: ReturnType<typeof join>[] = [];
  for (let i = 0; i < count; i++) {
    const host = await peers.host({ listen: [] }) as Host;
    listeners.push(join(host));
    // A host takes only so many new connections of one address a second.
    while (!await host.dial(a.getMultiaddrs()).catch(() => undefined)) await Bun.sleep(200);
  }
  const topic = projectTopic(7n);
  const { pubsub } = a.services;
  await until("all are known", () => pubsub.getSubscribers(topic).length === count, 60_000);
  gossip.tell(enode.signer, "state", body);
  await until("all have heard", () => listeners.every(({ heard }) => heard.length === 1), 60_000);
}, 300_000);

test("a peer that goes on sending what is no frame is not listened to any more", async () => {
  const { b, listener, scores, send } = await pair();
  const peer = b.peerId.toString();
  for (let i = 0; i < 40; i++) {
    await send(crypto.getRandomValues(new Uint8Array(200)).fill(255, 0, 1));
  }
  await until("it has lost its score", () => scores.of(peer) < thresholds.graylistThreshold);
  // The library does not look again at who was in good standing a second ago.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  const refused = listener.refused.length;
  await send(await seal(network, enode.signer, "", "state", body));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect([listener.heard.length, listener.refused.length]).toEqual([0, refused]);
});

test("what nobody may say is counted, and costs nothing else", async () => {
  const { listener, send } = await pair();
  const good = await seal(network, enode.signer, "", "state", body);
  const original = { taskStateLog: { Task: { id: "1" }, State: 3, Comment: "", Result: null } };
  const old = await seal(network, enode.signer, "", "state", body, Date.now() - 400_000);
  const other = await seal(network, enode.signer, "", "state", { ...body, projectId: 8n });
  const frames: [Uint8Array, string][] = [
    [crypto.getRandomValues(new Uint8Array(300)).fill(255, 0, 1), "encoding"],
    [new TextEncoder().encode(JSON.stringify(original)), "encoding"],
    [new Uint8Array(limits.gossipFrame + 1), "size"],
    [await seal(network, stranger.signer, "", "state", body), "signature"],
    [old, "stale"],
    [other, "recipient"],
  ];
  for (const [index, [frame, kind]] of frames.entries()) {
    await send(frame);
    await until(`${kind} is counted`, () => listener.refused.length === index + 1);
    expect(listener.refused.at(-1)).toBe(kind);
  }
  expect(listener.heard).toEqual([]);
  await send(good);
  await until("it is heard", () => listener.heard.length === 1);
  await send(good);
  await until("the replay is counted", () => listener.refused.at(-1) === "stale");
  expect(listener.heard).toEqual([body]);
});

test("a peer that never stops erring is not read any more", async () => {
  const { listener, send } = await pair();
  for (let i = 0; i < 200; i++) await send(crypto.getRandomValues(new Uint8Array(100)));
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(listener.refused.length).toBeGreaterThanOrEqual(32);
  expect(listener.refused.length).toBeLessThan(100);
});

/** Sends pieces for a while; answers how many bytes the listener let it send. */
async function push(stream: Stream, piece: Uint8Array, ms: number): Promise<number> {
  let sent = 0;
  for (const end = performance.now() + ms; performance.now() < end && stream.status === "open";) {
    if (stream.writeBufferLength < 1_000_000) {
      stream.send(piece.slice());
      sent += piece.length;
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  return sent - stream.writeBufferLength;
}

async function streamOf({ b }: Awaited<ReturnType<typeof pair>>): Promise<Stream> {
  const [connection] = b.getConnections();
  return await (connection as Connection).newStream("/meshsub/1.2.0");
}

test("a peer that sends without end is read at its rate", async () => {
  const stream = await streamOf(await pair());
  // One field that nobody knows, in messages with their length before them.
  const message = new Uint8Array(60_000).fill(0x7a, 0, 1).fill(0xdc, 1, 2).fill(0xd4, 2, 3)
    .fill(3, 3, 4);
  const sent = await push(stream, new Uint8Array([0xe0, 0xd4, 3, ...message]), 2_000);
  expect(stream.status).toBe("open");
  // A burst, two windows on the way, and two seconds' worth.
  expect(sent).toBeGreaterThan(1_000_000);
  expect(sent).toBeLessThan(8_000_000);
});

test("a peer that breaks the protocol loses its stream", async () => {
  const stream = await streamOf(await pair());
  await push(stream, new Uint8Array(100_000).fill(255), 2_000);
  expect(stream.status).not.toBe("open");
});

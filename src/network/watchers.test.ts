import { afterEach, expect, test } from "bun:test";
import type { Connection } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import { projectTopic } from "../protocol/index.ts";
import type { Host } from "./host.ts";
import { identityOf, TestPeers, until } from "./testing.ts";
import { watcherLimits, Watchers } from "./watchers.ts";

const peers = new TestPeers();
afterEach(() => peers.stop());

const topic = projectTopic(1n);
const by = (host: Host, part: string): Multiaddr[] =>
  host.getMultiaddrs().filter((address) => `${address}`.includes("/ws") === (part === "ws"));

test("who listens to a topic is kept where pages come, and nobody else", async () => {
  const listen = ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/tcp/0/ws"];
  const enode = await peers.host({ listen, webrtc: true }) as Host;
  enode.services.pubsub.subscribe(topic);
  await peers.enode(enode, identityOf("11"), [], { idleMs: 1_000 });
  const [page, tcp, idle] = await Promise.all(
    [0, 1, 2].map(() => peers.host({ listen: [], webrtc: true }) as Promise<Host>),
  ) as [Host, Host, Host];
  for (const host of [page, tcp]) host.services.pubsub.subscribe(topic);
  await page.dial(by(enode, "ws"));
  await tcp.dial(by(enode, "tcp"));
  await idle.dial(by(enode, "ws"));
  await until(
    "the others are gone",
    () => [tcp, idle].every((host) => host.getConnections().length === 0),
  );
  expect(page.getConnections()).toHaveLength(1);
  const heard = Promise.withResolvers<Uint8Array>();
  page.services.pubsub.addEventListener("message", ({ detail }) => heard.resolve(detail.data));
  await enode.services.pubsub.publish(topic, Uint8Array.of(7));
  expect(await heard.promise).toEqual(Uint8Array.of(7));
});

test("pages are bounded, in all and of one address", () => {
  const remotePeer = { equals: () => true };
  const watchers = new Watchers(
    { getTopics: () => [topic], getSubscribers: () => [remotePeer] } as never,
  );
  const from = (host: string) => {
    const remoteAddr = { toString: () => `/ip4/${host}/tcp/1/ws` };
    return { status: "open", remoteAddr, remotePeer } as unknown as Connection;
  };
  const kept = (connections: Connection[]) =>
    connections.filter((connection) => watchers.keeps(connection)).length;
  const own = Array.from({ length: watcherLimits.ofHost + 1 }, () => from("192.0.2.1"));
  expect(kept(own)).toBe(watcherLimits.ofHost);
  expect(kept(own)).toBe(watcherLimits.ofHost);
  const others = Array.from({ length: 100 }, (_, i) => from(`192.0.3.${i}`));
  expect(kept(others)).toBe(watcherLimits.all - watcherLimits.ofHost);
  // Who is gone makes room.
  Object.assign(own[0] ?? {}, { status: "closed" });
  expect(kept([from("192.0.2.9")])).toBe(1);
});

/** A relay from its guests' side, and from the side of those who would fill it. */
import { afterEach, expect, test } from "bun:test";
import { RELAY_V2_HOP_CODEC } from "@libp2p/circuit-relay-v2";
import type { Libp2p, Stream } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { identityOf, TestPeers, until } from "./testing.ts";
import type { RelayLimits } from "./relay.ts";

const peers = new TestPeers();
afterEach(() => peers.stop());

const relayOf = (limits: Partial<RelayLimits> = {}, options = {}) =>
  peers.host({ webrtc: true, relay: limits, ...options });

/** Asks for a reservation by hand, and awaits an answer. */
async function reserve(host: Libp2p, relay: Libp2p): Promise<void> {
  const connection = await host.dial(relay.getMultiaddrs());
  const stream = await connection.newStream(RELAY_V2_HOP_CODEC);
  const answer = new Promise<void>((resolve, reject) => {
    stream.addEventListener("message", () => resolve());
    stream.addEventListener("close", () => reject(new Error("no answer")));
  });
  // A length, then HopMessage { type: RESERVE }.
  stream.send(Uint8Array.of(2, 8, 0));
  await answer;
  await stream.close();
}

const held = (relay: Libp2p): number =>
  (relay.services as { relay: { reservations: { size: number } } }).relay.reservations.size;

test("one address gets few reservations, which end with their peers' connections", async () => {
  const relay = await relayOf({ reservationsOfHost: 3 });
  const guests = await Promise.all(Array.from({ length: 5 }, () => peers.host({ listen: [] })));
  for (const guest of guests) await reserve(guest, relay);
  expect(held(relay)).toBe(3);
  // Who has one keeps it when it asks again, however often.
  for (let i = 0; i < 1_000; i++) await reserve(guests[0] as Libp2p, relay);
  expect(held(relay)).toBe(3);
  await guests[0]?.stop();
  await until("its reservation has ended", () => held(relay) === 2);
  await reserve(guests[4] as Libp2p, relay);
  expect(held(relay)).toBe(3);
});

test("all addresses together get no more than a relay has", async () => {
  const relay = await relayOf({ reservations: 2 });
  const guests = await Promise.all(Array.from({ length: 4 }, () => peers.host({ listen: [] })));
  for (const guest of guests) await reserve(guest, relay);
  expect(held(relay)).toBe(2);
});

/** Two ends of a stream through a relay. */
async function relayed(limits: Partial<RelayLimits>): Promise<{ near: Stream; far: Stream }> {
  const relay = await relayOf(limits);
  const listen = relay.getMultiaddrs().map((address) => `${address}/p2p-circuit`);
  const guest = await peers.host({ webrtc: true, listen });
  await until("it is reserved", () => held(relay) === 1);
  const far = Promise.withResolvers<Stream>();
  await guest.handle("/bytes", (stream) => far.resolve(stream), { runOnLimitedConnection: true });
  const caller = await peers.host({ webrtc: true, listen: [] });
  const [address] = relay.getMultiaddrs();
  const connection = await caller.dial(
    multiaddr(`${address}/p2p-circuit/p2p/${guest.peerId}`),
  );
  expect(connection.limits).toBeDefined();
  const near = await connection.newStream("/bytes", { runOnLimitedConnection: true });
  return { near, far: await far.promise };
}

test("a relayed connection ends with its bytes", async () => {
  const bytes = 64 * 1024;
  const { near, far } = await relayed({ bytes });
  let came = 0;
  far.addEventListener("message", ({ data }) => came += data.byteLength);
  const ended = new Promise((resolve) => near.addEventListener("close", resolve));
  for (let i = 0; i < 64 && near.status === "open"; i++) near.send(new Uint8Array(8 * 1024));
  await ended;
  expect(came).toBeLessThan(bytes);
});

test("a relayed connection ends with its time", async () => {
  const began = performance.now();
  const { near } = await relayed({ durationMs: 1_500 });
  await new Promise((resolve) => near.addEventListener("close", resolve));
  expect(performance.now() - began).toBeGreaterThan(1_000);
});

test("a relay that went away is used again when it is back", async () => {
  const directory = await peers.directory();
  const relay = await relayOf({}, { directory });
  const guest = await peers.host({ webrtc: true, listen: ["/p2p-circuit"] });
  await peers.enode(guest, identityOf("11"), [], { maxRedialMs: 500 }, relay.getMultiaddrs());
  const isReached = () => guest.getMultiaddrs().some((address) => `${address}`.includes("circuit"));
  await until("it is reached through the relay", isReached, 30_000);
  const port = relay.getMultiaddrs()[0]?.getComponents()[1]?.value;
  await relay.stop();
  await until("it is not reached any more", () => !isReached(), 30_000);
  const again = await relayOf({}, { directory, listen: [`/ip4/127.0.0.1/tcp/${port}`] });
  await until("it is reached again", isReached, 60_000);
  expect(held(again)).toBe(1);
});

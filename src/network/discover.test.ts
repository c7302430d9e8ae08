import { afterEach, expect, test } from "bun:test";
import { createLog } from "../log.ts";
import { findEnodes, offerEnode } from "./discover.ts";
import type { Host } from "./host.ts";
import { linkPeers, type PeerLinks } from "./libp2p.ts";
import { identityOf, TestPeers, until } from "./testing.ts";

const [znode, ...enodes] = ["22", "11", "33", "44"].map(identityOf) as [
  ReturnType<typeof identityOf>,
  ...ReturnType<typeof identityOf>[],
];
const log = createLog("silent");
const peers = new TestPeers();
let stop = new AbortController();
const closing: PeerLinks[] = [];
afterEach(async () => {
  stop.abort();
  stop = new AbortController();
  for (const links of closing.splice(0)) await links.close();
  await peers.stop();
});

const discovery = (host: Host) => ({
  ...{ host, chainId: 2, log, signal: stop.signal, againMs: 500 },
});

/** Enodes of which each but the first names the first, and a znode that names only that one too. */
async function network(znodes: () => number, mostFound: number): Promise<PeerLinks> {
  const hosts: Host[] = [];
  for (const identity of enodes) {
    const host = await peers.host() as Host;
    const dial = hosts[0]?.getMultiaddrs() ?? [];
    await peers.enode(host, identity, [znode.signer.address], {}, dial);
    void offerEnode(discovery(host), znodes);
    hosts.push(host);
  }
  const host = await peers.host({ listen: [] }) as Host;
  const links = await linkPeers({
    ...{ host, identity: znode, role: "znode", log, mostFound },
    dial: hosts[0]?.getMultiaddrs() ?? [],
    mayLink: () => Promise.resolve(true),
  });
  closing.push(links);
  void findEnodes(discovery(host), (peer, short) => links.found(peer, short));
  return links;
}

test("a znode that knows only one enode finds the others through it", async () => {
  const links = await network(() => 100, 8);
  await until("all are linked", () => links.list().length === enodes.length, 60_000);
  expect(new Set(links.list().map(({ remote }) => remote)))
    .toEqual(new Set(enodes.map(({ signer }) => signer.address)));
}, 120_000);

test("it links to some of them only, and to more where they have few znodes", async () => {
  const some = await network(() => 100, 1);
  await until("one was found", () => some.list().length === 2, 60_000);
  // Another walk, at least.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(some.list().length).toBe(2);
  const all = await network(() => 0, 1);
  await until("those in need too", () => all.list().length === enodes.length, 60_000);
}, 240_000);

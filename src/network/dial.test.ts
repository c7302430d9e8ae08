import { afterEach, expect, test } from "bun:test";
import { identityOf, onlyLink, TestPeers, until } from "./testing.ts";

const peers = new TestPeers();
afterEach(() => peers.stop());

const times = { idleMs: 300, minRedialMs: 50, maxRedialMs: 100 };

test("an enode that is another's boot node is dialled again only after a while", async () => {
  const [one, two] = [await peers.host(), await peers.host()];
  // The DHT opens connections of its own, by another way.
  let dials = 0;
  const dial = two.dial.bind(two);
  two.dial = (...args) => {
    dials++;
    return dial(...args);
  };
  await peers.enode(one, identityOf("11"), [], times);
  await peers.enode(two, identityOf("22"), [], { ...times, enodeMs: 3_000 }, one.getMultiaddrs());
  await until("it was cut off", () => dials > 0 && two.getConnections().length === 0);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(dials).toBe(1);
  await until("it is dialled again", () => dials === 2);
}, 300_000);

test.each([
  ["the znode asks it again", { maxRedialMs: 100 }, { idleMs: 60_000 }],
  ["the enode ends connections that no link uses", { maxRedialMs: 60_000 }, { idleMs: 300 }],
])("an enode that speaks no tasks yet when it is reached is linked: %s", async (_, own, its) => {
  const [enode, znode] = [identityOf("11"), identityOf("22")];
  const host = await peers.host();
  const links = await peers.znode(await peers.host({ listen: [] }), znode, host, own);
  await until("it is reached", () => host.getConnections().length > 0);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await peers.enode(host, enode, [znode.signer.address], its);
  expect((await onlyLink(links)).remote).toBe(enode.signer.address);
}, 300_000);

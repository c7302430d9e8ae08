import { afterEach, expect, test } from "bun:test";
import { createLog } from "../log.ts";
import { projectTopic } from "../protocol/index.ts";
import { Gossip } from "./gossip.ts";
import type { Host } from "./host.ts";
import { splitRpc } from "./split_rpc.ts";
import { identityOf, TestPeers, until } from "./testing.ts";

const peers = new TestPeers();
afterEach(() => peers.stop());

const [enode] = [identityOf("11")];
const ids = Array.from({ length: 700 }, (_, i) => BigInt(i + 1));

function join(host: Host, heard: unknown[] = []): Gossip {
  return new Gossip({
    ...{ host, network: enode.network, log: createLog("silent"), onRefused: () => {} },
    projects: {
      list: () => ids.map((id) => ({ id })) as never,
      onChange: () => () => {},
      canOperate: () => Promise.resolve(true),
    },
    onHeard: ({ body }) => heard.push(body.projectId),
  });
}

test("peers of hundreds of projects hear of each other's last", async () => {
  const [a, b] = [await peers.host() as Host, await peers.host({ listen: [] }) as Host];
  const heard: unknown[] = [];
  const both = [join(a, heard), join(b)];
  await b.dial(a.getMultiaddrs());
  for (const { services: { pubsub } } of [a, b]) {
    await until(
      "all topics are known",
      () => ids.every((id) => pubsub.getSubscribers(projectTopic(id)).length === 1),
    );
  }
  // The next heartbeats join the meshes of all topics at once.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  both[1]?.tell(enode.signer, "state", {
    ...{ taskId: `0x${"0a".repeat(32)}`, projectId: 700n, state: "proved" },
  });
  await until("the last project's news is heard", () => heard.includes(700n));
  for (const gossip of both) await gossip.close();
}, 60_000);

test("parts have everything, in its order, and little each", () => {
  const list = (n: number) => Array.from({ length: n }, (_, i) => i);
  const id = (i: number) => new Uint8Array([i >> 8, i]);
  const rpc = {
    subscriptions: list(300),
    messages: list(70),
    control: {
      ihave: list(200).map((t) => ({
        topicID: `${t}`,
        messageIDs: list(t === 3 ? 900 : 2).map(id),
      })),
      iwant: [{ messageIDs: list(600).map(id) }],
      graft: list(1_000),
      prune: list(5),
      idontwant: [],
    },
  };
  const parts = splitRpc(rpc);
  const all = <E>(of: (part: typeof rpc) => readonly E[] | undefined) =>
    parts.flatMap((part) => of(part) ?? []);
  expect(all((p) => p.subscriptions)).toEqual(rpc.subscriptions);
  expect(all((p) => p.messages)).toEqual(rpc.messages);
  expect(all((p) => p.control?.graft)).toEqual(rpc.control.graft);
  expect(all((p) => p.control?.prune)).toEqual(rpc.control.prune);
  const idsOf = (entries: readonly { messageIDs: readonly Uint8Array[] }[]) =>
    entries.flatMap(({ messageIDs }) => messageIDs);
  expect(idsOf(all((p) => p.control?.ihave))).toEqual(idsOf(rpc.control.ihave));
  expect(idsOf(all((p) => p.control?.iwant))).toEqual(idsOf(rpc.control.iwant));
  for (const { subscriptions, messages, control } of parts) {
    expect(subscriptions.length).toBeLessThanOrEqual(128);
    expect(messages.length).toBeLessThanOrEqual(32);
    expect(control?.graft.length ?? 0).toBeLessThanOrEqual(128);
    expect(idsOf([...control?.ihave ?? [], ...control?.iwant ?? []]).length)
      .toBeLessThanOrEqual(256);
  }
});

test("what is small stays whole", () => {
  const rpc = { subscriptions: [1], messages: [2], control: { graft: [3] } };
  expect(splitRpc(rpc)).toEqual([rpc]);
});

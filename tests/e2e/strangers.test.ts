/** Peers written by hand that say well-formed things which they may not, to a real enode. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { type Hex, zeroAddress } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { freePort } from "../../scripts/free_port.ts";
import { framesOver } from "../../src/network/frames.ts";
import type { Host } from "../../src/network/host.ts";
import { Link, type LinkIdentity } from "../../src/network/link.ts";
import { TestPeers } from "../../src/network/testing.ts";
import { limits, projectTopic, seal } from "../../src/protocol/index.ts";
import { weatherModule, workspace, writeProject } from "./files.ts";
import { bind } from "./hostile_peer.ts";
import { type NodeProcess, nodesIn, post, reaches, sleep, states, until } from "./node.ts";

const place = workspace();
const directory = (name: string) => join(place.directory, name);
const network = { chainId: 0n, router: zeroAddress } as const;
const identity = (): LinkIdentity & { key: Hex } => {
  const key = generatePrivateKey();
  return { key, network, signer: privateKeyToAccount(key) };
};
const [operator, honest, insider, stranger] = [identity(), identity(), identity(), identity()];
const peers = new TestPeers();
const { start, kill } = nodesIn(directory);
let enode: NodeProcess, target: Multiaddr[];

beforeAll(async () => {
  await mkdir(directory("projects"));
  await writeProject(directory("projects"), 1, {
    code: await weatherModule(),
    packing: { count: 1, window: 1 },
    output: { type: "stdout" },
  });
  const port = await freePort();
  enode = await start("enode", operator.key, {
    TRUSTED_PROVERS: [honest, insider].map(({ signer }) => signer.address).join(","),
    P2P_LISTEN: `/ip4/127.0.0.1/tcp/${port}`,
  });
  const { peerId } = JSON.parse(await readFile(join(directory("enode"), "peer.json"), "utf8"));
  target = [multiaddr(`/ip4/127.0.0.1/tcp/${port}/p2p/${peerId}`)];
});
afterAll(async () => {
  await kill();
  await peers.stop();
  await place.remove();
});

const attacker = async () => await peers.host({ listen: [] }) as Host;

async function refused(kind: string): Promise<number> {
  const text = await (await fetch(`${enode.url}/metrics`)).text();
  return Number(text.match(`refused_total\\{kind="${kind}"\\} (\\d+)`)?.[1] ?? 0);
}

async function taskOf(serial: number): Promise<Hex | undefined> {
  const task = await (await fetch(`${enode.url}/task/1/${serial}`)).json() as { taskHash?: Hex };
  return task.taskHash;
}

/** A link that is made by hand, with all that comes by it. */
async function linked(as: LinkIdentity): Promise<{ link: Link; heard: number; gone: boolean }> {
  const { frames } = await bind(await attacker(), as, target);
  const seen = { heard: 0, gone: false };
  const { sink, source } = framesOver(frames, limits.directFrame);
  void (async () => {
    for await (const _ of source) seen.heard++;
  })().catch(() => undefined).finally(() => seen.gone = true);
  const connection = { remote: operator.signer.address, frames: { sink, source } };
  return Object.assign(seen, { link: new Link(connection, as) });
}

test("a key that is not registered gets no link, no task and no payload", async () => {
  const before = await refused("peer");
  const seen = await linked(stranger);
  for (let i = 0; i < 5; i++) {
    await seen.link.send("hello", { runtimes: ["halo2"], capacity: 8 }).catch(() => undefined);
  }
  const id = await post(enode.url, 1, '{"value":1}');
  await reaches(enode.url, id, "packed");
  await until("its link ended", async () => seen.gone || undefined);
  // Long enough for an offer to whoever could take it.
  await sleep(2_000);
  expect(seen.heard).toBe(0);
  expect((await states(enode.url, id)).map(({ state }) => state)).toEqual(["received", "packed"]);
  expect(await refused("peer")).toBe(before + 1);
});

test("what it signs of a project is counted, and not passed on", async () => {
  const topic = projectTopic(1n);
  const [speaker, listener] = [await attacker(), await attacker()];
  const heard: Uint8Array[] = [];
  const { pubsub } = listener.services;
  pubsub.subscribe(topic);
  pubsub.addEventListener("message", ({ detail }) => void heard.push(detail.data));
  for (const host of [speaker, listener]) {
    await host.dial(target);
    await until(
      "the enode is known to listen",
      async () => host.services.pubsub.getSubscribers(topic).length || undefined,
    );
  }
  const taskId = await until("it has its number", () => taskOf(1));
  const before = await refused("gossip signature");
  const programId: Hex = `0x${"11".repeat(32)}`;
  const frames = [
    await seal(network, stranger.signer, "", "state", { taskId, projectId: 1n, state: "failed" }),
    await seal(network, honest.signer, "", "state", { taskId, projectId: 1n, state: "proved" }),
    await seal(network, stranger.signer, "", "announce", {
      ...{ taskId: programId, projectId: 1n, version: "0.1", programId },
    }),
  ];
  for (const frame of frames) await speaker.services.pubsub.publish(topic, frame);
  await until("all are counted", async () => {
    return await refused("gossip signature") === before + frames.length || undefined;
  });
  // What the enode itself says comes by the same way.
  await post(enode.url, 1, '{"value":2}');
  await until("the enode is heard", async () => heard.length > 0 || undefined);
  const theirs = new Set(frames.map((frame) => Buffer.from(frame).toString("hex")));
  expect(heard.filter((frame) => theirs.has(Buffer.from(frame).toString("hex")))).toEqual([]);
  expect((await states(enode.url, await post(enode.url, 1, '{"value":3}')))[0]?.state)
    .toBe("received");
});

test("what a registered key says of another's lease, or of none, changes nothing", async () => {
  await start("znode", honest.key, {
    TRUSTED_ENODES: operator.signer.address,
    BOOTNODE_MULTIADDR: target.join(","),
    WORKERS: "1",
  });
  const { link } = await linked(insider);
  const id = await post(enode.url, 1, '{"value":4}');
  const serial = await until("it is dispatched", async () => {
    const life = await states(enode.url, id);
    if (!life.some(({ state }) => state === "dispatched")) return undefined;
    for (let n = 1; n < 20; n++) {
      const text = await (await fetch(`${enode.url}/task/1/${n}`)).text();
      if (text.includes('"dispatched"') && !text.includes('"outputted"')) return n;
    }
  });
  const taskId = await taskOf(serial) as Hex;
  const proof = crypto.getRandomValues(new Uint8Array(1_000));
  const word: Hex = `0x${"22".repeat(32)}`;
  const receipt = {
    ...{ vmType: "halo2", programId: word, imageId: word, bindingKind: "data" } as const,
    ...{ publicValues: proof.slice(0, 224), proof },
  };
  for (let epoch = 0n; epoch < 12n; epoch++) {
    const on = { taskId, epoch };
    await link.send("accept", { ...on, verifier: zeroAddress });
    await link.send("progress", { ...on, phase: "prove", done: 1, total: 1 });
    await link.send("receipt", { ...on, receipt });
    const report = { ...on, output: 0, reference: "0x", comment: "" };
    for (const state of ["sent", "confirmed", "dead"] as const) {
      await link.send("report", { ...report, state });
    }
    await link.send("failure", { ...on, reason: "no", retryable: false });
    await link.send("refuse", { ...on, reason: "no", retryable: false });
  }
  expect(link.open).toBe(true);
  await reaches(enode.url, id, "outputted");
  const life = await (await fetch(`${enode.url}/task/1/${serial}`)).json() as {
    states: { state: string; comment: string }[];
  };
  expect(life.states.map(({ state }) => state)).toEqual([
    ...["packed", "dispatched", "proved", "outputted"],
  ]);
  expect(life.states.map(({ comment }) => comment).join("")).toBe("");
  link.close();
});

/**
 * A hand-written peer against a real enode and a real znode: strangers, and a registered key that
 * turns on its enode. They get nothing, and cost the others nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { CID } from "multiformats/cid";
import * as raw from "multiformats/codecs/raw";
import { sha256 } from "multiformats/hashes/sha2";
import { zeroAddress } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { freePort } from "../../scripts/free_port.ts";
import { sealBinding } from "../../src/network/binding.ts";
import { framesOver } from "../../src/network/frames.ts";
import type { Host } from "../../src/network/host.ts";
import { Link, type LinkIdentity } from "../../src/network/link.ts";
import { TestPeers } from "../../src/network/testing.ts";
import { openIpfs } from "../../src/project/index.ts";
import {
  limits,
  projectTopic,
  signTask,
  taskIdOf,
  taskProtocol,
} from "../../src/protocol/index.ts";
import { weatherModule, workspace, writeProject } from "./files.ts";
import { bind, flood, lengthPrefix, Trap, varint, wantList } from "./hostile_peer.ts";
import { type NodeProcess, nodesIn, post, reaches, sleep, until } from "./node.ts";

const gigabyte = 1 << 30;
/** What a node may grow by while it is attacked, in bytes. */
const growth = 300 << 20;
const bitswap = "/ipfs/bitswap/1.2.0";

const place = workspace();
const directory = (name: string) => join(place.directory, name);
const network = { chainId: 0n, router: zeroAddress } as const;
const identity = (): LinkIdentity & { key: `0x${string}` } => {
  const key = generatePrivateKey();
  return { key, network, signer: privateKeyToAccount(key) };
};
const [operator, honest, victim] = [identity(), identity(), identity()];
const stranger = identity();
/** Keys that the enode trusts; one loses its trust with each attack. */
const insiders = Array.from({ length: 4 }, identity);
const insider = () => insiders.pop() as LinkIdentity;
const peers = new TestPeers();
const { start, kill } = nodesIn(directory);
let enode: NodeProcess, znode: NodeProcess, target: Multiaddr[];
let blocks: CID[];

/** The largest resident set of a process since the last reset, in bytes. */
class Watch {
  peak = 0;
  base = 0;
  readonly #timer = setInterval(() => this.#look(), 50);
  constructor(readonly node: NodeProcess) {}
  #look(): number {
    if (process.platform !== "linux") return 0;
    const status = readFileSync(`/proc/${this.node.child.pid}/status`, "utf8");
    const now = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
    this.peak = Math.max(this.peak, now);
    return now;
  }
  reset(): void {
    this.peak = 0;
    this.base = this.#look();
  }
  stop(): void {
    clearInterval(this.#timer);
  }
}
const watches: Watch[] = [];

beforeAll(async () => {
  await mkdir(directory("projects"));
  await writeProject(directory("projects"), 1, {
    code: await weatherModule(),
    packing: { count: 1, window: 1 },
    output: { type: "stdout" },
  });
  const ipfs = openIpfs({ directory: join(directory("enode"), "ipfs") });
  const large = await Promise.all(Array.from({ length: 16 }, async (_, i) => {
    const bytes = new Uint8Array(4_000_000).fill(i);
    return { cid: CID.createV1(raw.code, await sha256.digest(bytes)), bytes };
  }));
  await ipfs.put(large);
  await ipfs.close();
  blocks = large.map(({ cid }) => cid);

  const port = await freePort();
  enode = await start("enode", operator.key, {
    TRUSTED_PROVERS: [honest, victim, ...insiders].map(({ signer }) => signer.address).join(","),
    P2P_LISTEN: `/ip4/127.0.0.1/tcp/${port}`,
  });
  target = [multiaddr(`/ip4/127.0.0.1/tcp/${port}/p2p/${await peerIdOf("enode")}`)];
  znode = await start("znode", honest.key, {
    TRUSTED_ENODES: operator.signer.address,
    BOOTNODE_MULTIADDR: target.join(","),
    WORKERS: "1",
  });
  await reaches(enode.url, await post(enode.url, 1, '{"value":1}'), "outputted");
  watches.push(new Watch(enode), new Watch(znode));
});

afterAll(async () => {
  for (const watch of watches) watch.stop();
  await kill();
  await peers.stop();
  await place.remove();
});

async function peerIdOf(role: string): Promise<string> {
  return JSON.parse(await readFile(join(directory(role), "peer.json"), "utf8")).peerId;
}

const attacker = async () => await peers.host({ listen: [] }) as Host;

/** A task of the project that nobody packed. */
const task = {
  ...network,
  projectId: 1n,
  version: "0.1",
  programId: `0x${"11".repeat(32)}`,
  messagesRoot: `0x${"22".repeat(32)}`,
  inputCommitment: `0x${"33".repeat(32)}`,
  nonce: 1n,
} as const;
const onTask = { taskId: taskIdOf(task), epoch: 1n };

async function refused(node: NodeProcess): Promise<Map<string, number>> {
  const text = await (await fetch(`${node.url}/metrics`)).text();
  const found = text.matchAll(/^w3bstream_refused_total\{kind="([^"]+)"\} (\d+)$/gm);
  return new Map([...found].map(([, kind = "", count]) => [kind, Number(count)]));
}

/** Runs an attack while messages flow; all are output, and neither process grew. */
async function survive(attack: () => Promise<unknown>): Promise<void> {
  for (const watch of watches) watch.reset();
  let over = false;
  const attacked = attack().finally(() => over = true);
  attacked.catch(() => undefined);
  for (let value = 1; !over || value < 3; value++) {
    const id = await post(enode.url, 1, `{"value":${value}}`);
    await reaches(enode.url, id, "outputted", 60_000);
  }
  await attacked;
  for (const watch of watches) {
    expect(watch.peak - watch.base).toBeLessThan(growth);
  }
}

describe("an enode survives", () => {
  test("a stranger's garbage, replays and a gigabyte, and links to none of them", async () => {
    await survive(async () => {
      const before = await refused(enode);
      // The honest znode's own opening, which another peer replays.
      const opening = await sealBinding(honest, {
        peerId: await peerIdOf("znode"),
        remotePeerId: await peerIdOf("enode"),
        at: Date.now(),
        role: "znode",
      });
      const openings = [
        lengthPrefix(0xffff_ffff),
        new Uint8Array(),
        new Uint8Array([...lengthPrefix(opening.length), ...opening]),
      ];
      for (const opening of openings) {
        const connection = await (await attacker()).dial(target);
        const stream = await connection.newStream(taskProtocol);
        expect(await flood(stream, gigabyte, opening)).toBeLessThan(gigabyte / 4);
        await until("it is cut off", async () => connection.status !== "open" || undefined);
      }
      expect((await refused(enode)).get("peer")).toBe((before.get("peer") ?? 0) + openings.length);
    });
  });

  test("a registered key that sends frames of others, garbage, and a gigabyte", async () => {
    await survive(async () => {
      const before = await refused(enode);
      {
        // What the honest znode signed for this enode.
        const { frames } = await bind(await attacker(), insider(), target);
        const sink = framesOver(frames, limits.directFrame).sink;
        const remote = operator.signer.address;
        const link = new Link({ remote, frames: { sink, source: undefined as never } }, honest);
        for (let i = 0; i < 40; i++) {
          await link.send("hello", { runtimes: ["halo2"], capacity: 99 }).catch(() => undefined);
          await link.send("refuse", { ...onTask, reason: "", retryable: false })
            .catch(() => undefined);
        }
        // It is told nothing, and loses its link.
        expect(await frames.read(limits.directFrame).catch(() => undefined)).toBeUndefined();
      }
      expect((await refused(enode)).get("signature") ?? 0)
        .toBeGreaterThan(before.get("signature") ?? 0);
      const floods = [
        lengthPrefix(0xffff_ffff),
        lengthPrefix(limits.directFrame),
      ];
      for (const first of floods) {
        const { raw } = await bind(await attacker(), insider(), target);
        expect(await flood(raw, gigabyte, first)).toBeLessThan(gigabyte / 4);
      }
      // Whole frames of the largest size, without end.
      const { frames } = await bind(await attacker(), insider(), target);
      const frame = new Uint8Array(limits.directFrame);
      let sent = 0;
      const gone = frames.gone.then(() => sent = Infinity);
      for (; sent < 256; sent++) {
        await Promise.race([frames.write(frame), gone]).catch(() => sent = Infinity);
      }
      expect(sent).toBe(Infinity);
    });
  });

  test("floods on every protocol that it speaks", async () => {
    await survive(async () => {
      const host = await attacker();
      const { remotePeer } = await host.dial(target);
      const protocols = await until("the enode said what it speaks", async () => {
        const { protocols } = await host.peerStore.get(remotePeer);
        return protocols.length > 0 ? protocols : undefined;
      });
      expect(protocols).toContain(bitswap);
      expect(protocols).toContain(taskProtocol);
      const connection = await host.dial(target);
      const floods = protocols.flatMap((protocol) => Array(4).fill(protocol) as string[]);
      await Promise.all(floods.map(async (protocol) => {
        const stream = await connection.newStream(protocol).catch(() => undefined);
        const late = setTimeout(() => stream?.abort(new Error("enough")), 5_000);
        const first = new Uint8Array(varint(3_900_000));
        if (stream) expect(await flood(stream, gigabyte, first)).toBeLessThan(64 << 20);
        clearTimeout(late);
      }));
    });
  });

  test("gossip that is garbage or too large", async () => {
    await survive(async () => {
      const before = await refused(enode);
      const host = await attacker();
      await host.dial(target);
      const topic = projectTopic(1n);
      const { pubsub } = host.services;
      await until("it is heard", async () => pubsub.getSubscribers(topic).length || undefined);
      for (const size of [100, 100, limits.gossipFrame + 1, 60_000]) {
        for (let i = 0; i < 100; i++) {
          const data = crypto.getRandomValues(new Uint8Array(size));
          await pubsub.publish(topic, data).catch(() => undefined);
        }
      }
      await until("it is counted", async () => {
        const after = await refused(enode);
        return (after.get("gossip encoding") ?? 0) > (before.get("gossip encoding") ?? 0) ||
          undefined;
      });
    });
  });

  test("peers that want every block, again and again, and take none", async () => {
    await survive(async () => {
      const there = blocks.map((cid) => cid.bytes);
      const nowhere = await Promise.all(
        Array.from(
          { length: 500 },
          async (_, i) =>
            CID.createV1(raw.code, await sha256.digest(new Uint8Array([i & 255, i >> 8]))).bytes,
        ),
      );
      await Promise.all(Array.from({ length: 8 }, async () => {
        const host = await attacker();
        await host.handle(bitswap, (stream) => stream.pause());
        const connection = await until(
          "it is let in",
          () => host.dial(target).catch(() => undefined),
        );
        for (let i = 0; i < 6 && connection.status === "open"; i++) {
          for (const cids of [nowhere, there]) {
            try {
              const stream = await connection.newStream(bitswap);
              stream.send(wantList(cids));
              await stream.close();
            } catch {
              // Cut off, which is as good.
            }
          }
          await sleep(300);
        }
        await host.stop();
      }));
    });
  });
});

test("a znode survives an enode that sends garbage, what it may not, and a gigabyte", async () => {
  await survive(async () => {
    const trap = new Trap(await peers.host() as Host, stranger, victim.signer.address);
    const [reasons, sent]: [string[], number[]] = [[], []];
    trap.set(({ frames }) => frames.write(new Uint8Array(300)));
    trap.set(async ({ raw }) =>
      void sent.push(await flood(raw, gigabyte, lengthPrefix(0xffff_ffff)))
    );
    trap.set(async ({ link }) => {
      const made = await link(stranger);
      await made.send("lease", {
        ...onTask,
        task,
        signature: await signTask(task, stranger.signer),
        serial: 1n,
        leaseMs: 10_000,
        timeoutMs: 10_000,
      });
      await made.send("payload", {
        ...onTask,
        messages: [new Uint8Array(3_000_000)],
        inputSalt: new Uint8Array(32),
        clientId: "",
      });
      for await (const message of made.messages()) {
        if (message.kind !== "refuse") continue;
        reasons.push(message.body.reason);
        break;
      }
      made.close();
    });
    // What its own enode signed for it, from a peer that is not that enode.
    trap.set(async ({ link }) => {
      const made = await link(operator);
      for (let i = 0; i < 5; i++) await made.send("cancel", { ...onTask, ended: true });
      made.close();
    });
    trap.set(async ({ link, frames }) => {
      await link(stranger);
      const frame = new Uint8Array(limits.directFrame);
      for (let i = 0; i < 100; i++) await frames.write(frame);
    });
    const node = await start("znode", victim.key, {
      DATA_DIRECTORY: directory("victim"),
      TRUSTED_ENODES: operator.signer.address,
      BOOTNODE_MULTIADDR: [...target, ...trap.multiaddrs].join(","),
      WORKERS: "1",
    });
    const watch = new Watch(node);
    watches.push(watch);
    watch.reset();
    await until("each trap was met", async () => trap.left === 0 || undefined);
    expect(reasons).toEqual(["not signed by an operator of the project"]);
    expect(sent[0]).toBeLessThan(gigabyte / 4);
    await until("all of it is counted", async () => {
      const counted = await refused(node);
      return ["lease", "payload", "signature", "encoding"].every((kind) => counted.has(kind)) ||
        undefined;
    });
  });
});

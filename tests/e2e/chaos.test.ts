/**
 * One enode and three znodes on PostgreSQL and a chain, while processes are killed and paused and
 * their connections cut. `SLOW=1` sends 500 messages; `SEED` has the same faults again.
 */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { Hex } from "viem";
import { bytesToHex } from "viem";
import { freePort } from "../../scripts/free_port.ts";
import { anvilAccount } from "../../src/chain/anvil.ts";
import { openDa } from "../../src/da/index.ts";
import { createLog } from "../../src/log.ts";
import { startPostgres, type TestPostgres } from "../postgres.ts";
import { slow } from "../slow.ts";
import { startNetwork, type TestNetwork } from "./chain.ts";
import { workspace } from "./files.ts";
import { type NodeProcess, nodeRuntime, sleep, startNode, until, znodeRuntime } from "./node.ts";
import { random, seed } from "./random.ts";
import { allOutputted, expectEachOnce, send } from "./readings.ts";
import { startTcpProxy, type TcpProxy } from "./tcp_proxy.ts";

const messages = slow ? 500 : 80;
const rounds = slow ? 6 : 1;
/** A pause between two messages of one sender, ms. */
const paceMs = slow ? 700 : 800;
/** Longer than a lease. */
const longMs = 17_000;

const faults = [
  "kill znode",
  "pause znode",
  "cut one",
  "kill enode",
  "pause enode",
  "hold all",
  "cut all",
] as const;

/** A node that is started again on the same data, under the same port. */
class Member {
  #node: NodeProcess | undefined;
  #log = "";
  /** Processes that must end with their node. */
  readonly children = new Set<number>();

  constructor(private readonly start: () => Promise<NodeProcess>) {}

  get node(): NodeProcess {
    if (!this.#node) throw new Error("the node is down");
    return this.#node;
  }

  get log(): string {
    return this.#log + (this.#node?.log() ?? "");
  }

  async up(): Promise<void> {
    this.#node = await this.start();
  }

  async kill(): Promise<void> {
    const node = this.#node;
    if (!node) return;
    this.#note();
    await node.kill();
    this.#log += node.log();
    this.#node = undefined;
  }

  async stop(): Promise<number | null> {
    this.#note();
    return await this.node.stop();
  }

  async pause(ms: number): Promise<void> {
    const { child } = this.node;
    child.kill("SIGSTOP");
    await sleep(ms);
    child.kill("SIGCONT");
  }

  #note(): void {
    const { pid, exitCode } = this.node.child;
    if (process.platform !== "linux" || exitCode !== null) return;
    const path = `/proc/${pid}/task/${pid}/children`;
    for (const child of readFileSync(path, "utf8").split(" ")) {
      if (child) this.children.add(Number(child));
    }
  }
}

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

class Chaos {
  readonly znodes: Member[] = [];
  readonly next = random(seed);
  readonly #busy = new Set<Member>();

  constructor(readonly enode: Member, readonly proxy: TcpProxy) {}

  get all(): Member[] {
    return [this.enode, ...this.znodes];
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** Each kind of fault once a round, in another order each time; some overlap. */
  async run(): Promise<void> {
    const running: Promise<void>[] = [];
    for (let round = 0; round < rounds; round++) {
      const order = faults.map((fault) => ({ fault, at: this.next() }))
        .sort((a, b) => a.at - b.at);
      for (const { fault } of order) {
        await sleep(this.between(1_000, 5_000));
        const pick = this.next();
        const ms = this.between(0, 4_000);
        running.push(this.#fault(fault, pick, ms));
        if (this.next() < 0.5) await running.at(-1);
      }
    }
    await Promise.all(running);
  }

  async #fault(fault: typeof faults[number], pick: number, ms: number): Promise<void> {
    console.log(`chaos: ${fault} (${pick.toFixed(2)}, ${Math.round(ms)} ms)`);
    const free = this.znodes.filter((znode) => !this.#busy.has(znode));
    const victim = free[Math.floor(pick * free.length)];
    switch (fault) {
      case "kill znode":
        return await this.#with(victim, (znode) => restart(znode, ms));
      case "pause znode":
        return await this.#with(victim, (znode) => znode.pause(longMs + ms));
      case "kill enode":
        return await this.#with(this.enode, (enode) => restart(enode, ms));
      case "pause enode":
        // Half of them longer than a lease.
        return await this.#with(this.enode, (e) => e.pause(pick < 0.5 ? ms : longMs + ms));
      case "cut one":
        return this.proxy.cut((index) => index === Math.floor(pick * this.proxy.open));
      case "cut all":
        return this.proxy.cut();
      case "hold all": {
        const release = this.proxy.hold();
        await sleep(pick < 0.5 ? ms : longMs + ms);
        return release();
      }
    }
  }

  /** One fault at a time for a node. */
  async #with(member: Member | undefined, work: (member: Member) => Promise<void>): Promise<void> {
    if (!member || this.#busy.has(member)) return;
    this.#busy.add(member);
    await work(member);
    this.#busy.delete(member);
  }
}

async function restart(member: Member, ms: number): Promise<void> {
  await member.kill();
  await sleep(ms);
  await member.up();
}

const keyOf = (index: number): Hex =>
  bytesToHex(anvilAccount(index).getHdKey().privateKey as Uint8Array);

const name =
  `each of ${messages} messages ends in one task, accepted once: seed ${seed}, enode on ${nodeRuntime}, znodes on ${znodeRuntime}`;

test(name, async () => {
  const place = workspace();
  const directory = (name: string) => join(place.directory, name);
  let network: TestNetwork | undefined;
  let postgres: TestPostgres | undefined;
  let chaos: Chaos | undefined;
  let proxy: TcpProxy | undefined;
  try {
    [network, postgres] = await Promise.all([
      startNetwork(directory("enode"), { count: 10, window: 3 }, { attempts: 10 }),
      startPostgres(),
    ]);
    const dsn = await postgres.freshDatabase();
    const { PROVER_PRIVATE_KEY: _, ...env } = network.env;
    const [port, p2p] = [await freePort(), await freePort()];
    proxy = await startTcpProxy(p2p);
    const announced = `/ip4/127.0.0.1/tcp/${proxy.port}`;
    const enode = new Member(() =>
      startNode({
        ...env,
        DATABASE_DSN: dsn,
        DATA_DIRECTORY: directory("enode"),
        P2P_LISTEN: `/ip4/127.0.0.1/tcp/${p2p}`,
        P2P_ANNOUNCE: announced,
      }, { role: "enode", port })
    );
    chaos = new Chaos(enode, proxy);
    await enode.up();
    const { url } = enode.node;
    const { peerId } = JSON.parse(await readFile(join(directory("enode"), "peer.json"), "utf8"));
    for (const index of [4, 5, 6]) {
      const data = directory(`znode${index}`);
      await mkdir(data, { recursive: true });
      chaos.znodes.push(
        new Member(() =>
          startNode({
            ...env,
            DATA_DIRECTORY: data,
            OPERATOR_PRIVATE_KEY: keyOf(index),
            BOOTNODE_MULTIADDR: `${announced}/p2p/${peerId}`,
            WORKERS: "1",
          }, { role: "znode", runtime: znodeRuntime })
        ),
      );
    }
    await Promise.all(chaos.znodes.map((znode) => znode.up()));
    await until("the project is served", () => send(url, 0).catch(() => undefined));

    const queue = Array.from({ length: messages }, (_, i) => i);
    const ids: string[] = [];
    const senders = Array.from({ length: 2 }, async () => {
      for (let i = queue.shift(); i !== undefined; i = queue.shift()) {
        ids[i] = await send(url, i);
        await sleep(paceMs);
      }
    });
    await Promise.all([...senders, chaos.run()]);
    expect(new Set(ids).size).toBe(messages);
    await allOutputted(url, ids);
    const provers = await expectEachOnce(network, url, messages);

    // Nothing hangs: each node ends by itself, with its children and its connections.
    expect(await Promise.all(chaos.all.map((member) => member.stop()))).toEqual([0, 0, 0, 0]);
    const children = chaos.all.flatMap((member) => [...member.children]);
    await until("the provers ended", async () => children.some(alive) ? undefined : true);
    await until("the connections ended", async () => proxy?.open === 0 || undefined);
    await expectLeased(dsn, provers);
  } catch (error) {
    const logs = chaos?.all.map(({ log }, i) => `--- ${i === 0 ? "enode" : `znode ${i}`}\n${log}`);
    if (process.env.CHAOS_LOG) await Bun.write(process.env.CHAOS_LOG, logs?.join("\n") ?? "");
    throw new Error(`SEED=${seed}: ${(error as Error).message}`, { cause: error });
  } finally {
    for (const member of chaos?.all ?? []) await member.kill();
    await proxy?.stop();
    await network?.anvil.stop();
    await postgres?.stop();
    await place.remove();
  }
});

/** Whoever is credited held a lease of the task, and no task is left to drive. */
async function expectLeased(dsn: string, provers: Map<string, string>): Promise<void> {
  const da = await openDa({ dsn, directory: "", log: createLog("error") });
  try {
    for (const [taskId, prover] of provers) {
      const life = (await da.tasks.status(1n, taskId as Hex))?.states ?? [];
      const by = (state: string) => life.filter((e) => e.state === state).map((e) => e.by);
      expect(by("dispatched")).toContain(prover);
      expect(by("proved")).toEqual([prover]);
    }
    expect(await da.tasks.counts()).toMatchObject({ packed: 0, dispatched: 0, failed: 0 });
    expect(await da.tasks.claim("nobody", 1_000, 10)).toEqual([]);
  } finally {
    await da.close();
  }
}

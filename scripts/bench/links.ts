/**
 * What a link costs an enode: memory, CPU time while nothing happens, and CPU time of telling all
 * peers one thing by gossip. One process is the enode's peer, another is all the znodes' peers, each
 * with a host of its own; both as the node's own network stage makes them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { multiaddr } from "@multiformats/multiaddr";
import pino from "pino";
import { keccak256, toHex } from "viem";
import { Gossip } from "../../src/network/gossip.ts";
import { createHost, type Host } from "../../src/network/host.ts";
import { linkPeers } from "../../src/network/libp2p.ts";
import { runtimeName } from "../../src/platform.ts";
import { projectTopic } from "../../src/protocol/index.ts";
import { accountOf } from "../../src/secp256k1.ts";
import { ownCpuMs } from "./cpu.ts";
import { flagsOf, whole } from "./options.ts";

const help = `Usage: bun scripts/bench/links.ts [options]

Memory and CPU time of an enode by how many znodes are linked to it and how many projects there are.

  --links <list>      znodes linked (default 10,100)
  --projects <n>      topics that all join (default 1)
  --seconds <n>       that nothing happens (default 20)
  --told <n>          gossip messages (default 50)
  --every <ms>        between two of them (default 100); all znodes share one process
  --json              print one JSON object
  --help              this text`;

const flags = flagsOf(help, {
  links: "10,100",
  projects: "1",
  seconds: "20",
  told: "50",
  every: "100",
  role: undefined,
  dial: "",
});
const projects = whole("projects", flags.projects, 10_000);
const seconds = whole("seconds", flags.seconds, 10_000);
const told = whole("told", flags.told, 10_000);
const every = whole("every", flags.every, 10_000);

interface Result {
  readonly links: number;
  readonly projects: number;
  /** Resident bytes. */
  readonly memory: number;
  /** CPU time a second of an enode to which nothing happens, ms. */
  readonly idleMs: number;
  /** CPU time of one gossip message to all, ms. */
  readonly tellMs: number;
  /** Topics on which the enode knows of all its znodes. */
  readonly topics: number;
  /** Share of the messages that a znode heard, and of the znode that heard least. */
  readonly heard: number;
  readonly least: number;
}

/** Most time that the znodes have to hear what they didn't yet, ms. */
const patienceMs = 20_000;

const log = pino({ level: "silent" });
const network = { chainId: 31337n, router: "0x00000000000000000000000000000000000000AA" } as const;
const sleep = (ms: number) => new Promise((go) => setTimeout(go, ms));
const ids = Array.from({ length: projects }, (_, i) => BigInt(i + 1));

/** A peer on all projects' topics. */
async function peer(
  role: "enode" | "znode",
  listen: string[],
  dial: string[],
  name: string,
  onHeard = () => {},
) {
  const directory = mkdtempSync(join(tmpdir(), "w3bstream-links-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  const host: Host = await createHost({ directory, listen });
  const signer = accountOf(keccak256(toHex(name)));
  const links = await linkPeers({
    ...{ host, role, log, identity: { network, signer }, dial: dial.map((d) => multiaddr(d)) },
    mayLink: () => Promise.resolve(true),
  });
  const gossip = new Gossip({
    ...{ host, network, log, onRefused: () => {}, onHeard },
    projects: {
      list: () => ids.map((id) => ({ id })) as never,
      onChange: () => () => {},
      canOperate: () => Promise.resolve(true),
    },
  });
  return { host, signer, links, gossip };
}

async function enode(count: number): Promise<void> {
  const { host, signer, links, gossip } = await peer(
    "enode",
    ["/ip4/127.0.0.1/tcp/0"],
    [],
    "enode",
  );
  console.log(JSON.stringify({ addresses: host.getMultiaddrs().map(String) }));
  while (links.list().length < count) await sleep(100);
  const { pubsub } = host.services;
  const known = () =>
    ids.filter((id) => pubsub.getSubscribers(projectTopic(id)).length >= count).length;
  for (let waited = 0; waited < 20 && known() < projects; waited++) await sleep(1_000);
  await sleep(3_000);
  const topics = known();
  const [at, idle] = [performance.now(), ownCpuMs()];
  await sleep(seconds * 1000);
  const idleMs = (ownCpuMs() - idle) / ((performance.now() - at) / 1000);
  const before = ownCpuMs();
  const started = performance.now();
  for (let i = 0; i < told; i++) {
    gossip.tell(signer, "state", {
      ...{ taskId: keccak256(toHex(i)), projectId: ids[i % projects] as bigint, state: "proved" },
    });
    await sleep(every);
  }
  await sleep(2_000);
  const spent = ownCpuMs() - before - idleMs * (performance.now() - started) / 1000;
  const { rss: memory } = process.memoryUsage();
  const result = { links: count, projects, memory, idleMs, tellMs: spent / told, topics };
  console.log(JSON.stringify({ result }));
}

const [first = 1, ...more] = flags.links.split(",").map((n) => whole("links", n, 10_000));
if (flags.role === "enode") await enode(first);
else if (flags.role === "znodes") {
  const heard = new Array<number>(first).fill(0);
  for (let i = 0; i < first; i++) {
    await peer("znode", [], flags.dial.split(","), `znode ${i}`, () => {
      heard[i] = (heard[i] ?? 0) + 1;
    });
  }
  const end = () => {
    const total = heard.reduce((sum, n) => sum + n, 0);
    console.log(
      JSON.stringify({ heard: total / first / told, least: Math.min(...heard) / told }),
    );
    process.exit(0);
  };
  process.on("SIGTERM", end);
  setInterval(() => Math.min(...heard) >= told && end(), 200);
} else {
  const running = new Set<ChildProcess>();
  process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => process.exit(130));
  const start = (...args: string[]) => {
    const deno = runtimeName === "deno" ? ["run", "--quiet", "--allow-all"] : [];
    const script = new URL(import.meta.url).pathname;
    const all = [
      "--projects",
      flags.projects,
      "--seconds",
      flags.seconds,
      "--told",
      flags.told,
      "--every",
      flags.every,
    ];
    const child = spawn(process.execPath, [...deno, script, ...all, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    running.add(child);
    return child;
  };
  const linesOf = ({ stdout }: ChildProcess) =>
    createInterface({ input: stdout as NonNullable<typeof stdout> });
  const results: Result[] = [];
  for (const links of [first, ...more]) {
    const child = start("--role", "enode", "--links", `${links}`);
    let znodes: ChildProcess | undefined;
    let told: Promise<string[]> | undefined;
    const lines = linesOf(child);
    for await (const line of lines) {
      const said = JSON.parse(line) as {
        addresses?: string[];
        result?: Omit<Result, "heard" | "least">;
      };
      if (said.addresses) {
        const dial = said.addresses.join();
        znodes = start("--role", "znodes", "--links", `${links}`, "--dial", dial);
        told = Array.fromAsync(linesOf(znodes));
      }
      if (!said.result || !told) continue;
      // On a busy machine they are still reading what they were sent.
      const late = setTimeout(() => znodes?.kill("SIGTERM"), patienceMs);
      const [last = ""] = await told;
      clearTimeout(late);
      results.push({ ...said.result, ...JSON.parse(last) });
      break;
    }
    for (const one of running) one.kill("SIGTERM");
    running.clear();
    const r = results.at(-1);
    if (!r) throw new Error("the enode ended early");
    if (flags.json) continue;
    console.log(
      `${r.links} links, ${r.projects} projects: ${(r.memory / 2 ** 20).toFixed(0)} MiB, ` +
        `idle ${r.idleMs.toFixed(1)} ms CPU a second, ${
          r.tellMs.toFixed(2)
        } ms a gossip message, ` +
        `all znodes known on ${r.topics} topics, ` +
        `${(100 * r.heard).toFixed(1)} % heard, ${
          (100 * r.least).toFixed(1)
        } % by whom heard least`,
    );
  }
  if (flags.json) console.log(JSON.stringify({ runtime: runtimeName, load: loadavg(), results }));
  process.exit(0);
}

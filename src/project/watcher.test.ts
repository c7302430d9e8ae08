import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zeroHash } from "viem";
import { createProject, setProjectPaused, updateProject } from "../chain/registrars.ts";
import type { ChainProject } from "../da/da.ts";
import { KnownChain } from "./known_chain.ts";
import { memoryLog, MemoryView, startTestChain, type TestChain, until } from "./testing.ts";
import { RegistrarWatcher, type WatcherOptions } from "./watcher.ts";

const hashOf = (n: number) => `0x${String(n).padStart(64, "0")}` as const;

let chain: TestChain;
let directory: string;
let view: MemoryView;
let seen: ChainProject[][];
let lines: string[];
let resets: number;
const watchers: RegistrarWatcher[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "watcher-"));
});
afterAll(() => rm(directory, { recursive: true }));
beforeEach(async () => {
  chain = await startTestChain();
  view = new MemoryView();
  seen = [];
  resets = 0;
});
afterEach(async () => {
  for (const watcher of watchers.splice(0)) await watcher.close();
  await chain.stop();
});

let count = 0;
function watch(options: Partial<WatcherOptions> = {}): RegistrarWatcher {
  const memory = memoryLog();
  lines = memory.lines;
  const watcher = new RegistrarWatcher({
    connect: () => chain.connect(),
    contract: chain.registrar,
    view,
    // Polled by hand, so that each test sees each step.
    pollMs: 1e6,
    retryMs: { first: 1e6, last: 1e6 },
    known: new KnownChain(join(directory, `${count++}`), chain.registrar, memory.log),
    log: memory.log,
    onProjects: (rows) => seen.push([...rows]),
    onReset: () => resets++,
    ...options,
  });
  watchers.push(watcher);
  return watcher;
}

const create = (n: number, uri = `ipfs://${n}`) =>
  createProject(chain.sender, chain.registrar, { uri, hash: hashOf(n) });
const update = (projectId: bigint, n: number) =>
  updateProject(chain.sender, chain.registrar, { projectId, uri: `ipfs://${n}`, hash: hashOf(n) });
const pause = (projectId: bigint, paused = true) =>
  setProjectPaused(chain.sender, chain.registrar, { projectId, paused });
const known = async () => {
  const rows = await view.projects(`31337:${chain.registrar.toLowerCase()}`);
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, uri, hash, paused }) => `${id} ${uri} ${Number(hash)}${paused ? " paused" : ""}`);
};
const logRanges = () =>
  chain.proxy.calls.filter(({ method }) => method === "eth_getLogs").map(({ params }) => {
    const { fromBlock, toBlock } = params[0] as { fromBlock: string; toBlock: string };
    return [Number(fromBlock), Number(toBlock)] as const;
  });

test("what happened before, and what happens", async () => {
  await create(1);
  await create(2);
  await update(1n, 3);
  await pause(2n);
  const watcher = watch();
  await watcher.start();
  expect(await known()).toEqual(["1 ipfs://3 3", "2 ipfs://2 2 paused"]);
  expect(seen).toHaveLength(1);
  await pause(2n, false);
  await create(4);
  expect(await watcher.poll()).toBe(true);
  expect(await known()).toEqual(["1 ipfs://3 3", "2 ipfs://2 2", "3 ipfs://4 4"]);
  expect(seen[1]?.map(({ id }) => id)).toEqual([2n, 3n]);
  await watcher.poll();
  expect(seen).toHaveLength(2);
});

test("goes on at the stored block, without reading again", async () => {
  await create(1);
  const first = watch();
  await first.start();
  await first.close();
  const block = [...view.cursors.values()][0]?.block as bigint;
  await create(2);
  chain.proxy.calls.length = 0;
  const second = watch();
  await second.start();
  expect(await known()).toEqual(["1 ipfs://1 1", "2 ipfs://2 2"]);
  expect(logRanges()).toEqual([[Number(block) + 1, Number(block) + 1]]);
  // What is known is shown at once, what is new when it was read.
  expect(seen.map((rows) => rows.map(({ id }) => id))).toEqual([[1n], [1n], [2n]]);
});

test("waits for confirmations", async () => {
  const watcher = watch({ confirmations: 3 });
  await watcher.start();
  await create(1);
  await watcher.poll();
  expect(await known()).toEqual([]);
  await chain.rpc("anvil_mine", "0x1");
  await watcher.poll();
  expect(await known()).toEqual([]);
  await chain.rpc("anvil_mine", "0x1");
  await watcher.poll();
  expect(await known()).toEqual(["1 ipfs://1 1"]);
});

test("an endpoint that bounds the range of a query", async () => {
  await create(1);
  await chain.rpc("anvil_mine", "0x64");
  await create(2);
  chain.proxy.intercept = ({ method, params }) => {
    if (method !== "eth_getLogs") return undefined;
    const { fromBlock, toBlock } = params[0] as { fromBlock: string; toBlock: string };
    const range = Number(toBlock) - Number(fromBlock) + 1;
    return range > 10 ? { error: { code: -32602, message: "range too large" } } : undefined;
  };
  await watch().start();
  expect(await known()).toEqual(["1 ipfs://1 1", "2 ipfs://2 2"]);
  const read = logRanges().filter(([from, to]) => to - from < 10);
  expect(logRanges().length).toBeLessThan(60);
  // Every block once, none left out.
  for (const [i, [from]] of read.entries()) {
    if (i > 0) expect(from).toBe((read[i - 1]?.[1] ?? 0) + 1);
  }
  expect(lines.filter((line) => line.startsWith("warn"))).toEqual([]);
});

test("a pause of a project from before the first block that is read", async () => {
  await create(1);
  const block = BigInt(await chain.rpc("eth_blockNumber") as string);
  await pause(1n);
  await watch({ startBlock: block + 1n }).start();
  expect(await known()).toEqual(["1 ipfs://1 1 paused"]);
});

describe("reorganisations", () => {
  test("undo what is no longer on the chain, and do what is instead", async () => {
    await create(1);
    const snapshot = await chain.rpc("evm_snapshot");
    await update(1n, 9);
    await create(2);
    await create(3);
    const watcher = watch();
    await watcher.start();
    expect(await known()).toEqual(["1 ipfs://9 9", "2 ipfs://2 2", "3 ipfs://3 3"]);
    await chain.rpc("evm_revert", snapshot);
    await chain.rpc("anvil_mine", "0x5");
    await pause(1n);
    await create(7);
    await watcher.poll();
    expect(await known()).toEqual(["1 ipfs://1 1 paused", "2 ipfs://7 7", "3  0"]);
    expect(seen.at(-1)?.find(({ id }) => id === 3n)).toMatchObject({ uri: "", hash: zeroHash });
    await create(8);
    await watcher.poll();
    expect(await known()).toEqual(["1 ipfs://1 1 paused", "2 ipfs://7 7", "3 ipfs://8 8"]);
    expect(lines.filter((line) => line.includes("reorganised"))).toHaveLength(1);
  });

  test("while the node was down", async () => {
    const snapshot = await chain.rpc("evm_snapshot");
    await create(1);
    const first = watch();
    await first.start();
    await first.close();
    await chain.rpc("evm_revert", snapshot);
    await create(2);
    await chain.rpc("anvil_mine", "0x3");
    await watch().start();
    expect(await known()).toEqual(["1 ipfs://2 2"]);
  });

  test("to a shorter chain", async () => {
    const snapshot = await chain.rpc("evm_snapshot");
    await chain.rpc("anvil_mine", "0x10");
    await create(1);
    const watcher = watch();
    await watcher.start();
    await chain.rpc("evm_revert", snapshot);
    await create(2);
    // The endpoint may only be behind: not at the first look.
    await watcher.poll();
    expect(await known()).toEqual(["1 ipfs://1 1"]);
    await watcher.poll();
    await watcher.poll();
    expect(await known()).toEqual(["1 ipfs://2 2"]);
  });

  test("under a look at it: nothing of that look is kept", async () => {
    await create(1);
    const snapshot = await chain.rpc("evm_snapshot");
    await create(2);
    let blocks = 0;
    chain.proxy.intercept = async ({ method }) => {
      if (method !== "eth_getBlockByNumber" || ++blocks !== 2) return undefined;
      await chain.rpc("evm_revert", snapshot);
      await create(5);
      return undefined;
    };
    const watcher = watch();
    await watcher.start();
    expect(await known()).toEqual([]);
    await watcher.poll();
    expect(await known()).toEqual(["1 ipfs://1 1", "2 ipfs://5 5"]);
    expect(lines.filter((line) => line.startsWith("warn"))).toEqual([]);
  });
});

describe("outages", () => {
  test("one line when it goes, one when it comes back, and waits in between", async () => {
    await create(1);
    const watcher = watch({ pollMs: 20, retryMs: { first: 20, last: 400 } });
    await watcher.start();
    await chain.proxy.down();
    await until(() => lines.some((line) => line.includes("can't be read")));
    let connects = 0;
    const connect = chain.connect;
    chain.connect = () => {
      connects++;
      return connect();
    };
    await create(2);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    // 20, 40, 80, 160, 320, 400 ms, each with jitter down to its half.
    expect(connects).toBeGreaterThan(2);
    expect(connects).toBeLessThan(12);
    await chain.proxy.up();
    await until(() => seen.flat().some(({ id }) => id === 2n));
    expect(lines.filter((line) => /can't be read|readable again/.test(line))).toEqual([
      expect.stringMatching(/^warn projects can't be read from the chain/),
      "info the chain is readable again",
    ]);
    expect(lines.join()).not.toContain(chain.proxy.url);
  });

  test("at the start: what is known is shown at once", async () => {
    await create(1);
    const path = join(directory, "kept");
    const known = new KnownChain(path, chain.registrar, memoryLog().log);
    const first = watch({ known });
    await first.start();
    await first.close();
    await chain.proxy.down();
    seen.length = 0;
    const second = watch({ known });
    await second.start();
    expect(await second.answered).toBe(false);
    expect(seen.flat().map(({ id }) => id)).toEqual([1n]);
  });

  test("closing doesn't wait for an endpoint that never answers", async () => {
    const watcher = watch({ connect: () => new Promise(() => {}) });
    const started = watcher.start();
    const start = performance.now();
    await watcher.close();
    await started;
    expect(performance.now() - start).toBeLessThan(500);
  });
});

test.each(["with", "without"])(
  "another chain in the old one's place, %s an outage",
  async (how) => {
    await create(1);
    const watcher = watch();
    await watcher.start();
    const other = await startTestChain(1234);
    await other.rpc("anvil_mine", "0x10");
    try {
      chain.proxy.target = other.anvil.url;
      if (how === "with") await chain.proxy.down();
      await watcher.poll();
      if (how === "with") await chain.proxy.up();
      expect(await watcher.poll()).toBe(true);
      expect(resets).toBe(1);
      expect(watcher.chainId).toBe(1234n);
      expect(await known()).toEqual([]);
      expect([...view.cursors.keys()]).toEqual([`1234:${chain.registrar.toLowerCase()}`]);
      expect(lines.some((line) => line.includes("the chain is another one than before"))).toBe(
        true,
      );
    } finally {
      await other.stop();
    }
  },
);

test("a contract that isn't there", async () => {
  const contract = "0x00000000000000000000000000000000000000aa";
  const watcher = watch({ contract });
  await watcher.start();
  expect(lines.at(-1)).toContain(`there is no contract at ${contract}; check PROJECT_CONTRACT`);
});

test("a URI that no database would take", async () => {
  await create(1, "https://x/\0\u001b[2J");
  await create(2, `https://x/${"y".repeat(5000)}`);
  await watch().start();
  const [one, two] = await view.projects(`31337:${chain.registrar.toLowerCase()}`);
  expect(one?.uri).toBe("https://x/\ufffd\ufffd[2J");
  expect(two?.uri).toHaveLength(2048);
});

test("a failing database stops nothing for good", async () => {
  await create(1);
  const save = view.save;
  view.save = () => Promise.reject(new Error("disk full"));
  const watcher = watch();
  await watcher.start();
  expect(lines.at(-1)).toContain("disk full");
  expect(seen).toEqual([]);
  view.save = save;
  await watcher.poll();
  expect(await known()).toEqual(["1 ipfs://1 1"]);
});

test("all configs a project had, newest first", async () => {
  await create(1);
  await create(2);
  await update(1n, 3);
  await update(1n, 4);
  const watcher = watch();
  await watcher.start();
  expect((await watcher.history(1n)).map(({ uri }) => uri)).toEqual([
    "ipfs://4",
    "ipfs://3",
    "ipfs://1",
  ]);
  expect(await watcher.history(9n)).toEqual([]);
});

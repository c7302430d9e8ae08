import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createPublicClient, createTestClient, type Hex, http, numberToHex } from "viem";
import { type Anvil, startAnvil } from "../chain/anvil.ts";
import { createLog } from "../log.ts";
import { type FinalityDeps, watchFinality } from "./finality.ts";

let anvil: Anvil;
beforeAll(async () => anvil = await startAnvil());
afterAll(() => anvil.stop());

const client = () => createPublicClient({ transport: http(anvil.url), cacheTime: 0 });
const control = () => createTestClient({ mode: "anvil", transport: http(anvil.url) });
const confirmations = 3;
const pollMs = 20;

/** Tasks that ended when their numbers say, ms. */
const ended = (at: number) => numberToHex(at, { size: 32 });

class Watched {
  /** What the router does not have. */
  readonly missing = new Set<Hex>();
  readonly tasks: Hex[] = [];
  readonly lost: Hex[] = [];
  polls = 0;
  asked = 0;
  head: { number: bigint; hash: Hex } | undefined;
  #stop = new AbortController();
  #running = Promise.resolve();

  start(): void {
    this.#stop = new AbortController();
    const deps: FinalityDeps = {
      blocks: {
        head: async () => (this.polls++, await client().getBlock()),
        hashAt: async (blockNumber) =>
          (await client().getBlock({ blockNumber }).catch(() => undefined))?.hash,
      },
      isAccepted: async (taskId) => (this.asked++, !this.missing.has(taskId)),
      store: {
        confirmedSince: async (since, after, limit) =>
          this.tasks.map((taskId, i) => ({ taskId, serial: BigInt(i + 1) }))
            .filter(({ taskId, serial }) => Number(taskId) >= since && serial > after)
            .slice(0, limit),
      },
      memory: { load: async () => this.head, save: async (head) => void (this.head = head) },
      now: async () => Date.now(),
      onLost: async (taskId) => void this.lost.push(taskId),
      log: createLog("silent"),
      signal: this.#stop.signal,
      pollMs,
      confirmations,
    };
    this.#running = watchFinality(deps);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async looks(n: number): Promise<void> {
    for (const until = this.polls + n; this.polls < until;) await Bun.sleep(5);
  }
}

async function mine(blocks: number, watched: Watched): Promise<void> {
  for (let i = 0; i < blocks; i++) {
    await control().mine({ blocks: 1 });
    await watched.looks(2);
  }
}

const reorganise = (depth: number) =>
  client().request({ method: "anvil_reorg", params: [depth, []] } as never);

describe("a chain that reorganises", () => {
  test("less deeply than what is final is not asked again", async () => {
    const watched = new Watched();
    watched.tasks.push(ended(Date.now()));
    watched.start();
    await mine(6, watched);
    await reorganise(confirmations - 1);
    await mine(4, watched);
    await watched.stop();
    expect(watched.asked).toBe(0);
  });

  test("deeper is asked for all that was confirmed since, and what it lost is told", async () => {
    const watched = new Watched();
    watched.start();
    await mine(6, watched);
    watched.tasks.push(ended(Date.now() - 3_600_000));
    watched.tasks.push(...Array.from({ length: 600 }, (_, i) => ended(Date.now() + i)));
    const [lost, also] = [watched.tasks[1], watched.tasks[600]] as [Hex, Hex];
    watched.missing.add(lost).add(also);
    await reorganise(confirmations + 1);
    await mine(1, watched);
    while (watched.lost.length < 2) await Bun.sleep(5);
    expect(watched.lost.sort()).toEqual([lost, also].sort());
    expect(watched.asked).toBe(600);
    await mine(3, watched);
    await watched.stop();
    expect(watched.asked).toBe(600);
  });

  test("while the enode is down is found when it comes back", async () => {
    const watched = new Watched();
    watched.start();
    await mine(3, watched);
    await watched.stop();
    expect(watched.head).toBeDefined();
    watched.tasks.push(ended(Date.now()));
    watched.missing.add(watched.tasks[0] as Hex);
    await control().mine({ blocks: 3 });
    await reorganise(7);
    watched.start();
    await mine(1, watched);
    while (watched.lost.length < 1) await Bun.sleep(5);
    await watched.stop();
    expect(watched.lost).toEqual(watched.tasks);
  });
});

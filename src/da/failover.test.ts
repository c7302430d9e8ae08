/** PostgreSQL goes away under load, and comes back, or its standby does under the same address. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startTcpProxy, type TcpProxy } from "../../tests/e2e/tcp_proxy.ts";
import { startPostgres, type TestPostgres } from "../../tests/postgres.ts";
import type { Da } from "./da.ts";
import { openDa } from "./index.ts";
import { silent } from "./testing/databases.ts";
import { build, group, idOf, message, wide } from "./testing/make.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const portOf = ({ dsn }: TestPostgres) => Number(new URL(dsn).port);

/** Two nodes that append, pack and drive tasks, whatever happens. */
class Load {
  readonly acknowledged = new Map<string, string>();
  readonly packed = new Set<string>();
  /** By task: how often a save of its first revision was said to be written. */
  readonly saved = new Map<string, number>();
  #on = true;
  readonly #running: Promise<void>[];

  constructor(nodes: readonly Da[]) {
    this.#running = nodes.flatMap((da, n) => [
      ...Array.from({ length: 4 }, () => this.#append(da, crypto.randomUUID())),
      this.#pack(da),
      this.#drive(da, `driver ${n}`),
    ]);
  }

  async stop(): Promise<void> {
    this.#on = false;
    await Promise.all(this.#running);
  }

  async #insist<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch {
        await pause(50);
      }
    }
  }

  async #append(da: Da, name: string): Promise<void> {
    for (let i = 0; this.#on; i++) {
      const key = `${name}-${i}`;
      const appended = await this.#insist(() =>
        da.messages.append(message({ idempotencyKey: key }))
      );
      this.acknowledged.set(key, idOf(appended));
    }
  }

  async #pack(da: Da): Promise<void> {
    while (this.#on) {
      const record = await this.#insist(() =>
        da.packing.pack(group, { ...wide, maxCount: 20 }, build)
      );
      if (record) this.packed.add(record.taskId);
      else await pause(5);
    }
  }

  async #drive(da: Da, driver: string): Promise<void> {
    while (this.#on) {
      const records = await this.#insist(() => da.tasks.claim(driver, 500, 8));
      await Promise.all(records.map(async ({ taskId, revision }) => {
        const update = {
          ...{ taskId, revision, phase: "dispatched" as const, machine: "{}", wakeAt: null },
          log: [{ state: "dispatched", by: driver, comment: "", result: "" }],
        };
        if (!await this.#insist(() => da.tasks.save(update))) return;
        this.saved.set(taskId, (this.saved.get(taskId) ?? 0) + 1);
      }));
      if (records.length === 0) await pause(5);
    }
  }
}

/** Nothing acknowledged is lost, and nothing is there twice. */
async function check(load: Load, da: Da): Promise<void> {
  expect(load.acknowledged.size).toBeGreaterThan(200);
  expect(new Set(load.acknowledged.values()).size).toBe(load.acknowledged.size);
  for (const [key, id] of load.acknowledged) {
    const status = await da.messages.status(id);
    if (!status) throw new Error(`${id} was acknowledged and is lost`);
    // Sent once more, it is the same message.
    if (key.endsWith("7")) {
      expect(await da.messages.append(message({ idempotencyKey: key }))).toEqual({
        id,
        duplicate: true,
      });
    }
  }
  expect(load.packed.size).toBeGreaterThan(5);
  const seen = new Set<string>();
  for (const taskId of load.packed) {
    for (const { id } of await da.tasks.messages(taskId as `0x${string}`)) {
      expect(seen.has(id)).toBe(false);
      seen.add(id);
    }
  }
  expect(load.saved.size).toBeGreaterThan(5);
  for (const [taskId, times] of load.saved) {
    expect(times).toBe(1);
    const status = await da.tasks.status(1n, taskId as `0x${string}`);
    expect(status?.states.map(({ state }) => state)).toEqual(["packed", "dispatched"]);
  }
}

describe("two nodes on one PostgreSQL, under load", () => {
  let server: TestPostgres, current: TestPostgres, proxy: TcpProxy;
  const nodes: Da[] = [];
  beforeAll(async () => {
    current = server = await startPostgres();
    proxy = await startTcpProxy(() => portOf(current));
    const dsn = new URL(server.dsn);
    dsn.port = `${proxy.port}`;
    for (let i = 0; i < 2; i++) {
      nodes.push(await openDa({ dsn: dsn.toString(), directory: "", log: silent }));
    }
  }, 300_000);
  afterAll(async () => {
    for (const node of nodes) await node.close();
    await proxy?.stop();
    if (current !== server) await current.stop();
    await server?.stop();
  }, 60_000);

  const loaded = async (work: () => Promise<void>) => {
    const load = new Load(nodes);
    const grows = async () => {
      const before = load.acknowledged.size;
      while (load.acknowledged.size < before + 150) await pause(20);
    };
    await grows();
    await work();
    await grows();
    await load.stop();
    await check(load, nodes[0] as Da);
  };

  test(
    "it is killed and started again, twice: nothing acknowledged is lost or done twice",
    () =>
      loaded(async () => {
        for (let i = 0; i < 2; i++) {
          await server.crash();
          await server.start();
          await pause(500);
        }
      }),
    120_000,
  );

  test("its standby takes over under the same address: likewise", async () => {
    await nodes[0]?.now();
    const standby = await server.standby();
    await loaded(async () => {
      await server.crash();
      await standby.promote();
      current = standby;
    });
  }, 120_000);

  test("a wake-up of the other node is heard on the server that took over", async () => {
    const [one, other] = nodes as [Da, Da];
    for (let tries = 0;; tries++) {
      const heard = new Promise<number>((resolve) => {
        const began = performance.now();
        const stop = other.packing.onAppended(() => (stop(), resolve(performance.now() - began)));
      });
      await one.messages.append(message());
      const ms = await Promise.race([heard, pause(1_000)]);
      if (ms !== undefined) return;
      if (tries === 10) throw new Error("it is not heard");
    }
  }, 120_000);
});

/** Everything at once, on a real database: znodes that die, stall, lie; an enode that crashes. */
import { afterEach, describe, expect, test } from "bun:test";
import process from "node:process";
import type { Hex } from "viem";
import { startPack } from "../pack/index.ts";
import type { TaskStore } from "../da/da.ts";
import { kinds, silent, useDatabase } from "../da/testing/databases.ts";
import { bytes, message } from "../da/testing/make.ts";
import { Bench, projectVersion, router, sleep, testProgram, text, until } from "./testing/bench.ts";
import { account, network, operator, ScriptedZnode } from "./testing/znode.ts";
import { createMetrics } from "../metrics.ts";

const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000);

/** mulberry32. */
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** A store that, once its process is dead, neither writes nor answers. */
function mortal(store: TaskStore): { store: TaskStore; die(): void } {
  let dead = false;
  const proxy = new Proxy(store, {
    get(target, name: keyof TaskStore) {
      const method = target[name] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        if (dead && name !== "onPacked") return new Promise<never>(() => {});
        const answer = method.apply(target, args);
        if (!(answer instanceof Promise)) return answer;
        return answer.then((value) => dead ? new Promise<never>(() => {}) : value);
      };
    },
  });
  return { store: proxy, die: () => dead = true };
}

for (const kind of kinds) {
  describe(`${kind}, CHAOS_SEED=${seed}`, () => {
    const db = useDatabase(kind);

    test("each message ends in one task, each task is accepted once", async () => {
      const chance = random(seed);
      const version = projectVersion({
        attempts: 50,
        redundancy: 2,
        outputs: [router],
        packing: { count: 2, windowMs: 100, bytes: undefined, groupBy: undefined },
      });
      const program = testProgram();
      stops.push(startPack({
        store: db.da.packing,
        projects: {
          get: () => ({ versions: new Map([["0.1", version]]), paused: false }) as never,
          canOperate: () => Promise.resolve(true),
          onChange: () => () => {},
        },
        runtimes: { load: () => Promise.resolve(program) },
        signing: { network, signer: operator },
        packers: { run: () => Promise.reject(new Error("no project has a packer")) },
        now: () => db.da.now(),
        log: silent,
        metrics: createMetrics(),
      }));

      const accepted = new Map<Hex, number>();
      const submit = async (taskId: Hex) => {
        const record = await db.da.tasks.get(taskId);
        expect(record?.phase).toBe("proved");
        if (!accepted.has(taskId)) accepted.set(taskId, 0);
        accepted.set(taskId, (accepted.get(taskId) ?? 0) + 1);
      };
      const submitted = new Set<Hex>();
      let wild = true;
      const script = (self: ScriptedZnode) => {
        const trouble = (p: number) => wild && chance() < p;
        const bounce = async () => {
          self.disconnect();
          await sleep(50 + 300 * chance());
          await self.connect();
        };
        return {
          lease: async (lease: Parameters<ScriptedZnode["accept"]>[0]) => {
            const { taskId, epoch } = lease;
            if (trouble(0.1)) return;
            if (trouble(0.1)) {
              return await self.send("refuse", { taskId, epoch, reason: "busy", retryable: true });
            }
            await self.accept(lease);
            if (trouble(0.1)) await self.accept(lease);
          },
          payload: async ({ taskId, epoch }: { taskId: Hex; epoch: bigint }) => {
            // A znode that was restarted knows nothing of the lease.
            if (!self.leases.has(taskId) || trouble(0.1)) return;
            if (trouble(0.1)) return await bounce();
            await sleep(trouble(0.1) ? 900 : 20 * chance());
            const lie = trouble(0.1);
            await self.prove(
              { taskId, epoch },
              lie ? self.proof(taskId, { proof: text("junk") }) : self.proof(taskId),
            );
            if (trouble(0.2)) await self.prove({ taskId, epoch });
          },
          grant: async (grant: { taskId: Hex; epoch: bigint; output: number }) => {
            if (trouble(0.1)) return;
            if (trouble(0.1)) return await self.report(grant, "retry");
            // The router takes a task once; who comes second finds it done.
            if (!submitted.has(grant.taskId)) {
              submitted.add(grant.taskId);
              await submit(grant.taskId);
            }
            if (trouble(0.1)) return await bounce();
            await self.report(grant, "sent", "0xaa");
            if (trouble(0.1)) return;
            await self.report(grant, "confirmed", "0xaa");
          },
        };
      };

      let bench: Bench | undefined;
      let die = () => {};
      const znodes = [2, 3, 4];
      let linked: ScriptedZnode[] = [];
      const boot = async () => {
        const life = mortal(db.da.tasks);
        die = life.die;
        bench = new Bench({ version, program }, life.store);
        bench.start({
          now: () => db.da.now(),
          options: { outputAttempts: 50 },
          isAccepted: (id) => Promise.resolve(accepted.has(id)),
        });
        const { links } = bench;
        linked = await Promise.all(
          znodes.map((n) => new ScriptedZnode(account(n), links, script).connect()),
        );
      };
      const crash = () => {
        die();
        for (const z of linked) z.disconnect();
      };

      await boot();
      const sent: string[] = [];
      for (let i = 0; i < 12; i++) {
        const data = Array.from({ length: 1 + Math.floor(chance() * 6) }, (_, j) => `${i}/${j}`);
        sent.push(...data);
        await db.da.messages.appendMany(data.map((d) => message({ data: bytes(d) })));
        await sleep(150 * chance());
        if (chance() < 0.3) {
          crash();
          await boot();
        }
      }
      await sleep(500);
      wild = false;
      // Znodes that dropped their link in the wild part are linked again.
      crash();
      await boot();
      const last = bench;
      if (last) stops.push(() => last.stop());

      type Row = { hash: Uint8Array; phase: string; wake: unknown; messages: bigint };
      const rows = () =>
        db.database.query<Row>(
          `select t.task_hash as hash, t.phase, t.wake_at as wake,
                (select count(*) from w3bstream.messages m where m.task_serial = t.serial) as messages
           from w3bstream.tasks t`,
        );
      await until(
        async () => {
          const [waiting] = await db.database.query<{ n: bigint }>(
            "select count(*) as n from w3bstream.messages where task_serial is null",
          );
          return waiting?.n === 0n && (await rows()).every((r) => r.wake === null);
        },
        () => "something is left hanging",
        12_000,
      );
      const all = await rows();
      expect(all.reduce((n, r) => n + Number(r.messages), 0)).toBe(sent.length);
      expect(all.every((r) => r.phase === "proved")).toBe(true);
      expect(accepted.size).toBe(all.length);
      expect([...accepted.values()].every((n) => n === 1)).toBe(true);
      for (const { hash } of all) {
        const status = await db.da.tasks.status(1n, `0x${hash.toHex()}`);
        const states = status?.states.map((s) => s.state) ?? [];
        expect(states.filter((s) => s === "proved").length).toBe(1);
        expect(states.at(-1)).toBe("outputted");
      }
    }, 300_000);
  });
}

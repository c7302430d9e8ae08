/** R1 and R2: `kill -9` of the node at random moments while messages flow. */
import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import process from "node:process";
import { routerAbi } from "../../src/chain/abi/router.ts";
import { weatherStationAbi } from "../../src/chain/abi/weatherStation.ts";
import { startPostgres, type TestPostgres } from "../postgres.ts";
import { startNetwork, type TestNetwork } from "./chain.ts";
import { workspace } from "./files.ts";
import { type NodeProcess, sleep, startNode, states, until } from "./node.ts";
import { freePort } from "../../scripts/free_port.ts";

const messages = 200;
const kills = 4;
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

/** mulberry32: the same moments for the same seed. */
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

let postgres: TestPostgres | undefined;
afterAll(() => postgres?.stop());

/** Sends one reading until it is acknowledged; its key makes it one message however often. */
async function send(url: string, index: number): Promise<string> {
  const body = JSON.stringify({
    projectID: 1,
    projectVersion: "0.1",
    data: JSON.stringify({ value: index / 10 }),
  });
  return await until(`message ${index} is acknowledged`, async () => {
    try {
      const headers = { "idempotency-key": `reading-${index}` };
      const response = await fetch(`${url}/message`, { method: "POST", body, headers });
      if (response.status === 400) throw new TypeError(await response.text());
      return response.ok ? (await response.json() as { messageID: string }).messageID : undefined;
    } catch (error) {
      if (error instanceof TypeError && /error/.test(error.message)) throw error;
      return undefined;
    }
  }, 120_000);
}

describe.each(["pglite", "postgres"])("on %s", (database) => {
  test(`each of ${messages} messages ends in one task, accepted once (seed ${seed})`, async () => {
    const next = random(seed);
    const place = workspace();
    let network: TestNetwork | undefined, node: NodeProcess | undefined;
    try {
      network = await startNetwork(join(place.directory, "data"), { count: 16, window: 3 });
      const env: Record<string, string> = { ...place.env, ...network.env };
      if (database === "postgres") {
        postgres = await startPostgres();
        env.DATABASE_DSN = await postgres.freshDatabase();
      }
      const port = await freePort();
      node = await startNode(env, { port });
      const { url } = node;
      await until("the project is served", () => send(url, 0).catch(() => undefined));

      const queue = Array.from({ length: messages }, (_, i) => i);
      const ids: string[] = [];
      const senders = Promise.all(Array.from({ length: 4 }, async () => {
        for (let i = queue.shift(); i !== undefined; i = queue.shift()) {
          ids[i] = await send(url, i);
          await sleep(80);
        }
      }));
      for (let i = 0; i < kills; i++) {
        await sleep(1_000 + next() * 4_000);
        await node.kill();
        node = await startNode(env, { port });
      }
      await senders;

      expect(new Set(ids).size).toBe(messages);
      const open = new Set(ids);
      await until(`all is output, of seed ${seed}`, async () => {
        for (const id of open) {
          const life = await states(url, id);
          const failed = life.find((entry) => entry.state === "failed");
          if (failed) throw new Error(`failed: ${failed.comment}\n${node?.log()}`);
          expect(life.filter((entry) => entry.state === "packed").length).toBeLessThan(2);
          if (life.at(-1)?.state === "outputted") open.delete(id);
        }
        return open.size === 0 || undefined;
      }, 180_000);

      const tasks = await tasksOf(url);
      const accepted = await network.chain.reader.getContractEvents({
        address: network.deployment.router,
        abi: routerAbi,
        eventName: "Accepted",
        fromBlock: 0n,
      });
      const acceptedIds = accepted.map((event) => event.args.taskId as string);
      expect(acceptedIds.sort()).toEqual(tasks.sort());
      const summaries = await network.chain.reader.getContractEvents({
        address: network.project.station,
        abi: weatherStationAbi,
        eventName: "Summarised",
        fromBlock: 0n,
      });
      // Every reading is in one task: none is counted twice, none is missing.
      expect(summaries.reduce((sum, event) => sum + (event.args.count ?? 0), 0)).toBe(messages);
      expect(await node.stop()).toBe(0);
    } finally {
      await node?.kill();
      await network?.anvil.stop();
      await place.remove();
    }
  }, 420_000);
});

/** The ids of all the enode's tasks, by their numbers. */
async function tasksOf(url: string): Promise<string[]> {
  const ids: string[] = [];
  // Numbers may have gaps where a crash took one back.
  for (let n = 1, missing = 0; missing < 50; n++) {
    const task = await (await fetch(`${url}/task/1/${n}`)).json() as { taskHash?: string };
    if (task.taskHash) ids.push(task.taskHash);
    missing = task.taskHash ? 0 : missing + 1;
  }
  return ids;
}

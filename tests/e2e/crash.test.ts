/** R1 and R2: `kill -9` of the node at random moments while messages flow. */
import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { startPostgres, type TestPostgres } from "../postgres.ts";
import { startNetwork, type TestNetwork } from "./chain.ts";
import { workspace } from "./files.ts";
import { type NodeProcess, sleep, startNode, testedOn, until } from "./node.ts";
import { random, seed } from "./random.ts";
import { allOutputted, expectEachOnce, send } from "./readings.ts";
import { freePort } from "../../scripts/free_port.ts";

const messages = 200;
const kills = 4;
let postgres: TestPostgres | undefined;
afterAll(() => postgres?.stop());

// The embedded database writes its files by the node's own runtime; a server does not, and what a
// killed enode leaves on one is tested by tests/faults.
const databases = testedOn("deno") ? ["pglite", "postgres"] : ["pglite"];

describe.each(databases)("on %s", (database) => {
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
      await allOutputted(url, ids).catch((error) => {
        throw new Error(`of seed ${seed}: ${error.message}\n${node?.log()}`);
      });
      await expectEachOnce(network, url, messages);
      expect(await node.stop()).toBe(0);
    } finally {
      await node?.kill();
      await network?.anvil.stop();
      await place.remove();
    }
  });
});

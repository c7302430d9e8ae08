/**
 * Three enodes on one PostgreSQL, five znodes on Bun and Deno, three projects on a chain, under
 * load, while everything between and in them fails, and four more peers mean no good. Takes about
 * `FAULTS_MINUTES`, 3 unless given (20 with `SLOW=1`); `SEED` has the same faults again.
 */
import { expect, test } from "bun:test";
import process from "node:process";
import { workspace } from "../e2e/files.ts";
import { sleep, testedOn, until } from "../e2e/node.ts";
import { seed } from "../e2e/random.ts";
import { slow } from "../slow.ts";
import { wreak } from "./chaos.ts";
import { Cluster } from "./cluster.ts";
import { judge, settled, takeBack } from "./judge.ts";
import { Load } from "./load.ts";
import { Strays } from "./strays.ts";

const minutes = Number(process.env.FAULTS_MINUTES ?? (slow ? 20 : 3));
/** What an enode may grow by from its first minutes to the end, bytes. */
const growth = 300 << 20;

// Both runtimes take part in each run.
test.if(testedOn("bun"))(
  `each message that is acknowledged is in one task, which the router takes once: seed ${seed}`,
  async () => {
    const place = workspace();
    let cluster: Cluster | undefined, strays: Strays | undefined;
    try {
      cluster = await Cluster.start(place.directory);
      const load = new Load(cluster.urls);
      await until("messages are taken", async () => load.acknowledged.size > 20 || undefined);
      const steady = Math.max(...cluster.enodes.map(({ resident }) => resident));
      strays = await Strays.start(cluster.network, cluster.bootnodes);
      await wreak(cluster, seed, minutes * 60_000 - 120_000);
      await load.stop();
      expect(load.surprises).toEqual([]);
      await settled(cluster, load.acknowledged);
      await takeBack(cluster);
      await settled(cluster, load.acknowledged);
      // What may still come back does so within a look at the chain.
      await sleep(2_000);
      await strays.stop();
      const found = await judge(cluster, load.acknowledged);
      console.log(JSON.stringify({ ...found, strays: strays.did }));
      expect(found.returned).toBeGreaterThan(0);
      expect(strays.leaked).toEqual([]);
      expect(Object.values(strays.did).every((n) => n > 0)).toBe(true);
      for (const { resident } of cluster.enodes) expect(resident - steady).toBeLessThan(growth);
      await until("no znode proves", async () => {
        const pages = cluster?.znodes.map(({ node }) => fetch(`${node.url}/metrics`)) ?? [];
        const texts = await Promise.all(pages.map(async (page) => await (await page).text()));
        return texts.every((text) => /^w3bstream_proofs_running 0$/m.test(text)) || undefined;
      });
      expect(await cluster.stop()).toEqual(Array(8).fill(0));
    } catch (error) {
      throw new Error(`SEED=${seed}: ${(error as Error).message}`, { cause: error });
    } finally {
      const logs = cluster?.all.map(({ name, log }) => `--- ${name}\n${log}`);
      if (process.env.CHAOS_LOG) await Bun.write(process.env.CHAOS_LOG, logs?.join("\n") ?? "");
      await strays?.stop();
      await cluster?.kill();
      await place.remove();
    }
  },
  // What hangs is told by what is waited for, long before.
  (minutes + 25) * 60_000,
);

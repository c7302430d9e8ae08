/** What goes wrong, and when, by a seed. */
import { sleep } from "../e2e/node.ts";
import { random } from "../e2e/random.ts";
import type { TcpProxy } from "../e2e/tcp_proxy.ts";
import type { Cluster } from "./cluster.ts";
import type { Member } from "./member.ts";
import { confirmations } from "./network.ts";

/** Longer than a lease, ms. */
const longMs = 17_000;

interface Dice {
  /** Each in [0, 1). */
  readonly pick: number;
  readonly size: number;
}

type Fault = (cluster: Cluster, dice: Dice) => Promise<void>;

const pickOf = <T>(list: readonly T[], { pick }: Dice): T =>
  list[Math.floor(pick * list.length)] as T;

/** One fault at a time for a node. */
async function of(
  members: readonly Member[],
  dice: Dice,
  work: (member: Member) => Promise<void>,
): Promise<void> {
  const free = members.filter((member) => !member.busy);
  if (free.length === 0) return;
  const victim = pickOf(free, dice);
  victim.busy = true;
  try {
    await work(victim);
  } finally {
    victim.busy = false;
  }
}

const held =
  (proxies: (cluster: Cluster) => readonly TcpProxy[], ms: (dice: Dice) => number) =>
  async (cluster: Cluster, dice: Dice): Promise<void> => {
    const release = pickOf(proxies(cluster), dice).hold();
    await sleep(ms(dice));
    release();
  };

const short = ({ size }: Dice) => size * 4_000;
const long = ({ size }: Dice) => longMs + size * 4_000;

export const faults: Readonly<Record<string, Fault>> = {
  "kill enode": (c, dice) => of(c.enodes, dice, (enode) => enode.restart(short(dice))),
  "kill znode": (c, dice) => of(c.znodes, dice, (znode) => znode.restart(short(dice))),
  "kill enode for long": (c, dice) => of(c.enodes, dice, (enode) => enode.restart(long(dice))),
  "pause enode": (c, dice) => of(c.enodes, dice, (enode) => enode.pause(2_000 + 2 * short(dice))),
  "pause enode over its leases": (c, dice) => of(c.enodes, dice, (e) => e.pause(long(dice))),
  "pause znode over its lease": (c, dice) => of(c.znodes, dice, (z) => z.pause(long(dice))),
  "cut a connection of znode and enode": async (c, dice) => {
    const wire = pickOf(c.wires, dice);
    wire.cut((index) => index === Math.floor(dice.size * wire.open));
  },
  "cut all connections of an enode's znodes": async (c, dice) => pickOf(c.wires, dice).cut(),
  "part an enode from its znodes": held((c) => c.wires, long),
  "part an enode from the database": held((c) => c.lines, (dice) => 3_000 + 2 * short(dice)),
  "cut an enode from the database": async (c, dice) => {
    const line = pickOf(c.lines, dice);
    line.down = true;
    await sleep(1_000 + 2 * short(dice));
    line.down = false;
  },
  "delay what enode and znodes say": async (c, dice) => {
    const wire = pickOf(c.wires, dice);
    wire.delayMs = 50 + dice.size * 400;
    await sleep(10_000);
    wire.delayMs = 0;
  },
  "restart PostgreSQL": async ({ postgres }, dice) => {
    // As in a power cut.
    if (postgres.pid === undefined) return;
    await postgres.crash();
    await sleep(short(dice) / 2);
    await postgres.start();
  },
  "lose the chain": async ({ rpcs }, dice) => {
    const proxy = pickOf(rpcs, dice);
    proxy.down = true;
    await sleep(2_000 + 2 * short(dice));
    proxy.down = false;
  },
  "reorganise the chain": async ({ network }, { size }) => {
    // The last block that counts as final stays.
    await network.reorg(1 + Math.floor(size * (confirmations - 1)));
  },
  "reorganise the chain deeply": async ({ network }, { size }) => {
    await network.reorg(confirmations + 1 + Math.floor(size * 8));
  },
};

/**
 * Each kind of fault once a round, in another order each time; some overlap. Ends after the first
 * round that ends after `untilMs`, and all is whole again.
 */
export async function wreak(cluster: Cluster, seed: number, durationMs: number): Promise<string[]> {
  const next = random(seed);
  const began = performance.now();
  const done: string[] = [];
  const running: Promise<void>[] = [];
  const names = Object.keys(faults);
  const pauseMs = Math.min(8_000, durationMs / names.length);
  do {
    const order = names.map((name) => ({ name, at: next() })).sort((a, b) => a.at - b.at);
    for (const { name } of order) {
      const [wait, dice] = [next(), { pick: next(), size: next() }];
      await sleep(pauseMs * (0.2 + wait));
      const at = Math.round((performance.now() - began) / 1000);
      done.push(`${at} s: ${name} (${dice.pick.toFixed(2)}, ${dice.size.toFixed(2)})`);
      console.log(`chaos: ${done.at(-1)}`);
      running.push(faults[name]?.(cluster, dice) ?? Promise.resolve());
    }
  } while (performance.now() - began < durationMs);
  await Promise.all(running);
  return done;
}

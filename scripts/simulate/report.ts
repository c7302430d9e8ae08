/** What a simulation came to. Says the same for the same options. */
import { gini, quantile } from "./measures.ts";
import { Random } from "./random.ts";
import type { Fault, World } from "./world.ts";

export function report(world: World) {
  const { tasks, znodes, enodes, totals, links, options } = world;
  const ended = tasks.filter((task) => task.endedAt !== undefined);
  const proved = tasks.filter((task) => task.state.phase === "proved");
  const confirmed = ended.filter(({ state }) => state.outputs.some((o) => o.state === "confirmed"));
  const hours = world.clock.now / 3_600_000;
  const latencies = (of: "dispatchedAt" | "endedAt") => {
    const values = confirmed.map((task) => ((task[of] ?? NaN) - task.job.packedAt) / 1000);
    return Object.fromEntries(
      [50, 90, 99, 99.9].map((p) => [`p${p}`, round(quantile(values, p / 100))]),
    );
  };
  const wins = new Array<number>(znodes.length).fill(0);
  for (const { state } of proved) {
    const i = world.znodeOf(state.winner?.prover ?? "")?.index;
    if (i !== undefined) wins[i] = (wins[i] ?? 0) + 1;
  }
  const stakes = znodes.map(({ profile }) => Number(profile.stake) / 1e18);
  // Only an honest znode can have what its stake entitles it to.
  const due = stakes.map((stake, i) =>
    /honest|slow/.test(znodes[i]?.profile.kind ?? "") ? stake : 0
  );
  const redundant = tasks.reduce(
    (sum, { proofs, job }) => sum + Math.max(0, Math.min(proofs, job.rules.redundancy) - 1),
    0,
  );
  const proofs = tasks.reduce((sum, task) => sum + task.proofs, 0);
  const seconds = world.clock.now / 1000;
  const frames = enodes.map(({ index }) => links.enodeFrames[index] ?? { out: 0, in: 0 });
  return {
    options,
    virtualHours: round(hours),
    events: totals.events,
    completion: {
      tasks: tasks.length,
      confirmed: confirmed.length,
      failed: tasks.filter(({ state }) => state.phase === "failed").length,
      dead: tasks.filter(({ state }) => state.outputs.some((o) => o.state === "dead")).length,
      unended: tasks.length - ended.length,
    },
    secondsFromPacked: { toLeased: latencies("dispatchedAt"), toConfirmed: latencies("endedAt") },
    proofs: {
      made: proofs,
      /** Beyond the first of a task, and beyond what its project asked for. */
      duplicate: proofs - tasks.filter((task) => task.proofs > 0).length - redundant,
      redundant,
      invalid: totals.invalid,
      /** Of all time that honest znodes proved, given up before the proof was done. */
      abandonedShare: round(totals.abandonedMs / Math.max(1, totals.provedMs)),
    },
    /** Times that an enode barred a znode, by what that one is. */
    bars: totals.bars,
    spread: {
      gini: round(gini(wins, due)),
      /** Of as many tasks that are given out by stake and chance alone. */
      giniOfChance: round(gini(chance(options.seed, proved.length, due), due)),
      mostOfOneZnode: wins.reduce((most, n) => Math.max(most, n), 0),
    },
    frames: {
      anEnodePerSecond: round(sum(frames.map((f) => f.out + f.in)) / enodes.length / seconds),
      aTask: round(sum(frames.map((f) => f.out + f.in)) / tasks.length),
      aZnodePerHour: round(sum([...links.znodeFrames]) / znodes.length / hours),
      mostOfOneZnodePerHour: round(
        links.znodeFrames.reduce((most, n) => Math.max(most, n), 0) / hours,
      ),
      lost: links.lost,
    },
    gossip: {
      told: totals.gossip,
      messagesAnEnodePerSecond: round(totals.gossipSent / enodes.length / seconds),
      messagesAZnodePerSecond: round(totals.gossipSent / znodes.length / seconds),
    },
    enodes: {
      mostTasksHeld: Math.max(...enodes.map((e) => e.mostHeld)),
      longestCheckSeconds: round(Math.max(...enodes.map((e) => e.longestCheck)) / 1000),
    },
    rankings: { first: totals.rankings, full: totals.fullRankings },
    recovery: world.faults.map((fault) => recovery(world.open, fault)),
  };
}

/** How long after a fault as few tasks are open as before it, by the second. */
function recovery(open: readonly number[], { name, from, to }: Fault) {
  const at = (ms: number) => Math.floor(ms / 1000);
  const before = open.slice(Math.max(0, at(from) - 30), at(from));
  const usual = sum(before) / Math.max(1, before.length);
  const during = open.slice(at(from), at(to) + 60);
  const after = open.slice(at(to)).findIndex((n) => n <= usual * 1.1);
  return {
    name,
    openBefore: round(usual),
    openMost: during.reduce((most, n) => Math.max(most, n), 0),
    /** Null: not before the end. */
    secondsAfterItsEnd: after < 0 ? null : after,
  };
}

function chance(seed: number, count: number, weights: readonly number[]): number[] {
  const random = new Random(seed + 4e6);
  const total = sum(weights);
  const drawn = new Array<number>(weights.length).fill(0);
  for (let n = 0; n < count; n++) {
    const i = random.weighted(weights, total);
    drawn[i] = (drawn[i] ?? 0) + 1;
  }
  return drawn;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const round = (n: number): number => Math.round(n * 1000) / 1000;

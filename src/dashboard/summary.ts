/** The counts and rates of the pipeline, as one small summary. */
import type { ViewStore } from "../da/da.ts";
import { taskStates } from "../da/da.ts";
import type { Metrics } from "../metrics.ts";
import type { Unready } from "../ready.ts";
import type { Overview, Rates } from "./schema.ts";

export interface SummaryDeps {
  readonly da: { readonly views: Pick<ViewStore, "tally"> };
  readonly metrics: Pick<Metrics, "messages" | "tasks" | "unpacked">;
  readonly unready?: (() => Promise<Unready>) | undefined;
  readonly degraded?: (() => Promise<Unready>) | undefined;
  /** Znodes linked to this enode, and what they have. */
  readonly dispatch?: (() => { readonly peers: number; readonly leases: number }) | undefined;
}

/** What the node counted until a moment. */
interface Sample {
  readonly at: number;
  readonly counted: Readonly<Record<keyof Rates, number>>;
}

/** Rates are of this time, ms. */
const windowMs = 10_000;

export type Summary = Omit<Overview, "operator">;

/** Makes summaries; the more often, the better it knows the rates. */
export class Summaries {
  #samples: Sample[] = [];

  constructor(private readonly deps: SummaryDeps) {}

  async next(): Promise<Summary> {
    const { da, unready, degraded, dispatch } = this.deps;
    const [tally, waiting, rates, missing, wanted] = await Promise.all([
      da.views.tally(),
      this.waiting(),
      this.#rates(),
      unready?.() ?? {},
      degraded?.() ?? {},
    ]);
    const tasks = { packed: 0, dispatched: 0, proved: 0, outputted: 0, failed: 0 };
    let packed = 0;
    for (const row of tally) {
      tasks[row.state] += row.tasks;
      packed += row.messages;
    }
    const inNone = [...waiting.values()].reduce((sum, count) => sum + count, 0);
    const { peers = 0, leases = 0 } = dispatch?.() ?? {};
    return {
      time: new Date().toISOString(),
      messages: { received: packed + inNone, waiting: inNone },
      tasks,
      rates,
      znodes: { linked: peers, leases },
      missing: { ...missing },
      degraded: { ...wanted },
    };
  }

  /** Messages in no task, by project, as the pack stage saw them last. */
  async waiting(): Promise<Map<string, number>> {
    const { values } = await this.deps.metrics.unpacked.get();
    return new Map(values.map(({ labels, value }) => [`${labels.project}`, value]));
  }

  async #rates(): Promise<Rates> {
    const now = performance.now();
    const sample = { at: now, counted: await this.#counted() };
    // What was counted while nobody looked says nothing of now.
    const recent = this.#samples.filter(({ at }) => now - at <= windowMs);
    this.#samples = [...recent, sample];
    const [first] = this.#samples;
    const seconds = first ? (now - first.at) / 1000 : 0;
    const rate = (name: keyof Rates) =>
      first && seconds >= 0.5
        ? Math.round((sample.counted[name] - first.counted[name]) / seconds * 100) / 100
        : null;
    return {
      received: rate("received"),
      refused: rate("refused"),
      packed: rate("packed"),
      dispatched: rate("dispatched"),
      proved: rate("proved"),
      outputted: rate("outputted"),
      failed: rate("failed"),
    };
  }

  async #counted(): Promise<Sample["counted"]> {
    const { messages, tasks } = this.deps.metrics;
    const tasked = { packed: 0, dispatched: 0, proved: 0, outputted: 0, failed: 0 };
    const counted = { received: 0, refused: 0, ...tasked };
    for (const { labels, value } of (await messages.get()).values) {
      if (labels.result === "accepted") counted.received += value;
      if (labels.result === "refused") counted.refused += value;
    }
    for (const { labels, value } of (await tasks.get()).values) {
      const state = taskStates.find((name) => name === labels.state);
      if (state) counted[state] += value;
    }
    return counted;
  }
}

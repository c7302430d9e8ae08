/** What this enode holds against znodes, by the database's clock. */
import type { Address } from "viem";
import { errorText } from "../log.ts";
import type { Clock } from "./clock.ts";
import type { DispatchDeps } from "./deps.ts";
import { type Fault, Scores } from "./score.ts";

/** Faults on record that are older are forgotten, ms. */
const recentMs = 6 * 3_600_000;

export interface Conduct {
  /** 0 is the best. */
  readonly score: number;
  /** Why it can't be chosen now. */
  readonly barred: string | undefined;
}

export class Standing {
  readonly scores: Scores;
  #remembering = false;

  constructor(
    private readonly deps: Pick<DispatchDeps, "evidence" | "log" | "metrics">,
    private readonly clock: Clock,
  ) {
    const { log, metrics } = deps;
    this.scores = new Scores({
      onFault: (kind, times) => {
        if (!this.#remembering) metrics?.conduct.inc({ kind }, times);
      },
      onBarred: (prover, kind, ms) => {
        if (this.#remembering) return;
        metrics?.barred.inc({ kind });
        log.warn({ prover, minutes: Math.ceil(ms / 60_000) }, `barred from work: ${kind}`);
      },
    });
  }

  /** Takes up what is on record of before this process, and of other enodes of the database. */
  async remember(): Promise<void> {
    const { evidence, log } = this.deps;
    if (!evidence) return;
    try {
      const recent = await evidence.recent(this.clock.at() - recentMs);
      this.#remembering = true;
      for (const { prover, kind, at } of recent) {
        const fault = kind === "equivocation"
          ? "different results signed for one lease"
          : "a proof that does not verify";
        this.scores.charge(prover, fault, at);
      }
    } catch (error) {
      log.warn(`earlier faults of znodes can't be read: ${errorText(error)}`);
    } finally {
      this.#remembering = false;
    }
  }

  charge(prover: Address, fault: Fault, times = 1): void {
    const at = this.clock.at();
    this.scores.charge(prover, fault, at, at, times);
  }

  /** Why a znode may not be chosen now; undefined when it may. */
  barred(prover: Address): string | undefined {
    return this.scores.barred(prover, this.clock.at());
  }

  of(prover: Address): Conduct {
    if (!this.clock.started) return { score: 0, barred: undefined };
    return { score: this.scores.of(prover, this.clock.at()), barred: this.barred(prover) };
  }
}

/** Numbers that only the seed decides. */
import { random } from "../../tests/e2e/random.ts";

export class Random {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = random(seed);
  }

  /** In [low, high). */
  between(low: number, high: number): number {
    return low + this.#next() * (high - low);
  }

  chance(p: number): boolean {
    return this.#next() < p;
  }

  /** A whole number in [0, n). */
  below(n: number): number {
    return Math.floor(this.#next() * n);
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.#next());
  }

  /** Half of the values are below the median; `spread` is the deviation of their logarithm. */
  lognormal(median: number, spread: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.#next()));
    return median * Math.exp(spread * radius * Math.cos(2 * Math.PI * this.#next()));
  }

  /** At least 1, most values small, a few very large. */
  pareto(shape: number): number {
    return (1 - this.#next()) ** (-1 / shape);
  }

  /** A choice by weights that add up to `total`. */
  weighted(weights: ArrayLike<number>, total: number): number {
    let left = this.#next() * total;
    for (let i = 0; i < weights.length; i++) if ((left -= weights[i] as number) < 0) return i;
    return weights.length - 1;
  }
}

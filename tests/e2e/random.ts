import process from "node:process";

/** `SEED`, to have the same run again. */
export const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

/** mulberry32: the same numbers in [0, 1) for the same seed. */
export function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

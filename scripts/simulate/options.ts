/** What is simulated. Fractions are of 1, times in ms of virtual time. */
export interface Options {
  readonly seed: number;
  readonly znodes: number;
  readonly enodes: number;
  readonly projects: number;
  readonly tasks: number;
  /** Tasks packed a second, over all projects. */
  readonly rate: number;
  /** Of the znodes, away at any moment; who goes comes back, and others go. */
  readonly churn: number;
  /** Of the znodes, a tenth as fast as the others. */
  readonly slow: number;
  /** That accept and never answer. */
  readonly lazy: number;
  /** That send receipts that don't hold. */
  readonly liars: number;
  /** Of the znodes, cut off from all enodes for a minute. */
  readonly partition: number;
  /** Of the znodes that die at one moment, with one of several enodes, and are back in two minutes. */
  readonly outage: number;
  /** Of the frames, lost with their connection. */
  readonly loss: number;
  /** Of a proof, on a znode of ordinary speed. */
  readonly proofMs: number;
  /** That an enode checks a receipt; one at a time. */
  readonly verifyMs: number;
  /** Between blocks, whose hashes seed assignments. */
  readonly blockMs: number;
}

export const defaults: Options = {
  seed: 1,
  znodes: 10_000,
  enodes: 4,
  projects: 1_000,
  tasks: 20_000,
  rate: 40,
  churn: 0.05,
  slow: 0.05,
  lazy: 0.02,
  liars: 0.02,
  partition: 0.3,
  outage: 0.3,
  loss: 0.0005,
  proofMs: 30_000,
  verifyMs: 54,
  blockMs: 5_000,
};

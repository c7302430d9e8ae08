/** How transactions are sent to a cluster. */
export interface SolanaSettings {
  /** Milliseconds between looks at the cluster while a transaction is open. */
  readonly pollMs: number;
  /** Longest pause while the RPC is down, ms. */
  readonly maxBackoffMs: number;
  /**
   * How long an RPC may be down before a job that sent nothing yet is given back, ms. With a request's
   * own time it must be less than a grant's, so that it is the reason that is told.
   */
  readonly giveUpMs: number;
  /** The same while a transaction is open, which is asked for again later. */
  readonly giveUpOpenMs: number;
  /** How often a job's transaction is signed anew before it is given back. */
  readonly mostAnew: number;
  /** A transaction that is in no block is handed to the RPC again after this long, ms. */
  readonly resendMs: number;
  /** Added to the compute units that the simulation used, percent. */
  readonly unitsHeadroomPercent: number;
  /** Most micro-lamports of priority fee for a compute unit. */
  readonly maxPriorityFee: number;
  /** Most lamports that one project may cost in one UTC day. */
  readonly maxLamportsPerDay: bigint;
}

export const defaultSettings: SolanaSettings = {
  pollMs: 2_000,
  maxBackoffMs: 30_000,
  giveUpMs: 30_000,
  giveUpOpenMs: 240_000,
  mostAnew: 10,
  resendMs: 4_000,
  unitsHeadroomPercent: 20,
  maxPriorityFee: 100_000,
  maxLamportsPerDay: 100_000_000n,
};

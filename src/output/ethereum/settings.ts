/** How transactions are sent on one chain. */
export interface ChainSettings {
  /** Blocks, the including one counted, after which a transaction is final; ≥ 1. */
  readonly confirmations: number;
  /** Milliseconds between looks at the chain while transactions are open. */
  readonly pollMs: number;
  /** Longest pause between attempts while the RPC is down, ms. */
  readonly maxBackoffMs: number;
  /** How long an RPC may be down before a job that sent nothing yet is given back, ms. */
  readonly giveUpMs: number;
  /** A transaction next in line that waits longer gets a higher fee, ms. */
  readonly bumpAfterMs: number;
  /** How long a nonce may be missing, or an intent without a job, before it is filled, ms. */
  readonly orphanMs: number;
  /** How long a used nonce whose transaction can't be found is looked for, ms. */
  readonly lostMs: number;
  /** Added to the gas estimate, percent. */
  readonly gasHeadroomPercent: bigint;
  /** Most gas of one transaction. EIP-7825 allows 2^24. */
  readonly maxGas: bigint;
  /** Most wei that one transaction may cost. */
  readonly maxFeePerTransaction: bigint;
  /** Most wei that one project may cost in one UTC day. */
  readonly maxFeePerDay: bigint;
  /** Most tasks that go to the router in one transaction; 1: each by itself. */
  readonly maxBatch: number;
}

const ether = 10n ** 18n;

export function defaultSettings(chainId: bigint): ChainSettings {
  // A local development chain mines on demand: nothing would confirm a lone transaction.
  const local = chainId === 31337n;
  // IoTeX's base fee is 1000 gwei of a coin worth cents.
  const iotex = chainId === 4689n || chainId === 4690n;
  return {
    confirmations: local ? 1 : 3,
    pollMs: local ? 100 : 1_000,
    maxBackoffMs: 30_000,
    giveUpMs: 20_000,
    bumpAfterMs: 30_000,
    orphanMs: 30_000,
    lostMs: 120_000,
    gasHeadroomPercent: 20n,
    maxGas: 16_000_000n,
    maxFeePerTransaction: iotex ? 50n * ether : ether / 10n,
    maxFeePerDay: iotex ? 500n * ether : ether,
    maxBatch: 32,
  };
}

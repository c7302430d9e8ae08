import type { Address, Hex } from "viem";
import type { Program, ProgramSpec } from "../../runtimes/runtime.ts";
import type { Sink, Source } from "../channel.ts";
import type { EvidenceStore, TaskRecord, TaskStore } from "../da/da.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Links } from "../network/link.ts";
import type { OutputJob, OutputReport } from "../output/types.ts";
import type { OutputConfig, ProjectVersion } from "../project/types.ts";
import type { FinalityDeps } from "./finality.ts";
import type { Tracing } from "../tracing.ts";
import type { DigestSigner, Network } from "../protocol/index.ts";
import type { Seeds } from "../chain/seeds.ts";
import type { Rules } from "./state.ts";

/** A znode that could take a proof now. */
export interface Candidate {
  readonly prover: Address;
  /** Proofs it offers to make at once. */
  readonly capacity: number;
  /** Proofs of ours it has, or was offered. */
  readonly busy: number;
  /** Grows with each proof it was offered. */
  readonly lastChosen: number;
}

/** Picks one of at least one candidate. */
export type Choose = (task: TaskRecord, candidates: readonly Candidate[]) => Candidate | undefined;

export interface DispatchDeps {
  readonly store: TaskStore;
  /** The database's clock, ms; this machine's when left out, as beside an embedded database. */
  readonly now?: () => Promise<number>;
  readonly projects: {
    forTask(
      id: bigint,
      version: string,
      programId: Hex,
      signal: AbortSignal,
    ): Promise<ProjectVersion>;
  };
  readonly runtimes: { load(spec: ProgramSpec, signal: AbortSignal): Promise<Program> };
  /** Connections to znodes. Only their frames are acted on. */
  readonly links: Links;
  /** What znodes' statements are made for. */
  readonly network: Network;
  /** Whether a znode may have work now (R5). Asked every few seconds for each link. */
  readonly isEligible: (prover: Address) => boolean | Promise<boolean>;
  /** Where outputs go that only this enode's key may do; without it they end dead. */
  readonly outputs?: { readonly jobs: Sink<OutputJob>; readonly reports: Source<OutputReport> };
  /** Which outputs those are; all but stdout and the router when left out (R11). */
  readonly isOwn?: (config: OutputConfig) => boolean;
  /**
   * Whether the router has accepted a task. With it a znode's word that a router output is
   * confirmed is checked before it is believed.
   */
  readonly isAccepted?: (taskId: Hex) => Promise<boolean>;
  /**
   * The verifier of the project's program on the chain, the zero address where there is none. With
   * it a znode that accepts a task must name that one. Asked for each acceptance.
   */
  readonly verifierOf?: (projectId: bigint, programId: Hex) => Promise<Address>;
  /**
   * The router's chain. With it, and `isAccepted`, results are output again that a reorganisation
   * took back after they had counted as final.
   */
  readonly chain?: Pick<FinalityDeps, "blocks" | "memory" | "pollMs" | "confirmations">;
  /** Picks where nobody is ranked: `fairest` when left out. */
  readonly choose?: Choose;
  /** Ranks znodes for each task, by the chain. Without it, as without a chain, `choose` picks. */
  readonly seeds?: Seeds;
  /** Signs who was chosen, and why not others; what is not signed is not recorded. */
  readonly signer?: DigestSigner;
  /** Told of each state that a task reached, once it is stored. Must not throw. */
  readonly onState?: (task: TaskRecord, state: string) => void;
  /** Where faults of znodes are kept; without it there are none. */
  readonly evidence?: EvidenceStore;
  readonly tracing?: Tracing | undefined;
  readonly log: Log;
  readonly metrics?: Pick<
    Metrics,
    | "tasks"
    | "taskSeconds"
    | "checkSeconds"
    | "refused"
    | "outputs"
    | "faults"
    | "conduct"
    | "barred"
  >;
  /** Names this node among the drivers of one database; a name kept over restarts wins its tasks
   * back at once. */
  readonly driver?: string;
  readonly options?: Partial<DispatchOptions>;
}

/** Times in ms. */
export interface DispatchOptions
  extends Omit<Rules, "redundancy" | "attempts" | "timeoutMs" | "outputs"> {
  /** How long the database keeps tasks for this driver when it falls silent. */
  readonly holdMs: number;
  /** Pause between looks for due tasks when nothing wakes the stage. */
  readonly idleMs: number;
  /** Programs checked or loaded at once. */
  readonly checks: number;
  /** Outputs of one kind that this enode does at once. */
  readonly ownOutputs: number;
  /** Most tasks that wait in memory for a znode, beyond what the znodes can take at once. */
  readonly lookahead: number;
  /** Tasks kept in memory, whatever they wait for. */
  readonly held: number;
  /** How long a task waits for its project's config before it fails. */
  readonly projectMs: number;
  /** How long a frame may wait for a slow link before the link is given up. */
  readonly sendMs: number;
  /** How long a link may say nothing of what its znode offers before that counts against it. */
  readonly helloMs: number;
}

export const defaults: DispatchOptions = {
  acceptMs: 5_000,
  leaseMs: 15_000,
  checkMs: 120_000,
  graceMs: 8_000,
  backoffMs: 1_000,
  backoffCapMs: 60_000,
  grantMs: 60_000,
  sentMs: 300_000,
  outputAttempts: 100,
  outputBackoffCapMs: 900_000,
  earlyMs: 10_000,
  holdMs: 4_000,
  idleMs: 1_000,
  checks: 4,
  ownOutputs: 256,
  lookahead: 32,
  held: 4_096,
  projectMs: 900_000,
  sendMs: 20_000,
  helloMs: 30_000,
};

/** The znode with the smallest share of its capacity in use; among equals, the longest idle. */
export const fairest: Choose = (_task, candidates) =>
  candidates.reduce((best, c) => {
    const difference = c.busy / c.capacity - best.busy / best.capacity;
    return difference < 0 || (difference === 0 && c.lastChosen < best.lastChosen) ? c : best;
  });

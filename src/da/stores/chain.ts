/** The chain's view of projects. */
import type { Hex } from "viem";

/** The chain's view of projects, kept so that a restart resumes at the last block. */
export interface ChainView {
  cursor(contract: string): Promise<{ readonly block: bigint; readonly hash: Hex } | undefined>;
  /** Replaces rows and moves the cursor in one transaction. */
  save(
    contract: string,
    cursor: { readonly block: bigint; readonly hash: Hex },
    projects: readonly ChainProject[],
  ): Promise<void>;
  projects(contract: string): Promise<ChainProject[]>;
  /** Forgets cursor and rows, when the chain is another one than before. */
  reset(contract: string): Promise<void>;
}

export interface ChainProject {
  readonly id: bigint;
  readonly uri: string;
  readonly hash: Hex;
  readonly paused: boolean;
  /** Block of the last event that changed it. */
  readonly block: bigint;
}

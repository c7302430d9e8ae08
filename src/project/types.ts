import type { Address, Hex } from "viem";
import type { ProgramSpec, VmType } from "../../runtimes/runtime.ts";
import type { AuthRule } from "./auth.ts";

/** Where a task's result goes (the `output` of a project file, parsed). */
export type OutputConfig =
  | { readonly type: "stdout" }
  | EthereumOutput
  | {
    readonly type: "solanaProgram";
    /** As the file says; only names a cluster, never used as an endpoint (DESIGN R11). */
    readonly chainEndpoint: string;
    readonly programId: string;
    readonly stateAccount: string;
  } & MayBeLight
  | { readonly type: "textile"; readonly vaultId: string } & MayShowInputs
  | { readonly type: "webhook"; readonly url: string } & MayBeLight & MayShowInputs
  | { readonly type: "archive"; readonly prefix: string } & MayShowInputs;

interface MayShowInputs {
  /** The project says that its inputs are no secret: proofs that don't hide them go too. */
  readonly publicInputs: boolean;
}

interface MayBeLight {
  /** Without the proof, once the router has accepted the task: the receiver trusts the enode. */
  readonly light: boolean;
}

/**
 * `router` submits to the W3bstreamRouter of the node's own config; `direct` calls a contract
 * with arguments chosen by the names in its ABI (original files).
 */
export type EthereumOutput =
  | { readonly type: "ethereumContract"; readonly mode: "router"; readonly chainId?: bigint }
  | {
    readonly type: "ethereumContract";
    readonly mode: "direct";
    /** As the file says; only names a chain, never used as an endpoint (DESIGN R11). */
    readonly chainEndpoint: string;
    readonly chainId?: bigint;
    readonly contractAddress: Address;
    readonly receiverAddress?: Address;
    readonly contractMethod: string;
    readonly contractAbi: readonly unknown[];
    /** Without the proof, once the router has accepted the task: the contract trusts the signer. */
    readonly light?: true;
  };

/** A project's own packer, as `src/pack/program` runs it. */
export interface PackerProgram {
  readonly code: Uint8Array;
  /** sha256 of the code. */
  readonly hash: Hex;
}

/** A task is packed, or the project's packer asked, as soon as one of the bounds is met. */
export interface PackingRule {
  /** Messages a task, ≥ 1. */
  readonly count: number;
  /** Milliseconds after which leftovers are packed; undefined: they wait for `count`. */
  readonly windowMs: number | undefined;
  /** Most bytes of message data a task. */
  readonly bytes: number | undefined;
  /** One task never mixes senders when `device`. */
  readonly groupBy: "device" | undefined;
  /** Groups the messages instead of the bounds, which say when it is asked. */
  readonly program?: PackerProgram;
}

/** What a task may cost its project, in units of the reward pool's token. */
export interface Reward {
  readonly maxFee: bigint;
  /** Beside the gas. */
  readonly fee: bigint;
  /** Token units for 1e18 wei of gas; undefined: the pool is of the chain's coin. */
  readonly gasRate?: bigint;
}

/** What an enode takes of a project's messages; undefined: as the enode's operator says. */
export interface SendingLimits {
  /** Messages a second, of all senders and of each that is known. */
  readonly rate: number | undefined;
  readonly clientRate: number | undefined;
  /** Messages at once, after a time of none. */
  readonly burst: number | undefined;
  readonly clientBurst: number | undefined;
  /** Most bytes of a message's data. */
  readonly bytes: number | undefined;
}

/** One version of a project, parsed and checked. */
export interface ProjectVersion {
  readonly projectId: bigint;
  readonly version: string;
  readonly vmType: VmType;
  readonly program: ProgramSpec;
  readonly outputs: readonly OutputConfig[];
  readonly packing: PackingRule;
  /** Znodes that prove each task, ≥ 1. */
  readonly redundancy: number;
  /** Seconds one proof may take. */
  readonly timeoutSeconds: number;
  /** Proof attempts before a task fails. */
  readonly attempts: number;
  /** Seconds after confirmation until payloads are purged; undefined: kept. */
  readonly retentionSeconds: number | undefined;
  readonly provers: { readonly allow: readonly Address[] | undefined; readonly remote: boolean };
  /** What provers are paid; undefined: nothing. */
  readonly reward?: Reward;
  readonly limits?: SendingLimits;
  /** Who may send messages: whom one of the rules admits; undefined: everybody. */
  readonly auth?: readonly AuthRule[];
  /** The current config no longer has it: no new messages, but those that came are still packed. */
  readonly retired?: boolean;
}

/** A project as the chain (or a directory) has it now. */
export interface Project {
  readonly id: bigint;
  readonly source: "chain" | "directory";
  readonly uri: string;
  /** sha256 of the config; undefined for a directory's. */
  readonly hash: Hex | undefined;
  /** A paused project gets no new tasks; those that exist finish. */
  readonly paused: boolean;
  readonly defaultVersion: string;
  /** All versions that can be named; one that an update removed stays, `retired`. */
  readonly versions: ReadonlyMap<string, ProjectVersion>;
  /** Why the latest config can't be used, when it can't; everybody may read it. */
  readonly problem: string | undefined;
}

/** The project manager, as the other stages see it. */
export interface Projects {
  get(id: bigint): Project | undefined;
  list(): Project[];
  /** Why some may be missing still; undefined once they were read and each config was tried. */
  readonly unready: string | undefined;
  /** The version of that name that new messages get; undefined for a retired one. */
  version(id: bigint, version: string): ProjectVersion | undefined;
  /**
   * The version that a task was made for, though the project has since been updated.
   * @throws when neither cache, chain history nor IPFS has it
   */
  forTask(
    id: bigint,
    version: string,
    programId: Hex,
    signal: AbortSignal,
  ): Promise<ProjectVersion>;
  /** Called after a project appeared or changed. Returns the unsubscriber. */
  onChange(listener: (project: Project) => void): () => void;
  /** Whether the chain's registrar lets `account` operate the project (true without a chain for the node's own key). */
  canOperate(id: bigint, account: Address): Promise<boolean>;
  close(): Promise<void>;
}

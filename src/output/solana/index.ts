import { abortable } from "../../abort.ts";
import { concatBytes, hexToBytes } from "viem";
import type { Intents } from "../../da/da.ts";
import type { Log } from "../../log.ts";
import { insistAccepted, type Output, OutputError, outputKey } from "../output.ts";
import type { OutputJob } from "../types.ts";
import { type Cluster, resolveCluster } from "./clusters.ts";
import type { SolanaSender } from "./sender.ts";
import { defaultSettings, type SolanaSettings } from "./settings.ts";

export { type Cluster, publicClusters } from "./clusters.ts";

export interface SolanaDeps {
  /** Clusters with an RPC of the operator's. */
  readonly clusters: readonly Cluster[];
  /** The operator's Ed25519 key, which pays; undefined: not set. */
  readonly key: Uint8Array | undefined;
  readonly intents: Intents;
  /** Whether the operator's key may call the program for the project (DESIGN R11). */
  readonly mayCall: (projectId: bigint, programId: string) => Promise<boolean>;
  /** Whether the router has accepted a task; undefined without a chain. */
  readonly isAccepted?: ((taskId: `0x${string}`) => Promise<boolean>) | undefined;
  readonly settings?: Partial<SolanaSettings>;
}

/** Calls a program with the proof, as original files do; once for each result. */
export function solanaOutput(deps: SolanaDeps & { readonly log: Log }): Output<"solanaProgram"> {
  const senders = new Map<string, Promise<SolanaSender>>();
  const senderOf = (cluster: Cluster, key: Uint8Array) => {
    const known = senders.get(cluster.name) ?? open(cluster, key);
    senders.set(cluster.name, known);
    return known;
  };
  /** Loaded when it is needed first: most nodes never do. */
  const open = async (cluster: Cluster, key: Uint8Array) => {
    const [{ SolanaSender }, { Payer }] = await Promise.all([
      import("./sender.ts"),
      import("./transaction.ts"),
    ]);
    const { intents, log } = deps;
    const settings = { ...defaultSettings, ...deps.settings };
    return new SolanaSender({ cluster, payer: await Payer.of(key), intents, settings, log });
  };
  return {
    async run(job, { chainEndpoint, programId, stateAccount, light }, context) {
      const { projectId } = job.task;
      const cluster = resolveCluster(chainEndpoint, deps.clusters);
      if (!deps.key) {
        throw new OutputError("dead", "secretkey is empty: set OPERATOR_PRIVATE_KEY_ED25519");
      }
      if (!await deps.mayCall(projectId, programId)) {
        throw new OutputError(
          "dead",
          `this node's key doesn't call programs for project ${projectId}; an operator who trusts ` +
            `it adds solana:${programId} to OUTPUT_ALLOW`,
        );
      }
      if (light) await insistAccepted(job, deps.isAccepted);
      const sender = await senderOf(cluster, deps.key);
      const sending = sender.send(
        {
          key: outputKey(job),
          projectId,
          programId,
          stateAccount: stateAccount === "" ? undefined : stateAccount,
          data: instructionOf(job, light),
          live: job.live,
        },
        context.sent,
        context.signal,
      );
      // An RPC that hangs must not hold up a node that stops; what is open goes on with the next.
      const signature = await abortable(sending, context.signal);
      return { state: "confirmed", reference: signature, comment: "" };
    },
  };
}

/** `0x00 ‖ proof`, or, light, `0x01 ‖ task id ‖ program id ‖ public values`. */
function instructionOf({ taskId, receipt }: OutputJob, light: boolean): Uint8Array {
  const { programId, publicValues, proof } = receipt;
  return light
    ? concatBytes([Uint8Array.of(1), hexToBytes(taskId), hexToBytes(programId), publicValues])
    : concatBytes([Uint8Array.of(0), proof]);
}

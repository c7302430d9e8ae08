import type { Address } from "viem";
import { routerAbi } from "../../chain/abi/router.ts";
import { findAcceptance, isFinallyAccepted } from "../../chain/acceptance.ts";
import type { EthereumOutput } from "../../project/types.ts";
import { taskIdOf } from "../../protocol/task.ts";
import { type Outcome, type OutputContext, OutputError, outputKey } from "../output.ts";
import type { OutputJob } from "../types.ts";
import type { Batcher } from "./batch.ts";
import { RevertedError, revertText } from "./errors.ts";
import type { OutputChain } from "./policy.ts";
import type { Sender } from "./sender.ts";
import { submitCall } from "./submission.ts";

export interface RouterDeps {
  readonly chain: OutputChain;
  /** The router of this node's own configuration, never one from a file. */
  readonly router: Address;
  readonly sender: Sender;
  readonly confirmations: number;
  readonly batcher: Batcher;
}

/**
 * Submits a proof to the router. A task that is accepted already, by whomever, is confirmed: the
 * router takes each task once, so a second submission only costs gas.
 *
 * @throws {OutputError}
 */
export async function submitToRouter(
  job: OutputJob,
  deps: RouterDeps,
  context: OutputContext,
): Promise<Outcome> {
  const { router, sender, batcher } = deps;
  const { projectId } = job.task;
  const key = outputKey(job);
  const call = submitCall(router, job);
  const alone = ({ sent, signal }: OutputContext) =>
    sender.send({ key, projectId, ...call, repeatable: true, live: job.live }, sent, signal);
  try {
    // What this node sent itself is followed to its end, even when it is accepted already.
    const begun = await sender.has(key);
    let landed = begun ? undefined : await batcher.follow(key, job, context);
    if (!begun && !landed) {
      const earlier = await acceptance(job, deps, context);
      if (earlier) return earlier;
    }
    landed ??= begun ? await alone(context) : await batcher.submit(key, job, context, alone);
    return { state: "confirmed", reference: landed.hash, comment: "" };
  } catch (error) {
    const isRevert = error instanceof RevertedError;
    if (!isRevert && !(error instanceof OutputError && error.state === "dead")) throw error;
    const earlier = await acceptance(job, deps, context);
    if (earlier) return earlier;
    if (!isRevert) throw error;
    const text = revertText(error);
    // By the RPC's other nodes, or in its pool, it is accepted already.
    if (text.startsWith("TaskUsed(")) {
      throw new OutputError("retry", "its acceptance is not seen yet");
    }
    const where = error.hash ? ` in transaction ${error.hash}` : "";
    throw new OutputError("dead", `the router refuses the proof${where}: ${text}`);
  }
}

/** @throws {OutputError} when the job is not for this router */
export function checkRouter(
  job: OutputJob,
  config: Extract<EthereumOutput, { mode: "router" }>,
  router: Address | undefined,
): asserts router is Address {
  const { chainId } = job.task;
  if (router === undefined) {
    throw new OutputError("dead", `this node has no router on chain ${chainId}`);
  }
  if (job.task.router.toLowerCase() !== router.toLowerCase()) {
    throw new OutputError("dead", `the task was signed for router ${job.task.router}, not ours`);
  }
  if (config.chainId !== undefined && config.chainId !== chainId) {
    throw new OutputError(
      "dead",
      `the project's file names chain ${config.chainId}, its task was signed for ${chainId}`,
    );
  }
  if (taskIdOf(job.task) !== job.taskId) {
    throw new OutputError("dead", "the task is not the one that its id names");
  }
}

/** The end of a task that the router has accepted, once that is final; undefined if it has not. */
async function acceptance(
  job: OutputJob,
  { chain: { client }, router, sender, confirmations }: RouterDeps,
  { signal }: OutputContext,
): Promise<Outcome | undefined> {
  const { taskId } = job;
  const call = { address: router, abi: routerAbi, functionName: "accepted" } as const;
  const accepted = () => client.readContract({ ...call, args: [taskId] });
  while (await sender.patiently(accepted, signal)) {
    const [head, isFinal] = await sender.patiently(async () => {
      const head = await client.getBlockNumber({ cacheTime: 0 });
      return [head, await isFinallyAccepted(client, router, taskId, head, confirmations)] as const;
    }, signal);
    if (!isFinal) {
      await sender.nextLook(signal);
      continue;
    }
    const event = await findAccepted(job, client, router, head);
    const prover = event?.prover ?? job.prover;
    const credit = prover === job.prover ? "" : `, the credit went to ${prover}`;
    return {
      state: "confirmed",
      reference: event?.transaction ?? "",
      comment: `the router had accepted the task before${credit}`,
    };
  }
  return undefined;
}

/** The event of the acceptance; it stands without: many RPCs refuse searches of old logs. */
const findAccepted = (
  { taskId }: OutputJob,
  client: OutputChain["client"],
  router: Address,
  head: bigint,
) => findAcceptance(client, router, taskId, head).catch(() => undefined);

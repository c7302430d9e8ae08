/** What a contract on another chain is told of a task that the router accepted: all but its proof. */
import { type AbiFunction, type Address, bytesToHex, type Hex, keccak256 } from "viem";
import { findAcceptance, isFinallyAccepted } from "../../chain/acceptance.ts";
import { type OutputContext, OutputError } from "../output.ts";
import type { OutputJob } from "../types.ts";
import { encodeNamed } from "./arguments.ts";
import type { OutputChain } from "./policy.ts";
import type { Sender } from "./sender.ts";

/** The router that verified the task, and its chain. */
export interface Home {
  readonly chain: OutputChain;
  readonly router: Address;
  readonly confirmations: number;
}

/**
 * Calldata whose arguments are what the router's event says, once that is final.
 * @throws {OutputError} `retry` until the router has accepted the task
 */
export async function lightCall(
  method: AbiFunction,
  job: OutputJob,
  { chain: { client, chainId }, router, confirmations }: Home,
  receiver: Address | undefined,
  sender: Sender,
  { signal }: OutputContext,
): Promise<Hex> {
  const { taskId, task, receipt } = job;
  const found = await sender.patiently(async () => {
    const head = await client.getBlockNumber({ cacheTime: 0 });
    const isFinal = await isFinallyAccepted(client, router, taskId, head, confirmations);
    return isFinal ? await findAcceptance(client, router, taskId, head) : undefined;
  }, signal);
  if (!found) {
    throw new OutputError("early", "it is told without its proof only once the router took it");
  }
  const publicValues = bytesToHex(receipt.publicValues);
  if (found.publicValues !== publicValues || found.prover !== job.prover) {
    throw new OutputError("dead", `the router took another receipt, of ${found.prover}`);
  }
  return encodeNamed(method, {
    taskId,
    projectId: String(task.projectId),
    programId: found.programId,
    prover: found.prover,
    publicValues,
    proofHash: keccak256(receipt.proof),
    homeChainId: String(chainId),
    homeRouter: router,
    txHash: found.transaction,
    receiver,
  });
}

import { isGroth16 } from "../../../runtimes/risc0/program.ts";
import { type Abi, toFunctionSelector } from "viem";
import type { EthereumOutput } from "../../project/types.ts";
import { type Outcome, type OutputContext, OutputError, outputKey } from "../output.ts";
import type { OutputJob } from "../types.ts";
import { encodeCall, findMethod } from "./arguments.ts";
import { RevertedError, revertText } from "./errors.ts";
import { type Home, lightCall } from "./light.ts";
import {
  type OutputChain,
  type OutputKeys,
  resolveChain,
  signerFor,
  type SigningPolicy,
} from "./policy.ts";
import type { Sender, TransactionSigner } from "./sender.ts";

export interface DirectDeps {
  readonly chains: readonly OutputChain[];
  readonly keys: OutputKeys;
  readonly policy: SigningPolicy;
  readonly sender: (chain: OutputChain, signer: TransactionSigner) => Sender;
  /** Where tasks of a chain are verified; undefined without a router there. */
  readonly home: (chainId: bigint) => Home | undefined;
}

/** @throws {OutputError} */
function homeOf({ task: { chainId, router } }: OutputJob, { home }: DirectDeps): Home {
  const found = home(chainId);
  if (!found || found.router.toLowerCase() !== router.toLowerCase()) {
    throw new OutputError("dead", `this node has no router on chain ${chainId} to ask`);
  }
  return found;
}

/**
 * Calls the contract that a project's file names, as original files do. The file is a stranger's:
 * chain, contract and function are judged before anything of the task is looked at.
 *
 * @throws {OutputError}
 */
export async function callContract(
  job: OutputJob,
  config: Extract<EthereumOutput, { mode: "direct" }>,
  deps: DirectDeps,
  context: OutputContext,
): Promise<Outcome> {
  const { contractAddress: to, contractAbi } = config;
  const { projectId } = job.task;
  const chain = resolveChain(config, deps.chains);
  const method = findMethod(contractAbi, config.contractMethod);
  const selector = toFunctionSelector(method);
  const call = { chainId: chain.chainId, address: to, selector, projectId };
  const sender = deps.sender(chain, await signerFor(call, deps.keys, deps.policy));
  const data = config.light
    ? await lightCall(method, job, homeOf(job, deps), config.receiverAddress, sender, context)
    : encodeCall(method, {
      projectId,
      proof: job.receipt.proof,
      publicValues: job.receipt.publicValues,
      journal: isGroth16(job.receipt) ? job.receipt.publicValues : undefined,
      receiver: config.receiverAddress,
      firstMessage: job.firstMessage,
    });
  // A call to an account without code succeeds and does nothing.
  if (!await sender.hasCode(to, context.signal)) {
    throw new OutputError("dead", `there is no contract at ${to} on chain ${chain.chainId}`);
  }
  try {
    const request = { key: outputKey(job), projectId, to, data, live: job.live };
    const landed = await sender.send(request, context.sent, context.signal);
    return { state: "confirmed", reference: landed.hash, comment: "" };
  } catch (error) {
    if (!(error instanceof RevertedError)) throw error;
    const text = revertText(error, contractAbi as Abi);
    const where = error.hash ? ` (${error.hash})` : "";
    throw new OutputError("dead", `transaction failed${where}: the contract refuses it: ${text}`);
  }
}

import { type Address, bytesToHex, encodeFunctionData } from "viem";
import { routerAbi } from "../../chain/abi/router.ts";
import type { OutputJob } from "../types.ts";
import type { Call } from "./chain.ts";

/** A job as the router's `Submission`. */
export const submissionOf = ({ task, signature, prover, receipt }: OutputJob) => ({
  task,
  operatorSig: signature,
  prover,
  publicValues: bytesToHex(receipt.publicValues),
  proof: bytesToHex(receipt.proof),
});

/** The call that submits it by itself. */
export function submitCall(router: Address, job: OutputJob): Call {
  const { task, operatorSig, prover, publicValues, proof } = submissionOf(job);
  const args = [task, operatorSig, prover, publicValues, proof] as const;
  return {
    to: router,
    data: encodeFunctionData({ abi: routerAbi, functionName: "submit", args }),
  };
}

import { type Address, type Hex, hexToBytes, keccak256, stringToBytes, zeroAddress } from "viem";
import type { OutputConfig } from "../../project/types.ts";
import { type DigestSigner, signTask, type Task, taskIdOf } from "../../protocol/task.ts";
import type { TransactionSigner } from "../ethereum/sender.ts";
import type { OutputContext } from "../output.ts";
import type { OutputJob } from "../types.ts";

export const programId: Hex = keccak256(stringToBytes("a program"));
let nonce = 0n;

export interface JobOptions {
  readonly projectId?: bigint;
  readonly chainId?: bigint;
  readonly router?: Address;
  readonly prover?: Address;
  readonly message?: unknown;
  readonly proof?: Uint8Array;
  readonly operator?: DigestSigner;
}

/** A job of a task of its own. */
export async function jobOf(config: OutputConfig, options: JobOptions = {}): Promise<OutputJob> {
  const task: Task = {
    chainId: options.chainId ?? 31337n,
    router: options.router ?? zeroAddress,
    projectId: options.projectId ?? 1n,
    version: "0.1",
    programId,
    messagesRoot: keccak256("0x01"),
    inputCommitment: `0x${"0".repeat(64)}`,
    nonce: nonce++,
  };
  const { message } = options;
  return {
    taskId: taskIdOf(task),
    task,
    signature: options.operator ? await signTask(task, options.operator) : "0x",
    serial: nonce,
    epoch: 3n,
    output: 0,
    config,
    prover: options.prover ?? zeroAddress,
    receipt: {
      vmType: "halo2",
      programId,
      imageId: programId,
      bindingKind: "none",
      publicValues: hexToBytes("0x0102"),
      proof: options.proof ?? hexToBytes("0xabcd"),
    },
    firstMessage: message === undefined
      ? undefined
      : new TextEncoder().encode(typeof message === "string" ? message : JSON.stringify(message)),
  };
}

/** A context that notes what it is told. */
export function contextOf(): OutputContext & { readonly told: [string, string][] } {
  const told: [string, string][] = [];
  return {
    told,
    sent: (reference, comment) => told.push([reference, comment]),
    signal: new AbortController().signal,
  };
}

/** A key that counts what it signs. */
export function counted(signer: TransactionSigner): TransactionSigner & { signed: number } {
  const counting = {
    address: signer.address,
    signed: 0,
    signTransaction(transaction: Parameters<TransactionSigner["signTransaction"]>[0]) {
      counting.signed++;
      return signer.signTransaction(transaction);
    },
  };
  return counting;
}

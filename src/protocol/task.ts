/** The task: what an operator signs, what a proof is bound to, what the router accepts once. */
import {
  type Address,
  concat,
  concatBytes,
  type Hex,
  sha256,
  stringToBytes,
  type TypedDataDomain,
} from "viem";
import { z } from "zod";
import { bytesToHex, hexToBytes } from "../hex.ts";
import { keccakHex } from "../keccak.ts";
import { recoverSigner } from "../secp256k1.ts";
import { bytes32Word, hashWord, typedDigest, typeHash, uintWord } from "./typed.ts";
import { address, bytes32, projectId, uint256, version } from "./schema.ts";

/** A task's signed part. `chainId` and `router` travel in the EIP-712 domain. */
export const taskSchema = z.object({
  /** EIP-155 chain id; 0 on a node without a chain. */
  chainId: uint256,
  router: address,
  projectId,
  version,
  programId: bytes32,
  messagesRoot: bytes32,
  /** What the program's own commitment must be; zero for programs that can't commit. */
  inputCommitment: bytes32,
  nonce: uint256,
});
export type Task = z.infer<typeof taskSchema>;

/** EIP-712 types of `Task`, as in `W3bstreamRouter`. */
export const taskTypes = {
  Task: [
    { name: "projectId", type: "uint64" },
    { name: "version", type: "string" },
    { name: "programId", type: "bytes32" },
    { name: "messagesRoot", type: "bytes32" },
    { name: "inputCommitment", type: "bytes32" },
    { name: "nonce", type: "uint256" },
  ],
} as const;

/** The EIP-712 domain of everything that is signed for a router. */
export function domainOf(chainId: bigint, router: Address): TypedDataDomain {
  return { name: "W3bstream", version: "1", chainId, verifyingContract: router };
}

const taskType = typeHash(
  "Task(uint64 projectId,string version,bytes32 programId,bytes32 messagesRoot," +
    "bytes32 inputCommitment,uint256 nonce)",
);

/** The task's id: its EIP-712 digest, which is also what the operator signs. */
export function taskIdOf(task: Task): Hex {
  return bytesToHex(typedDigest(task, [
    taskType,
    uintWord(task.projectId),
    hashWord(stringToBytes(task.version)),
    bytes32Word(task.programId),
    bytes32Word(task.messagesRoot),
    bytes32Word(task.inputCommitment),
    uintWord(task.nonce),
  ]));
}

/** A key that signs digests. viem's local accounts satisfy it. */
export interface DigestSigner {
  readonly address: Address;
  sign(parameters: { hash: Hex }): Promise<Hex>;
}

/** Signs the task's id: 65 bytes, r ‖ s ‖ v, low s. */
export function signTask(task: Task, signer: DigestSigner): Promise<Hex> {
  return signer.sign({ hash: taskIdOf(task) });
}

/** The address whose key signed the task. */
export async function taskSigner(task: Task, signature: Hex): Promise<Address> {
  return recoverSigner(hexToBytes(taskIdOf(task)), hexToBytes(signature));
}

/** keccak256(taskId ‖ prover): keeps a proof from being moved to another task or prover. */
export function bindingOf(taskId: Hex, prover: Address): Hex {
  return keccakHex(concatBytes([hexToBytes(taskId), hexToBytes(prover)]));
}

/** sha256(code ‖ UTF-8 of the parameters), DESIGN R10. */
export function programIdOf(code: Uint8Array, param: string): Hex {
  return sha256(concat([code, new TextEncoder().encode(param)]));
}

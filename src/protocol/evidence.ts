/**
 * What znodes and enodes sign about a task, as EIP-712 structs in the router's domain, so that a
 * contract can check it: these signatures outlive the connection and are evidence.
 */
import {
  type Address,
  hashTypedData,
  type Hex,
  keccak256,
  recoverAddress,
  type TypedDataDefinition,
} from "viem";
import type { Receipt } from "../../runtimes/runtime.ts";
import { type DigestSigner, domainOf, type Task, taskIdOf } from "./task.ts";

export const evidenceTypes = {
  /** A znode takes the proof of a task under a lease, and names the verifier that will judge it. */
  Acceptance: [
    { name: "taskId", type: "bytes32" },
    { name: "epoch", type: "uint64" },
    { name: "prover", type: "address" },
    { name: "verifier", type: "address" },
  ],
  /** A znode stands by exactly these bytes. */
  ReceiptClaim: [
    { name: "taskId", type: "bytes32" },
    { name: "epoch", type: "uint64" },
    { name: "prover", type: "address" },
    { name: "programId", type: "bytes32" },
    { name: "publicValuesHash", type: "bytes32" },
    { name: "proofHash", type: "bytes32" },
  ],
  /** An enode allows one znode to output a proved task; a later epoch supersedes it. */
  OutputGrant: [
    { name: "taskId", type: "bytes32" },
    { name: "epoch", type: "uint64" },
    { name: "prover", type: "address" },
    { name: "output", type: "uint32" },
  ],
} as const;

export interface Acceptance {
  readonly taskId: Hex;
  readonly epoch: bigint;
  readonly prover: Address;
  /** The registered verifier contract; the zero address without a chain. */
  readonly verifier: Address;
}

export interface ReceiptClaim {
  readonly taskId: Hex;
  readonly epoch: bigint;
  readonly prover: Address;
  readonly programId: Hex;
  readonly publicValuesHash: Hex;
  readonly proofHash: Hex;
}

export interface OutputGrant {
  readonly taskId: Hex;
  readonly epoch: bigint;
  /** Who may output. */
  readonly prover: Address;
  /** Index in the project's list of outputs. */
  readonly output: number;
}

interface Statements {
  readonly Acceptance: Acceptance;
  readonly ReceiptClaim: ReceiptClaim;
  readonly OutputGrant: OutputGrant;
}

/** The chain and router that a statement is made for. */
export type Network = Pick<Task, "chainId" | "router">;

/** The EIP-712 digest of a statement. */
export function evidenceDigest<K extends keyof Statements>(
  network: Network,
  kind: K,
  statement: Statements[K],
): Hex {
  const definition = {
    domain: domainOf(network.chainId, network.router),
    types: { [kind]: evidenceTypes[kind] },
    primaryType: kind,
    message: statement,
  };
  return hashTypedData(definition as unknown as TypedDataDefinition);
}

export function signEvidence<K extends keyof Statements>(
  network: Network,
  kind: K,
  statement: Statements[K],
  signer: DigestSigner,
): Promise<Hex> {
  return signer.sign({ hash: evidenceDigest(network, kind, statement) });
}

/** The address that signed a statement. */
export function evidenceSigner<K extends keyof Statements>(
  network: Network,
  kind: K,
  statement: Statements[K],
  signature: Hex,
): Promise<Address> {
  return recoverAddress({ hash: evidenceDigest(network, kind, statement), signature });
}

/** The claim that belongs to a receipt for a task. */
export function claimOf(
  task: Task,
  epoch: bigint,
  prover: Address,
  receipt: Receipt,
): ReceiptClaim {
  return {
    taskId: taskIdOf(task),
    epoch,
    prover,
    programId: receipt.programId,
    publicValuesHash: keccak256(receipt.publicValues),
    proofHash: keccak256(receipt.proof),
  };
}

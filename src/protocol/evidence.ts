/**
 * What znodes state about a task, as EIP-712 structs, so that a contract can check it. The frame
 * that carries a statement signs its hash in the router's domain (`envelope.ts`): that outlives
 * the connection and is evidence.
 */
import type { Address, Hex } from "viem";
import { bytesToHex } from "../hex.ts";
import { keccakHex } from "../keccak.ts";
import { addressWord, bytes32Word, structHash, typeHash, uintWord, type Word } from "./typed.ts";
import type { WireBody, WireKind } from "./wire.ts";

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

interface Statements {
  readonly Acceptance: Acceptance;
  readonly ReceiptClaim: ReceiptClaim;
}

const hashes = Object.fromEntries(
  Object.entries(evidenceTypes).map(([name, members]) => [
    name,
    typeHash(`${name}(${members.map((m) => `${m.type} ${m.name}`).join(",")})`),
  ]),
) as Record<keyof Statements, Word>;

type MemberType = typeof evidenceTypes[keyof Statements][number]["type"];

function wordOf(type: MemberType, value: Hex | bigint): Word {
  if (type === "address") return addressWord(value as Address);
  if (type === "bytes32") return bytes32Word(value as Hex);
  return uintWord(BigInt(value));
}

/** The EIP-712 hash of a statement's struct. */
export function statementHash<K extends keyof Statements>(kind: K, statement: Statements[K]): Hex {
  const values = statement as unknown as Record<string, Hex | bigint>;
  const words = evidenceTypes[kind].map(({ name, type }) =>
    wordOf(type, values[name] as Hex | bigint)
  );
  return bytesToHex(structHash([hashes[kind], ...words]));
}

/** The claim that belongs to a receipt. */
export function claimOf(
  { taskId, epoch, receipt }: Pick<WireBody<"receipt">, "taskId" | "epoch" | "receipt">,
  prover: Address,
): ReceiptClaim {
  return {
    taskId,
    epoch,
    prover,
    programId: receipt.programId,
    publicValuesHash: keccakHex(receipt.publicValues),
    proofHash: keccakHex(receipt.proof),
  };
}

/** What messages of a kind state for their sender. */
export type StatedBy<K extends WireKind> = K extends "accept" ? Acceptance
  : K extends "receipt" ? ReceiptClaim
  : undefined;

/** What a message states for its sender; undefined for kinds that are no evidence. */
export function stated<K extends WireKind>(kind: K, body: unknown, prover: Address): StatedBy<K> {
  const statement = (): Acceptance | ReceiptClaim | undefined => {
    if (kind === "receipt") return claimOf(body as WireBody<"receipt">, prover);
    if (kind !== "accept") return undefined;
    const { taskId, epoch, verifier } = body as WireBody<"accept">;
    return { taskId, epoch, prover, verifier };
  };
  return statement() as StatedBy<K>;
}

/** The hash of a statement that a message of the kind makes. */
export const hashOfStated = (kind: WireKind, statement: Acceptance | ReceiptClaim): Hex =>
  kind === "accept"
    ? statementHash("Acceptance", statement as Acceptance)
    : statementHash("ReceiptClaim", statement as ReceiptClaim);

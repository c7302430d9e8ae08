/** Signed statements as they are stored: half the bytes of their JSON, and made in one pass. */
import { type Address, concat, getAddress, type Hex, numberToHex, slice } from "viem";
import { bytesToHex, hexToBytes } from "../hex.ts";
import type { Evidence } from "./envelope.ts";
import type { Acceptance, ReceiptClaim } from "./evidence.ts";
import type { Signed } from "./wire.ts";

/** Kinds of statements, and what they are. */
export interface Stated {
  readonly acceptance: Acceptance;
  readonly claim: ReceiptClaim;
}
export type StatementKind = keyof Stated;

/** Under which lease something was stated, and by whom. */
export interface StatedUnder {
  readonly taskId: Hex;
  readonly epoch: bigint;
  readonly prover: Address;
}

/** Bytes of the statement beside what it was stated under. */
const bodyBytes = { acceptance: 20, claim: 96 } as const;

/** body ‖ payload hash ‖ root ‖ signature ‖ index (u16) ‖ count (u16) ‖ path */
export function packSigned<K extends StatementKind>(
  kind: K,
  signed: Signed<Stated[K]>,
): Uint8Array {
  const { payloadHash, root, index, count, path, signature } = signed.evidence;
  const place = numberToHex(index * 0x10000 + count, { size: 4 });
  const body = bodyOf(kind, signed.statement);
  return hexToBytes(concat([...body, payloadHash, root, signature, place, ...path]));
}

function bodyOf(kind: StatementKind, statement: Acceptance | ReceiptClaim): Hex[] {
  if (kind === "acceptance") return [(statement as Acceptance).verifier];
  const { programId, publicValuesHash, proofHash } = statement as ReceiptClaim;
  return [programId, publicValuesHash, proofHash];
}

/** @throws {RangeError} for bytes of another length than such a statement's */
export function unpackSigned<K extends StatementKind>(
  kind: K,
  under: StatedUnder,
  bytes: Uint8Array,
): Signed<Stated[K]> {
  const from = bodyBytes[kind];
  const pathBytes = bytes.length - from - 133;
  if (pathBytes < 0 || pathBytes % 32 !== 0) throw new RangeError("not a stored statement");
  const hex = bytesToHex(bytes);
  const cut = (start: number, length: number) => slice(hex, start, start + length);
  const place = Number(cut(from + 129, 4));
  const evidence: Evidence = {
    payloadHash: cut(from, 32),
    root: cut(from + 32, 32),
    signature: cut(from + 64, 65),
    index: Math.floor(place / 0x10000),
    count: place % 0x10000,
    path: Array.from({ length: pathBytes / 32 }, (_, i) => cut(from + 133 + 32 * i, 32)),
  };
  const body = kind === "acceptance" ? { verifier: getAddress(cut(0, 20)) } : {
    programId: cut(0, 32),
    publicValuesHash: cut(32, 32),
    proofHash: cut(64, 32),
  };
  const { taskId, epoch, prover } = under;
  return { statement: { taskId, epoch, prover, ...body } as Stated[K], evidence };
}

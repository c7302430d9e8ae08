/**
 * The signed form of every frame: dag-cbor `{p, e, s}`. `s` signs the EIP-712 struct
 * `Envelope(bytes payload,bytes32 statements)`: `payload` are the bytes `p`, `statements` is the
 * root of the tree over the hashes in `e`, of what the sender stands by in this frame. So one
 * signature authorises all messages of a frame, and is evidence of each statement among them:
 * a contract needs the statement, its path to the root and the payload's hash, nothing else.
 */
import * as cbor from "@ipld/dag-cbor";
import { type Address, type Hex, zeroHash } from "viem";
import { z } from "zod";
import { bytesToHex, hexToBytes } from "../hex.ts";
import { recoverSigner } from "../secp256k1.ts";
import { decode, parse, WireError } from "./decode.ts";
import { merkleRoot, MerkleTree, verifyMerkleProof } from "./merkle.ts";
import * as s from "./schema.ts";
import type { DigestSigner, Task } from "./task.ts";
import { bytes32Word, hashWord, typedDigest, typeHash, type Word } from "./typed.ts";

/** The chain and router that a frame is made for. */
export type Network = Pick<Task, "chainId" | "router">;

export interface Envelope {
  readonly payload: Uint8Array;
  /** Hashes of the statements that the payload makes, in order. */
  readonly statements: readonly Hex[];
}

/** What proves to anybody that a key stands by a statement; it does not show the rest. */
export interface Evidence {
  readonly payloadHash: Hex;
  /** Of the tree over the frame's statements. */
  readonly root: Hex;
  /** Which of how many statements of the frame it is. */
  readonly index: number;
  readonly count: number;
  /** Siblings from the statement's hash to the root, as in `MessageTree.sol`. */
  readonly path: readonly Hex[];
  readonly signature: Hex;
}

/** Most messages of one frame. */
export const frameMessages = 64;

const schema = z.object({
  p: z.instanceof(Uint8Array),
  e: s.bytes(32 * frameMessages).refine((b) => b.length % 32 === 0, "must be whole hashes"),
  s: s.bytes(65),
});

const envelopeType = typeHash("Envelope(bytes payload,bytes32 statements)");

/** @param statements the root of their tree, zero where there are none */
export const envelopeDigest = (network: Network, payloadHash: Word, statements: Hex): Word =>
  typedDigest(network, [envelopeType, payloadHash, bytes32Word(statements)]);

const rootOf = (statements: readonly Hex[]): Hex =>
  statements.length === 0 ? zeroHash : merkleRoot(statements);

export async function sealEnvelope(
  network: Network,
  signer: DigestSigner,
  { payload, statements }: Envelope,
): Promise<Uint8Array> {
  const digest = envelopeDigest(network, hashWord(payload), rootOf(statements));
  const signature = await signer.sign({ hash: bytesToHex(digest) });
  const e = hexToBytes(`0x${statements.map((hash) => hash.slice(2)).join("")}`);
  return cbor.encode({ p: payload, e, s: hexToBytes(signature) });
}

/** A frame whose signature was recovered. */
export interface OpenEnvelope extends Envelope {
  readonly signer: Address;
  /**
   * What the frame proves of a statement in it.
   * @throws {RangeError} when the frame does not state that
   */
  evidence(statement: Hex): Evidence;
}

/**
 * Who signed a frame, and what; nothing of the payload is parsed.
 * @throws {WireError}
 */
export function openEnvelope(network: Network, frame: Uint8Array): OpenEnvelope {
  const { payload, statements, signature } = partsOf(frame);
  if (signature.length !== 65) throw new WireError("signature", "signature is not 65 bytes");
  const prover = new Prover(payload, statements, signature);
  try {
    const digest = envelopeDigest(network, prover.payloadHash, prover.root);
    const signer = recoverSigner(digest, signature);
    return { payload, statements, signer, evidence: (statement) => prover.evidence(statement) };
  } catch {
    throw new WireError("signature", "signature does not recover");
  }
}

/**
 * What a frame proves of a statement in it.
 * @throws {WireError} when the bytes are no frame
 * @throws {RangeError} when the frame does not state that
 */
export function evidenceOf(frame: Uint8Array, statement: Hex): Evidence {
  const { payload, statements, signature } = partsOf(frame);
  return new Prover(payload, statements, signature).evidence(statement);
}

/** What is left of a frame when its payload is forgotten. */
class Prover {
  readonly payloadHash: Word;
  readonly root: Hex;
  readonly #tree: MerkleTree | undefined;
  #shared: Pick<Evidence, "payloadHash" | "root" | "count" | "signature"> | undefined;

  constructor(
    payload: Uint8Array,
    private readonly statements: readonly Hex[],
    private readonly signature: Uint8Array,
  ) {
    this.payloadHash = hashWord(payload);
    this.#tree = statements.length > 0 ? new MerkleTree(statements) : undefined;
    this.root = this.#tree?.root ?? zeroHash;
  }

  evidence(statement: Hex): Evidence {
    const index = this.statements.indexOf(statement);
    if (!this.#tree || index < 0) throw new RangeError("the frame does not state that");
    this.#shared ??= {
      payloadHash: bytesToHex(this.payloadHash),
      root: this.root,
      count: this.statements.length,
      signature: bytesToHex(this.signature),
    };
    return { ...this.#shared, index, path: this.#tree.proof(index) };
  }
}

/**
 * The address that stands by a statement.
 * @throws when the evidence is about another statement, or is nobody's
 */
export function evidenceSigner(
  network: Network,
  statement: Hex,
  { payloadHash, root, index, count, path, signature }: Evidence,
): Address {
  if (!verifyMerkleProof(root, count, index, statement, path)) {
    throw new RangeError("the statement is not under the root");
  }
  const digest = envelopeDigest(network, bytes32Word(payloadHash), root);
  return recoverSigner(digest, hexToBytes(signature));
}

/**
 * The parts of a frame; whose they are is not looked at.
 * @throws {WireError}
 */
export function partsOf(frame: Uint8Array) {
  const { p: payload, e, s: signature } = parse(schema, decode(frame));
  const statements: Hex[] = [];
  for (let at = 0; at < e.length; at += 32) {
    statements.push(bytesToHex(e.subarray(at, at + 32)));
  }
  return { payload, statements, signature };
}

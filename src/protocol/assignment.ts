/**
 * Which prover an enode gave a task to, and which better-ranked ones it passed over and why: signed
 * by the enode's operator, so that it can be held against what anyone recomputes. An enode signs
 * many at once, by the root of a tree of their hashes.
 */
import type { Address, Hex } from "viem";
import { z } from "zod";
import { bytesToHex, hexToBytes } from "../hex.ts";
import { keccakHex } from "../keccak.ts";
import { recoverSigner } from "../secp256k1.ts";
import { MerkleTree, verifyMerkleProof } from "./merkle.ts";
import * as s from "./schema.ts";
import { type DigestSigner, taskSchema } from "./task.ts";
import { addressWord, bytes32Word, structHash, typedDigest, typeHash, uintWord } from "./typed.ts";

/** EIP-712 types, in the router's domain. `Assignments` is what is signed. */
export const assignmentTypes = {
  Assignment: [
    { name: "taskId", type: "bytes32" },
    { name: "epoch", type: "uint64" },
    { name: "prover", type: "address" },
    { name: "seedBlock", type: "uint64" },
    { name: "seedHash", type: "bytes32" },
    { name: "rank", type: "uint64" },
    { name: "skippedHash", type: "bytes32" },
  ],
  Assignments: [{ name: "root", type: "bytes32" }],
} as const;

export interface Assignment {
  readonly taskId: Hex;
  /** Of the lease. */
  readonly epoch: bigint;
  readonly prover: Address;
  /** 0 for a task whose nonce names no height. */
  readonly seedBlock: bigint;
  /** As the enode saw it; zero where it ranked nobody. */
  readonly seedHash: Hex;
  /**
   * The prover's place in the ranking, from 1; one more than there are ranked for a prover that
   * was staked after the seed block; 0 where nobody was ranked.
   */
  readonly rank: bigint;
  /** keccak256 of the UTF-8 text of `Skipped`. */
  readonly skippedHash: Hex;
}

const reason = z.string().max(200);
/** Most that are named; the others are counted. */
export const mostNamed = 16;

/** Those who were ranked better, as JSON text without spaces, its fields in this order. */
export const skippedSchema = z.strictObject({
  /** Best first, from the first of all on. */
  named: z.array(z.strictObject({ prover: s.address, reason })).max(mostNamed),
  /** How many more there were, by reason. */
  others: z.array(z.strictObject({ reason, count: z.number().int().positive() })).max(32),
  /** Why nobody was ranked. */
  unranked: reason.optional(),
});
export type Skipped = z.infer<typeof skippedSchema>;

/** The text whose hash is signed. */
export const skippedText = ({ named, others, unranked }: Skipped): string =>
  JSON.stringify({
    named: named.map(({ prover, reason }) => ({ prover, reason })),
    others: others.map(({ reason, count }) => ({ reason, count })),
    ...(unranked === undefined ? {} : { unranked }),
  });

const encoder = new TextEncoder();
export const skippedHash = (text: string): Hex => keccakHex(encoder.encode(text));

const definition = (name: keyof typeof assignmentTypes) =>
  typeHash(`${name}(${assignmentTypes[name].map((m) => `${m.type} ${m.name}`).join(",")})`);
const assignmentType = definition("Assignment");
const assignmentsType = definition("Assignments");

/** The EIP-712 hash of the struct. */
export const assignmentHash = (a: Assignment): Hex =>
  bytesToHex(structHash([
    assignmentType,
    bytes32Word(a.taskId),
    uintWord(a.epoch),
    addressWord(a.prover),
    uintWord(a.seedBlock),
    bytes32Word(a.seedHash),
    uintWord(a.rank),
    bytes32Word(a.skippedHash),
  ]));

/** Where an assignment is among those that were signed with it, and their signature. */
export const batchSchema = z.strictObject({
  root: s.bytes32,
  index: z.number().int().nonnegative(),
  count: z.number().int().positive(),
  /** Siblings on the way to the root. */
  proof: z.array(s.bytes32).max(32),
  /** Of `Assignments{root}`. */
  signature: s.signature,
});
export type Batch = z.infer<typeof batchSchema>;

interface Domain {
  readonly chainId: bigint;
  readonly router: Address;
}

const digestOf = (domain: Domain, root: Hex) =>
  typedDigest(domain, [assignmentsType, bytes32Word(root)]);

/** Signs at least one assignment; answers a batch for each. */
export async function signAssignments(
  domain: Domain,
  signer: DigestSigner,
  assignments: readonly Assignment[],
): Promise<Batch[]> {
  const leaves = assignments.map(assignmentHash);
  const tree = new MerkleTree(leaves);
  const { root } = tree;
  const signature = await signer.sign({ hash: bytesToHex(digestOf(domain, root)) });
  const shared = { root, count: leaves.length, signature };
  return leaves.map((_, index) => ({ ...shared, index, proof: tree.proof(index) }));
}

/** The address that signed the assignment with others; undefined where the proof is wrong. */
export function assignmentSigner(
  domain: Domain,
  assignment: Assignment,
  { root, index, count, proof, signature }: Batch,
): Address | undefined {
  if (!verifyMerkleProof(root, count, index, assignmentHash(assignment), proof)) return undefined;
  return recoverSigner(digestOf(domain, root), hexToBytes(signature));
}

/** A task with its assignments, as an enode's API serves it. */
export const assignmentsSchema = z.object({
  taskId: s.bytes32,
  task: taskSchema,
  /** The operator's, of the task. */
  signature: s.signature,
  assignments: z.array(z.object({
    taskId: s.bytes32,
    epoch: s.uint64,
    prover: s.address,
    seedBlock: s.uint64,
    seedHash: s.bytes32,
    rank: s.uint64,
    skippedHash: s.bytes32,
    /** JSON text of `Skipped`, as it was hashed. */
    skipped: z.string().max(32_768),
    batch: batchSchema,
  })).max(10_000),
});
export type Assignments = z.infer<typeof assignmentsSchema>;

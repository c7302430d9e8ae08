/** Holds what an enode signed of a task's assignment against what everybody can recompute. */
import type { Address, Hex } from "viem";
import {
  type Assignments,
  assignmentSigner,
  mostNamed,
  type Skipped,
  skippedHash,
  skippedSchema,
  type Task,
} from "../protocol/index.ts";

export type AssignmentEntry = Assignments["assignments"][number];

/** What the chain says: the order of provers and the block that it comes from. */
export interface Recomputed {
  readonly taskId: Hex;
  readonly task: Task;
  readonly seedBlock: bigint;
  /** Of the block as it is on the chain now. */
  readonly seedHash: Hex;
  /** Best first. */
  readonly order: readonly Address[];
}

export interface Checked {
  readonly epoch: bigint;
  readonly prover: Address;
  readonly rank: bigint;
  readonly signer: Address | undefined;
  readonly skipped: Skipped | undefined;
  /** What is wrong; empty: all is as recomputed. */
  readonly problems: readonly string[];
}

/** Whether the signer may operate the project is the caller's to ask. */
export function checkAssignment(entry: AssignmentEntry, known: Recomputed): Checked {
  const { epoch, prover, rank } = entry;
  const problems: string[] = [];
  const signer = signerOf(entry, known.task);
  if (!signer) problems.push("the signature is not of this assignment");
  if (entry.taskId !== known.taskId) problems.push("it is about another task");
  const skipped = skippedOf(entry);
  if (!skipped) problems.push("the text of who was passed over is not the one that was signed");
  else if (rank === 0n) {
    problems.push(`nobody was ranked: ${skipped.unranked ?? "it does not say why"}`);
  } else problems.push(...orderProblems(entry, skipped, known));
  return { epoch, prover, rank, signer, skipped, problems };
}

function* orderProblems(
  { prover, rank, seedBlock, seedHash }: AssignmentEntry,
  { named, others }: Skipped,
  known: Recomputed,
): Generator<string> {
  if (seedBlock !== known.seedBlock) {
    return yield `the seed is block ${known.seedBlock}, not ${seedBlock}`;
  }
  if (seedHash !== known.seedHash) {
    return yield `block ${seedBlock} is ${known.seedHash} now, not ${seedHash}: ` +
      "the chain was reorganised, or the hash is made up";
  }
  const place = known.order.indexOf(prover);
  const right = BigInt(place < 0 ? known.order.length : place) + 1n;
  if (rank !== right) {
    yield `${prover} has rank ${right}${place < 0 ? " (not staked then)" : ""}, not ${rank}`;
  }
  const better = known.order.slice(0, Number(right) - 1);
  const missing = better.slice(0, mostNamed).find((p, i) => named[i]?.prover !== p);
  if (missing) yield `${missing} is ranked better, and not named in its place`;
  if (named.length > better.length) yield "some are named that are not ranked better";
  const counted = others.reduce((sum, { count }) => sum + count, 0);
  if (named.length + counted !== better.length) {
    yield `${better.length} are ranked better, of which ${named.length + counted} are told`;
  }
}

function signerOf(entry: AssignmentEntry, task: Task): Address | undefined {
  try {
    return assignmentSigner(task, entry, entry.batch);
  } catch {
    return undefined;
  }
}

function skippedOf({ skipped, skippedHash: signed }: AssignmentEntry): Skipped | undefined {
  if (skippedHash(skipped) !== signed) return undefined;
  try {
    return skippedSchema.parse(JSON.parse(skipped));
  } catch {
    return undefined;
  }
}

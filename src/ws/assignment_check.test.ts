import { expect, test } from "bun:test";
import { type Hex, keccak256, zeroHash } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { rank } from "../dispatch/ranking.ts";
import {
  type Assignment,
  assignmentsSchema,
  nonceAt,
  signAssignments,
  type Skipped,
  skippedHash,
  skippedText,
  type Task,
  taskIdOf,
} from "../protocol/index.ts";
import { type AssignmentEntry, checkAssignment, type Recomputed } from "./assignment_check.ts";

const operator = privateKeyToAccount(keccak256("0x0e"));
const task: Task = {
  chainId: 4690n,
  router: "0x00000000000000000000000000000000000000AA",
  projectId: 1n,
  version: "0.1",
  programId: keccak256("0x01"),
  messagesRoot: keccak256("0x02"),
  inputCommitment: zeroHash,
  nonce: nonceAt(41n),
};
const taskId = taskIdOf(task);
const seedHash = keccak256("0x5eed");
const staked = Array.from({ length: 40 }, (_, i) => ({
  prover: privateKeyToAccount(keccak256(`0x${(i + 16).toString(16)}`)).address,
  stake: BigInt(1 + i),
}));
const order = rank(seedHash, taskId, staked).map(({ prover }) => prover);
const known: Recomputed = { taskId, task, seedBlock: 42n, seedHash, order };

const skippedTo = (place: number): Skipped => ({
  named: order.slice(0, Math.min(place, 16)).map((prover) => ({ prover, reason: "not linked" })),
  others: place > 16 ? [{ reason: "not linked", count: place - 16 }] : [],
});

/** As an enode signs it, with another one, and as its API serves it. */
async function signed(
  place: number,
  change: Partial<Assignment> = {},
  skipped = skippedTo(place),
): Promise<AssignmentEntry> {
  const text = skippedText(skipped);
  const assignment = {
    ...{ taskId, epoch: 1n, prover: order[place] ?? operator.address },
    ...{ seedBlock: 42n, seedHash, rank: BigInt(place + 1), skippedHash: skippedHash(text) },
    ...change,
  };
  const [batch] = await signAssignments(task, operator, [assignment, { ...assignment, epoch: 2n }]);
  const served = {
    taskId,
    task,
    signature: `0x${"11".repeat(65)}`,
    assignments: [{
      ...assignment,
      ...{ skipped: text, batch },
    }],
  };
  const text_ = JSON.stringify(served, (_, v) => typeof v === "bigint" ? `${v}` : v);
  return assignmentsSchema.parse(JSON.parse(text_)).assignments[0] as AssignmentEntry;
}
const problems = async (...args: Parameters<typeof signed>) =>
  checkAssignment(await signed(...args), known).problems.join("; ");

test("what an honest enode signs is as recomputed, first, last and after them all", async () => {
  for (const place of [0, 1, 16, 17, 39, 40]) {
    const checked = checkAssignment(await signed(place), known);
    expect(checked.problems).toEqual([]);
    expect(checked.signer).toBe(operator.address);
  }
});

test("what is not as recomputed is told", async () => {
  const named = skippedTo(3).named;
  expect(await problems(3, { rank: 1n }, skippedTo(0))).toContain("has rank 4, not 1");
  expect(await problems(3, {}, { named: named.slice(1), others: [] })).toContain(
    `${order[0]} is ranked better`,
  );
  expect(await problems(3, {}, { named: named.toReversed(), others: [] })).toContain(
    "in its place",
  );
  expect(await problems(3, {}, { named, others: [{ reason: "busy", count: 1 }] }))
    .toContain("3 are ranked better, of which 4 are told");
  expect(await problems(20, {}, { named: skippedTo(20).named, others: [] }))
    .toContain("20 are ranked better, of which 16 are told");
  expect(await problems(2, {}, skippedTo(3))).toContain("not ranked better");
  expect(await problems(0, { seedHash: keccak256("0x00") })).toContain("reorganised");
  expect(await problems(0, { seedBlock: 41n })).toContain("the seed is block 42");
  expect(await problems(0, { taskId: zeroHash })).toContain("another task");
  expect(await problems(40, { rank: 1n }, skippedTo(0))).toContain("(not staked then)");
  const unranked = { named: [], others: [], unranked: "the chain could not be read" };
  expect(await problems(0, { rank: 0n, seedHash: zeroHash }, unranked))
    .toBe("nobody was ranked: the chain could not be read");
});

test("a signature is of every field", async () => {
  const entry = await signed(3);
  const changes: Partial<AssignmentEntry>[] = [
    { epoch: 9n },
    { prover: operator.address },
    { rank: 5n },
    { seedBlock: 43n },
    { seedHash: keccak256("0x00") },
    { taskId: zeroHash },
    { skippedHash: zeroHash },
    { batch: { ...entry.batch, index: 1 } },
    { batch: { ...entry.batch, proof: [] } },
    { batch: { ...entry.batch, root: zeroHash } },
    { skipped: entry.skipped.replace("not linked", "not there") },
  ];
  for (const change of changes) {
    const checked = checkAssignment({ ...entry, ...change }, known);
    expect(checked.problems.join()).toMatch(/signature|passed over/);
  }
  const other = { ...known, task: { ...task, chainId: 1n } };
  expect(checkAssignment(entry, other).signer).not.toBe(operator.address);
});

test("a nonce has the height, and 16 bytes of chance", () => {
  const nonces = new Set<Hex>(
    Array.from({ length: 20 }, () => keccak256(`0x${nonceAt(7n).toString(16).padStart(64, "0")}`)),
  );
  expect(nonces.size).toBe(20);
  expect(nonceAt(7n) >> 192n).toBe(7n);
});

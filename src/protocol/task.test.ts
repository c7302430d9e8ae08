import { describe, expect, test } from "bun:test";
import { concat, type Hex, hexToBytes, numberToHex, sha256, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import vectors from "../../contracts/test/vectors/task.json" with { type: "json" };
import {
  bindingOf,
  programIdOf,
  signTask,
  type Task,
  taskIdOf,
  taskSchema,
  taskSigner,
} from "./task.ts";

const operator = privateKeyToAccount(`0x${"11".repeat(32)}`);
const stranger = privateKeyToAccount(`0x${"22".repeat(32)}`);

const task = taskSchema.parse(vectors.cases[0]);

describe("shared vectors", () => {
  for (const [i, c] of vectors.cases.entries()) {
    test(`case ${i}, chain ${c.chainId}`, async () => {
      const parsed = taskSchema.parse(c);
      expect(taskIdOf(parsed)).toBe(c.taskId as Hex);
      expect<string>(await taskSigner(parsed, c.operatorSig as Hex)).toBe(c.operator);
      expect(bindingOf(c.taskId as Hex, c.prover as Hex)).toBe(c.binding as Hex);
    });
  }
});

describe("task id", () => {
  const other: Record<keyof Task, Partial<Task>> = {
    chainId: { chainId: 1n },
    router: { router: stranger.address },
    projectId: { projectId: 2n },
    version: { version: "0.2" },
    programId: { programId: `0x${"01".repeat(32)}` },
    messagesRoot: { messagesRoot: `0x${"01".repeat(32)}` },
    inputCommitment: { inputCommitment: `0x${"01".repeat(32)}` },
    nonce: { nonce: 1n },
  };

  for (const [field, change] of Object.entries(other)) {
    test(`${field} is in it, and so in the signature`, async () => {
      const changed = { ...task, ...change };
      expect(taskIdOf(changed)).not.toBe(taskIdOf(task));
      const signature = await signTask(task, operator);
      expect(await taskSigner(task, signature)).toBe(operator.address);
      expect(await taskSigner(changed, signature)).not.toBe(operator.address);
    });
  }
});

test("a binding names one task and one prover", () => {
  const id = taskIdOf(task);
  const all = [
    bindingOf(id, operator.address),
    bindingOf(id, stranger.address),
    bindingOf(taskIdOf({ ...task, nonce: 9n }), operator.address),
  ];
  expect(new Set(all).size).toBe(3);
});

describe("schema", () => {
  const bad: [string, Record<string, unknown>][] = [
    ["a zero project", { projectId: 0n }],
    ["a project above 2^63-1", { projectId: 1n << 63n }],
    ["an empty version", { version: "" }],
    ["control characters in the version", { version: "0.1\n" }],
    ["a long version", { version: "1".repeat(65) }],
    ["a short root", { messagesRoot: "0x00" }],
    ["a nonce of 257 bits", { nonce: 1n << 256n }],
    ["a negative nonce", { nonce: -1n }],
    ["a router with a wrong checksum", { router: operator.address.replace(/[a-f]/, "A") + "" }],
    ["a missing program", { programId: undefined }],
  ];
  for (const [what, change] of bad) {
    test(`refuses ${what}`, () => {
      expect(taskSchema.safeParse({ ...task, ...change }).success).toBe(false);
    });
  }
});

test("the program id covers code and parameters, read as one run of bytes", () => {
  const code = hexToBytes("0x0061736d");
  expect(programIdOf(code, "")).toBe(sha256(code));
  expect(programIdOf(code, "{}")).toBe(sha256(concat([toHex(code), toHex("{}")])));
  expect(programIdOf(code, "{}")).not.toBe(programIdOf(code, "{ }"));
  expect(programIdOf(code, numberToHex(1))).not.toBe(programIdOf(code, ""));
});

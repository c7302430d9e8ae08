import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { zeroAddress, zeroHash } from "viem";
import { createRuntimes } from "../../runtimes/index.ts";
import type { TaskRecord } from "../da/da.ts";
import { programIdOf, type Task, taskIdOf } from "../protocol/index.ts";
import { checkReceipt, resultText } from "./check.ts";

const runtimes = createRuntimes({ workers: 1 });
afterAll(() => runtimes.close());
const { signal } = new AbortController();

test("a proof that names task and prover passes for no other, though it can't commit", async () => {
  const path = join(import.meta.dirname, "../../wasm/dist/guests/fibonacci.wasm");
  const code = new Uint8Array(await Bun.file(path).arrayBuffer());
  const programId = programIdOf(code, "");
  const program = await runtimes.load({ vmType: "zkwasm", code, param: "", programId }, signal);
  const task: Task = {
    chainId: 0n,
    router: zeroAddress,
    projectId: 1n,
    version: "0.1",
    programId,
    messagesRoot: zeroHash,
    inputCommitment: zeroHash,
    nonce: 1n,
  };
  const prover = `0x${"22".repeat(20)}` as const;
  const circumstances = { projectId: 1n, version: "0.1", serial: 1n, clientId: "" };
  const context = { ...circumstances, taskId: taskIdOf(task), prover, signature: "0x" } as const;
  const messages = [new TextEncoder().encode('{"public_input":[10]}')];
  const receipt = await program.prove({ messages, salt: new Uint8Array(32) }, context, signal);

  const judged = (of: Task, by: `0x${string}`) =>
    checkReceipt({ task: of, taskId: taskIdOf(of) } as TaskRecord, by, program, receipt, signal);
  expect(await judged(task, prover)).toEqual({ verdict: "valid" });
  const bound = { verdict: "invalid", reason: "it is bound to another task or prover" } as const;
  expect(await judged(task, zeroAddress)).toEqual(bound);
  expect(await judged({ ...task, nonce: 2n }, prover)).toEqual(bound);
  expect(resultText(receipt)).toBe('{"inputs":["10"],"outputs":["55"]}');
}, 300_000);

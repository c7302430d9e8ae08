import { describe, expect, test } from "bun:test";
import * as dagJson from "@ipld/dag-json";
import { keccak256, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { merkleRoot } from "./merkle.ts";
import { openTaskBlock, type SignedTask, taskBlock } from "./task_block.ts";
import { signTask, taskIdOf } from "./task.ts";

const operator = privateKeyToAccount(`0x${"11".repeat(32)}`);
const leaves = [1, 2, 3].map((n) => keccak256(toHex(n)));
const task = {
  chainId: (1n << 200n) + 1n,
  router: operator.address,
  projectId: (1n << 62n) + 1n,
  version: "0.1 é",
  programId: keccak256("0x01"),
  messagesRoot: merkleRoot(leaves),
  inputCommitment: keccak256("0x02"),
  nonce: (1n << 127n) + 1n,
};
const signed: SignedTask = {
  taskId: taskIdOf(task),
  task,
  leaves,
  signature: await signTask(task, operator),
};

describe("a task's block", () => {
  test("gives back what it was made of, and who signed", async () => {
    const { bytes } = await taskBlock(signed);
    expect(await openTaskBlock(bytes)).toEqual({ ...signed, signer: operator.address });
  });

  test("is one whatever the order of the fields", async () => {
    const { nonce, ...rest } = task;
    const { cid } = await taskBlock({ ...signed, task: { nonce, ...rest } });
    expect(`${cid}`).toBe(`${(await taskBlock(signed)).cid}`);
    expect(`${cid}`).toBe("baguqeera7xlaoudjziivynwjks27tcuftgryvb47g3mgqwktyr23eov4vjva");
  });

  type Fields = { [field: string]: unknown; task: Record<string, unknown>; leaves: string[] };
  const changes: Record<string, (block: Fields) => Fields> = {
    "another nonce": (block) => ({ ...block, task: { ...block.task, nonce: "1" } }),
    "another id": (block) => ({ ...block, taskId: keccak256("0x") }),
    "a leaf less": (block) => ({ ...block, leaves: block.leaves.slice(1) }),
    "leaves in another order": (block) => ({ ...block, leaves: [...block.leaves].reverse() }),
    "no leaves": (block) => ({ ...block, leaves: [] }),
    "a field more": (block) => ({ ...block, data: "x" }),
    "a field more in the task": (block) => ({ ...block, task: { ...block.task, data: "x" } }),
    "no signature": ({ signature: _, ...block }) => block as Fields,
    "another signature": (block) => ({ ...block, signature: `0x${"00".repeat(65)}` }),
  };
  for (const [name, change] of Object.entries(changes)) {
    test(`is refused with ${name}`, async () => {
      const block = dagJson.decode<Fields>((await taskBlock(signed)).bytes);
      const bytes = dagJson.encode(change(block));
      expect(await openTaskBlock(bytes).then(() => "opened", () => "refused")).toBe("refused");
    });
  }
});

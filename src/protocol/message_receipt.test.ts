import { describe, expect, test } from "bun:test";
import { type Hex, keccak256, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { hexToBytes, uuidBytes } from "../hex.ts";
import { leafHash, merkleProof, merkleRoot } from "./merkle.ts";
import {
  checkInclusion,
  isOfData,
  type MessageReceipt,
  messageReceiptText,
  parseMessageReceipt,
} from "./message_receipt.ts";
import { signTask, taskIdOf } from "./task.ts";

const operator = privateKeyToAccount(`0x${"11".repeat(32)}`);
const data = new TextEncoder().encode("21.5");
const id = "01930000-0000-7000-8000-000000000001";
const salt: Hex = `0x${"77".repeat(32)}`;
const message = { id, projectId: (1n << 62n) + 1n, version: "0.1", clientId: "did:x", salt };
const own = leafHash({
  ...message,
  id: uuidBytes(id),
  salt: hexToBytes(salt),
  data,
});
const leaves = [keccak256(toHex(1)), keccak256(toHex(2)), own];
const task = {
  chainId: 1n << 200n,
  router: operator.address,
  projectId: message.projectId,
  version: "0.1",
  programId: keccak256("0x01"),
  messagesRoot: merkleRoot(leaves),
  inputCommitment: keccak256("0x02"),
  nonce: 1n << 127n,
};
const receipt: MessageReceipt = {
  kind: "message receipt",
  formatVersion: 1,
  message,
  leaf: { hash: own, index: 2, count: 3, path: merkleProof(leaves, 2) },
  taskId: taskIdOf(task),
  task,
  signature: await signTask(task, operator),
  proof: {
    version: 1,
    vmType: "halo2",
    programId: task.programId,
    publicValues: Uint8Array.of(1, 2),
    proof: Uint8Array.of(3),
    task: { taskId: taskIdOf(task), prover: operator.address },
  },
  outputs: [{ index: 0, state: "confirmed", reference: keccak256("0x03") }],
};

describe("a message's receipt", () => {
  test("reads back as it was, and names who signed", async () => {
    expect(parseMessageReceipt(JSON.parse(messageReceiptText(receipt)))).toEqual(receipt);
    expect(await checkInclusion(receipt)).toEqual({ operator: operator.address });
    expect(isOfData(receipt, data)).toBe(true);
    expect(isOfData(receipt, Uint8Array.of(...data, 0))).toBe(false);
    const { salt: _, ...unsalted } = message;
    expect(isOfData({ ...receipt, message: unsalted }, data)).toBeUndefined();
  });

  const other = keccak256("0x77");
  test.each(
    [
      ["leaf", { leaf: { ...receipt.leaf, hash: other } }],
      ["place", { leaf: { ...receipt.leaf, index: 1 } }],
      ["count", { leaf: { ...receipt.leaf, count: 4 } }],
      ["path", { leaf: { ...receipt.leaf, path: [other] } }],
      ["path's length", { leaf: { ...receipt.leaf, path: [...receipt.leaf.path, other] } }],
      ["task", { task: { ...task, nonce: 5n } }],
      ["root", { task: { ...task, messagesRoot: other } }],
      ["id", { taskId: other }],
      ["project", { message: { ...message, projectId: 2n } }],
      ["version", { message: { ...message, version: "0.2" } }],
      ["proof's program", { proof: { ...receipt.proof, programId: other } }],
      ["proof's task", {
        proof: { ...receipt.proof, task: { taskId: other, prover: operator.address } },
      }],
    ] as [string, Partial<MessageReceipt>][],
  )("does not hold with another %s", async (_, change) => {
    await expect(checkInclusion({ ...receipt, ...change })).rejects.toThrow();
  });

  test.each([
    ["message.id", { message: { ...message, id: "1" } }],
    ["leaf.index", { leaf: { ...receipt.leaf, index: -1 } }],
    ["kind", { kind: "receipt" }],
    ["formatVersion", { formatVersion: 2 }],
    ["outputs", { outputs: Array(65).fill(receipt.outputs[0]) }],
  ])("names its field %s when that is malformed", (field, change) => {
    const json = { ...JSON.parse(messageReceiptText(receipt)), ...change };
    const text = JSON.stringify(json, (_, v) => typeof v === "bigint" ? `${v}` : v);
    expect(() => parseMessageReceipt(JSON.parse(text))).toThrow(field);
  });
});

import { expect, test } from "bun:test";
import type { Receipt } from "../../runtimes/runtime.ts";
import { parseReceipt, type ZkwasmReceipt } from "../protocol/receipt_file.ts";
import { receiptAnswer } from "./receipt.ts";

const [taskId, programId, imageId] = ["11", "22", "33"]
  .map((byte): `0x${string}` => `0x${byte.repeat(32)}`) as [`0x${string}`, `0x${string}`, "0x"];
const prover = "0x00000000000000000000000000000000000000AA";
/** Of an enode with one project, whose program is used like this. */
const answer = (receipt: Partial<Receipt>, param = "") =>
  receiptAnswer(taskId, {
    prover,
    receipt: {
      vmType: "halo2",
      programId,
      imageId,
      bindingKind: "data",
      publicValues: Uint8Array.of(1, 2),
      proof: Uint8Array.of(3),
      ...receipt,
    },
  }, {
    list: () => [{ versions: new Map([["1", { program: { programId, param } }]]) }] as never,
  });

test("a receipt is told with its task and prover, as the file that ws and pages read", async () => {
  const told = answer({});
  expect(told.status).toBe(200);
  const { task, publicValues, proof } = parseReceipt(await told.json());
  expect(task).toEqual({ taskId, prover });
  expect([publicValues, proof]).toEqual([Uint8Array.of(1, 2), Uint8Array.of(3)]);
  const zk = answer({ vmType: "zkwasm", proof: Uint8Array.of(1, 2, 0) });
  expect(parseReceipt(await zk.json())).toMatchObject({ vmType: "zkwasm", profile: "zk" });
  const groth16 = answer({ vmType: "risc0", proof: new Uint8Array(260) });
  expect(parseReceipt(await groth16.json())).toMatchObject({ imageId, bindingKind: "data" });
});

test("a proof for contracts is told with its class and key, where a project here names them", async () => {
  const wrapped = { vmType: "zkwasm", proof: new Uint8Array(3776) } as const;
  const told = async (param: string, change: Partial<Receipt> = {}) =>
    parseReceipt(await answer({ ...wrapped, ...change }, param).json()) as ZkwasmReceipt;
  const bare = await told("");
  expect(bare).toMatchObject({ profile: "wrap" });
  expect(bare).not.toContainKeys(["class", "key"]);
  const small = await told('{"profile":"wrap"}');
  expect(small).toEqual({ ...bare, class: "small" });
  expect(await told('{"profile":"wrap","class":"medium","key":"DAEC"}'))
    .toEqual({ ...bare, class: "medium", key: Uint8Array.of(12, 1, 2) });
  const other = { programId: taskId };
  expect(await told('{"profile":"wrap"}', other)).toEqual({ ...bare, ...other });
  expect(await told('{"profile":"wrap"}', { proof: Uint8Array.of(1, 2, 0) }))
    .not.toContainKeys(["class", "key"]);
});

test("what may show the private input is not told, nor what proves nothing", async () => {
  const kept: Partial<Receipt>[] = [
    { vmType: "zkwasm", proof: Uint8Array.of(1, 1, 0) },
    { vmType: "zkwasm", proof: Uint8Array.of(1) },
    { vmType: "risc0", proof: new Uint8Array(200_000) },
    { imageId: programId },
  ];
  for (const receipt of kept) {
    const told = answer(receipt);
    expect(told.status).toBe(403);
    expect(await told.json()).toEqual({ error: expect.stringContaining(" ") });
  }
});

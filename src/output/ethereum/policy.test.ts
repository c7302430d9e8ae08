import { expect, test } from "bun:test";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { OutputError } from "../output.ts";
import { signerFor } from "./policy.ts";

test("what is protected on one chain is another contract on the next, but keys are keys on all", async () => {
  const operator = privateKeyToAccount(generatePrivateKey());
  const registrar = privateKeyToAccount(generatePrivateKey()).address;
  const sign = (chainId: bigint, address = registrar) =>
    signerFor({ projectId: 1n, chainId, address, selector: "0x00000000" }, {
      operator,
      gas: undefined,
    }, {
      canOperate: () => Promise.resolve(true),
      isOwn: () => Promise.resolve(true),
      allow: [],
      protected: [{ chainId: 1n, address: registrar }],
    });
  expect(await sign(2n)).toBe(operator);
  await expect(sign(1n)).rejects.toThrow(OutputError);
  await expect(sign(2n, operator.address)).rejects.toThrow("of the network itself");
});

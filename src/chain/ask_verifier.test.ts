import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Address, decodeFunctionData, type Hex, toBytes, toHex, zeroHash } from "viem";
import { proofVerifierAbi } from "./abi/proofVerifier.ts";
import { type Anvil, startAnvil } from "./anvil.ts";
import { whyRefused } from "./ask_verifier.ts";
import { connectChain, type Reader } from "./clients.ts";

const receipt = { programId: zeroHash, publicValues: toBytes("values"), proof: toBytes("proof") };
const verifier: Address = `0x${"22".repeat(20)}`;
let anvil: Anvil, reader: Reader;

beforeAll(async () => {
  anvil = await startAnvil();
  ({ reader } = await connectChain(anvil.url, { retries: 0, timeoutMs: 5_000 }));
}, 60_000);
afterAll(() => anvil.stop());

/** Answers why the verifier refuses the receipt when it has this code. */
async function ask(code: Hex): Promise<string | undefined> {
  const params = [verifier, code];
  await reader.request({ method: "anvil_setCode", params } as never);
  return await whyRefused(reader, verifier, receipt);
}

test("takes only a clean yes", async () => {
  expect(await ask("0x60015f5260205ff3")).toBeUndefined();
  const refusals: [string, Hex, string][] = [
    ["no", "0x5f5f5260205ff3", "does not take"],
    ["two", "0x60025f5260205ff3", "does not take"],
    ["one byte", "0x60015f5360015ff3", "does not take"],
    ["two words", "0x60015f5260405ff3", "does not take"],
    ["nobody", "0x", "does not take"],
    ["a revert", "0x5f5ffd", "fails"],
    ["an invalid instruction", "0xfe", "fails"],
    ["no end", "0x5b5f56", "fails"],
  ];
  for (const [what, code, said] of refusals) {
    expect([what, await ask(code)]).toEqual([what, expect.stringContaining(said)]);
  }
}, 60_000);

test("asks about exactly the receipt's bytes", async () => {
  const seen: Hex[] = [];
  const spy = { call: async ({ data }: { data: Hex }) => (seen.push(data), { data: "0x" as Hex }) };
  await whyRefused(spy as never, verifier, receipt);
  const { args } = decodeFunctionData({ abi: proofVerifierAbi, data: seen[0] as Hex });
  expect(args).toEqual([zeroHash, toHex("values"), toHex("proof")]);
});

test("does not take a chain that is away for a refusal", async () => {
  const gone = await startAnvil();
  const { reader } = await connectChain(gone.url, { retries: 0, timeoutMs: 2_000 });
  await gone.stop();
  await expect(whyRefused(reader, verifier, receipt)).rejects.toThrow("can't be asked");
}, 60_000);

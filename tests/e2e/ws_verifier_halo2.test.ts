/** `ws verifier halo2`, from a project of `ws init` to contracts on a chain. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Address, Hex } from "viem";
import vector from "../../contracts/test/vectors/halo2-weather.json" with { type: "json" };
import { proofVerifierAbi } from "../../src/chain/abi/proofVerifier.ts";
import { type Anvil, anvilKey, startAnvil } from "../../src/chain/anvil.ts";
import { connectChain } from "../../src/chain/clients.ts";
import { workspace } from "./files.ts";
import { ws } from "./ws.ts";

const place = workspace();
const folder = join(place.directory, "station");
const file = join(folder, "project.json");
const addresses = join(place.directory, "addresses.json");
let anvil: Anvil;
beforeAll(async () => {
  anvil = await startAnvil();
  expect((await ws(["init", folder, "--runtime", "halo2"])).code).toBe(0);
});
afterAll(async () => {
  await anvil.stop();
  await place.remove();
});

const run = (args: string[], chain = anvil.url) =>
  ws(args, { OPERATOR_PRIVATE_KEY: anvilKey(0), CHAIN_ENDPOINT: chain });
const inAddresses = ["--addresses", addresses];

test("deploys what takes the program's proofs and a route can name", async () => {
  const { code, out } = await run(["verifier", "halo2", file, "--json"]);
  expect({ code, out }).toMatchObject({ code: 0 });
  const { adapter, verifier, programId } = JSON.parse(out);
  const { reader } = await connectChain(anvil.url);
  const takes = (proof: string) =>
    reader.readContract({
      address: adapter as Address,
      abi: proofVerifierAbi,
      functionName: "verify",
      args: [programId, vector.publicValues as Hex, proof as Hex],
    });
  expect(await takes(vector.proof)).toBe(true);
  expect(await takes(`${vector.proof.slice(0, -2)}00`)).toBe(false);

  await run(["deploy", ...inAddresses]);
  const config = ["--uri", "ipfs://x", "--hash", programId];
  await run(["project", "create", ...config, ...inAddresses]);
  const route = async (named: string) => {
    const flags = ["--program", programId, "--verifier", named, "--receiver", adapter];
    return await run(["project", "route", "1", ...flags, ...inAddresses]);
  };
  expect(await route(adapter)).toMatchObject({ code: 0, err: "" });
  expect((await route(verifier)).err).toMatch(/does not answer as a verifier.*ws verifier/);
}, 120_000);

test(
  "refuses a test setup on another chain, and what names no contract or no such program",
  async () => {
    const real = await startAnvil({ chainId: 4690 });
    try {
      const { code, err } = await run(["verifier", "halo2", file], real.url);
      expect({ code, err }).toMatchObject({ code: 1 });
      expect(err).toMatch(/test setup whose secret is public.*chain 4690/);
    } finally {
      await real.stop();
    }
    const { contracts: _, ...bare } = JSON.parse(await readFile(file, "utf8"));
    const other = join(folder, "bare.json");
    await writeFile(other, JSON.stringify(bare));
    const refusals: [string[], RegExp][] = [
      [[other], /give --source/],
      [[file, "--project-version", "9"], /has no version 9/],
    ];
    for (const [args, reason] of refusals) {
      const { code, err } = await run(["verifier", "halo2", ...args]);
      expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(reason) });
    }
  },
  120_000,
);

/** `ws verifier zkwasm`, from a project's file to contracts on a chain. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Address } from "viem";
import vector from "../../contracts/test/vectors/zkwasm-wrap-small.json" with { type: "json" };
import { zkWasmAdapterAbi } from "../../src/chain/abi/zkWasmAdapter.ts";
import { type Anvil, anvilKey, startAnvil } from "../../src/chain/anvil.ts";
import { connectChain } from "../../src/chain/clients.ts";
import { workspace } from "./files.ts";
import { ws } from "./ws.ts";

const root = join(import.meta.dirname, "../..");
const guest = (name: string) => join(root, `wasm/dist/guests/${name}.wasm`);
const generated = join(root, "contracts/src/generated");
const place = workspace();
let anvil: Anvil;
beforeAll(async () => {
  anvil = await startAnvil();
});
afterAll(async () => {
  await anvil.stop();
  await place.remove();
});

const param = '{"profile":"wrap"}';
const run = (args: readonly string[], chain = anvil.url) =>
  ws(["verifier", "zkwasm", ...args, "--json"], {
    OPERATOR_PRIVATE_KEY: anvilKey(0),
    CHAIN_ENDPOINT: chain,
  });

test("deploys of a project, and again for a program by the same contract", async () => {
  const project = join(place.directory, "project.json");
  const version = { vmType: "zkwasm", code: guest("fibonacci") };
  const versions = [{ ...version, version: "1" }, {
    ...version,
    version: "2",
    codeExpParam: param,
  }];
  await writeFile(project, JSON.stringify({ versions }));
  const first = await run([project, "--project-version", "2"]);
  expect({ code: first.code, out: first.out }).toMatchObject({ code: 0 });
  const deployed = JSON.parse(first.out);
  expect(deployed).toMatchObject({ imageId: vector.imageId, class: "small", bindingKind: "tag" });

  const source = join(generated, "UnsafeTestSetupZkWasmSmallVerifier.sol");
  const others: [string[], unknown][] = [
    [["--verifier", deployed.verifier], deployed.verifier],
    [["--source", source], expect.not.stringMatching(deployed.verifier)],
  ];
  const { reader } = await connectChain(anvil.url);
  const takes = (address: Address, programId: `0x${string}`) =>
    reader.readContract({
      address,
      abi: zkWasmAdapterAbi,
      functionName: "verify",
      args: [programId, vector.publicValues as Address, vector.proof as Address],
    });
  expect(await takes(deployed.adapter, deployed.programId)).toBe(true);
  for (const [args, verifier] of others) {
    const again = JSON.parse((await run([guest("fibonacci"), "--param", param, ...args])).out);
    expect(again).toMatchObject({ verifier, programId: deployed.programId });
    expect(await takes(again.adapter, deployed.programId)).toBe(true);
  }
}, 600_000);

test("refuses a test setup on another chain, and what has no such proofs", async () => {
  const real = await startAnvil({ chainId: 4690 });
  try {
    const { code, out } = await run([guest("fibonacci"), "--param", param], real.url);
    expect({ code, out }).toMatchObject({ code: 1 });
    expect(out).toMatch(/test setup whose secret is public.*chain 4690/);
  } finally {
    await real.stop();
  }
  const refusals: [string[], RegExp][] = [
    [[guest("fibonacci")], /contracts can't check its proofs.*codeExpParam/],
    [[guest("fibonacci"), "--param", '{"profile":"wrap","class":"huge"}'], /must be like/],
    [[guest("risc0_meter").replace(".wasm", ".bin"), "--param", param], /can't check its proofs/],
    [[guest("fibonacci"), "--project-version", "1"], /is for a project.json/],
    [[guest("fibonacci"), "--param", param, "--verifier", "0x1"], /address/],
  ];
  for (const [args, reason] of refusals) {
    const { code, out, err } = await run(args);
    expect({ args, said: out + err }).toEqual({ args, said: expect.stringMatching(reason) });
    expect(code).not.toBe(0);
  }
}, 600_000);

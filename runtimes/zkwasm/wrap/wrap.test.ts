/** Proofs for chains: their check by the module, and their making by the native library. */
import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { programIdOf } from "../../../src/protocol/task.ts";
import { slow } from "../../../tests/slow.ts";
import { createRuntimes } from "../../index.ts";
import type { Receipt } from "../../runtime.ts";
import { context, inputOf, never } from "../../testing/rig.ts";
import { provingOfParam } from "../profile.ts";
import { installedLibrary } from "./installed.ts";

const root = new URL("../../../", import.meta.url);
const guest = async (name: string) =>
  new Uint8Array(await readFile(new URL(`wasm/dist/guests/${name}.wasm`, root)));

async function withProgram<T>(
  name: string,
  param: string,
  use: (program: Awaited<ReturnType<ReturnType<typeof createRuntimes>["load"]>>) => Promise<T>,
  allowTestSetups = true,
): Promise<T> {
  const runtimes = createRuntimes({ workers: 1, allowTestSetups });
  try {
    const code = await guest(name);
    const programId = programIdOf(code, param);
    return await use(await runtimes.load({ vmType: "zkwasm", code, param, programId }, never));
  } finally {
    await runtimes.close();
  }
}

const small = '{"profile":"wrap","class":"small"}';

describe("the module that checks proofs for chains", () => {
  test("takes the committed proof, for its program and statement alone", async () => {
    const path = new URL("contracts/test/vectors/zkwasm-wrap-small.json", root);
    const vector = JSON.parse(await readFile(path, "utf8"));
    const bytes = (hex: string) => Uint8Array.fromHex(hex.slice(2));
    await withProgram("fibonacci", small, async (program) => {
      const { imageId, proofBytes, unsafeTestSetup, bindingKind } = program.info;
      expect(imageId).toBe(vector.imageId);
      expect(unsafeTestSetup).toBe(true);
      const { programId } = program.spec;
      const publicValues = bytes(vector.publicValues), proof = bytes(vector.proof);
      expect(proofBytes).toBe(proof.length);
      const receipt: Receipt = {
        vmType: "zkwasm",
        programId,
        imageId,
        bindingKind,
        publicValues,
        proof,
      };
      expect(await program.verify(receipt, never)).toEqual({ verdict: "valid" });
      expect(program.statement(receipt)?.binding).toBe(vector.binding);
      const refused = async (change: Partial<Receipt>) =>
        expect((await program.verify({ ...receipt, ...change }, never)).verdict).toBe("invalid");
      const flipped = (whole: Uint8Array, at: number) => whole.map((b, i) => i === at ? b ^ 1 : b);
      for (const at of [1, 2, 33, 34, 65, 73, 81, publicValues.length - 1]) {
        await refused({ publicValues: flipped(publicValues, at) });
      }
      for (let at = 0; at < proof.length; at += 331) await refused({ proof: flipped(proof, at) });
      await refused({ proof: proof.slice(32) });
      await refused({ proof: new Uint8Array(proof.length) });
    });
  }, 120_000);

  test("refuses what is no key, and test setups on real chains", async () => {
    const none = withProgram(
      "fibonacci",
      '{"profile":"wrap","key":"AAAA"}',
      () => Promise.resolve(),
    );
    await expect(none).rejects.toThrow(/verifying key is/);
    const tiny = small.replace("small", "tiny");
    const real = withProgram("fibonacci", tiny, () => Promise.resolve(), false);
    await expect(real).rejects.toThrow(/test setup/);
  }, 120_000);
});

test("a codeExpParam is refused that asks for what there isn't", () => {
  for (
    const param of [
      '{"profile":"other"}',
      '{"profile":"wrap","class":"huge"}',
      '{"profile":"wrap","key":"?"}',
      '{"profile":"fast","class":"small"}',
      '{"profile":"wrap"',
    ]
  ) expect(() => provingOfParam(param)).toThrow(/codeExpParam must be like/);
  expect(provingOfParam('{"profile":"wrap"}')).toEqual({
    profile: "wrap",
    class: "small",
    key: new Uint8Array(0),
  });
  expect(provingOfParam("")).toEqual({ profile: "zk" });
});

test.skipIf(!slow || !installedLibrary())(
  "a run is proven and wrapped by the native library, and the module verifies",
  async () => {
    await withProgram("fibonacci", '{"profile":"wrap","class":"tiny"}', async (program) => {
      const phases: string[] = [];
      const input = inputOf('{"public_input":[10]}');
      const receipt = await program.prove(
        input,
        context,
        never,
        ({ phase }) => void phases.push(phase),
      );
      expect(phases).toEqual(["execute", "stark", "keys", "wrap"]);
      expect(receipt.proof.length).toBe(program.info.proofBytes as number);
      expect(await program.verify(receipt, never)).toEqual({ verdict: "valid" });
      const long = program.prove(inputOf('{"public_input":[10000]}'), context, never);
      await expect(long).rejects.toThrow(/class Tiny/);
    });
  },
  1_200_000,
);

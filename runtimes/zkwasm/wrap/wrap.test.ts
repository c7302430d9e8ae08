/** Proofs for chains, checked by the module. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { programIdOf } from "../../../src/protocol/task.ts";
import { createRuntimes } from "../../index.ts";
import type { Receipt } from "../../runtime.ts";
import { never } from "../../testing/rig.ts";

const root = new URL("../../../", import.meta.url);
const guest = async (name: string) =>
  new Uint8Array(await readFile(new URL(`wasm/dist/guests/${name}.wasm`, root)));

/** A cache of its own, so that programs are loaded, not found. */
const { XDG_CACHE_HOME } = process.env;
beforeAll(async () => {
  process.env.XDG_CACHE_HOME = await mkdtemp(join(tmpdir(), "cache-"));
});
afterAll(async () => {
  await rm(process.env.XDG_CACHE_HOME ?? "", { recursive: true, force: true });
  if (XDG_CACHE_HOME === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = XDG_CACHE_HOME;
});

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
  }, 600_000);

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
  }, 600_000);
});

/** The native build of the prover beside its module; `ZKWASM_NATIVE` is where it was built. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { Engine } from "./engine.ts";
import { compileProver, WasmLibrary } from "./module.ts";
import { openNativeProver } from "./native.ts";

const path = process.env.ZKWASM_NATIVE ?? "";
const request = { public: [7n], private: [3n, 4n], binding: `0x${"07".repeat(32)}` } as const;

describe.skipIf(path === "")("the native prover", () => {
  test("gives the module's image ids, and each verifies the other's proofs", async () => {
    const guest = new URL("../../wasm/dist/guests/sum.wasm", import.meta.url);
    const code = new Uint8Array(await readFile(guest));
    const sha256 = `0x${createHash("sha256").update(await readFile(path)).digest("hex")}`;
    const native = new Engine(await openNativeProver({ path, sha256 }));
    const module = new Engine(new WasmLibrary(await compileProver()));
    for (const profile of ["fast", "zk"] as const) {
      const [a, b] = [native.load(code, profile), module.load(code, profile)];
      expect(a.imageId).toBe(b.imageId);
      const ours = native.prove(a.handle, request);
      const theirs = module.prove(b.handle, request);
      expect(ours.publicValues).toEqual(theirs.publicValues);
      for (const proven of [ours, theirs]) {
        expect(native.verify(proven, profile)).toBeUndefined();
        expect(module.verify(proven, profile)).toBeUndefined();
      }
      native.unload(a.handle);
    }
    expect(() => native.load(code.slice(1), "zk")).toThrow(/invalid module/);
    expect(native.verify({ publicValues: new Uint8Array(0), proof: new Uint8Array(0) })).toBe(
      "its profile is unknown",
    );
  }, 300_000);
});

/** Checks of ZkWasm proofs in child processes; `path` is where the native prover was built. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import process from "node:process";
import { programIdOf } from "../../src/protocol/task.ts";
import { createRuntimes } from "../index.ts";
import type { Program } from "../runtime.ts";
import { type Check, context, fails, inputOf, never, sleep } from "./rig.ts";

export function nativeProverChecks(path: string): Check[] {
  const code = new Uint8Array(
    readFileSync(new URL("../../wasm/dist/guests/fibonacci.wasm", import.meta.url)),
  );
  const hash = () => `0x${createHash("sha256").update(readFileSync(path)).digest("hex")}`;
  const check = (
    name: string,
    run: (load: (param: string) => Promise<Program>, usage: () => number) => Promise<void>,
    { sha256 = hash(), timeoutSeconds = 120 } = {},
  ): Check => ({
    name: `zkwasm natively: ${name}`,
    async run() {
      const source = { path: relative(process.cwd(), path), sha256 };
      const runtimes = createRuntimes({
        workers: 1,
        timeoutSeconds,
        nativeLibraries: { zkwasm: source },
      });
      const load = (param: string) => {
        const programId = programIdOf(code, param);
        return runtimes.load({ vmType: "zkwasm", code, param, programId }, never);
      };
      try {
        await run(load, () => runtimes.usage().running);
      } finally {
        await runtimes.close();
      }
    },
  });
  const of = (number: number) => inputOf(JSON.stringify({ public_input: [number] }));
  return [
    check("proves under both profiles, and the module verifies", async (load) => {
      for (const param of ['{"profile":"fast"}', ""]) {
        const program = await load(param);
        const receipt = await program.prove(of(10), context, never);
        assert.deepEqual(await program.verify(receipt, never), { verdict: "valid" });
      }
      const program = await load("");
      const refused = program.prove(inputOf("{}"), context, never);
      await fails(refused, "input", /no public input is left/);
    }),
    check("a proof that nobody wants any more is killed", async (load, usage) => {
      const program = await load("");
      await program.prove(of(10), context, never);
      const abort = new AbortController();
      const proof = program.prove(of(10_000), context, abort.signal);
      await sleep(500);
      assert.equal(usage(), 1);
      abort.abort(new Error("enough"));
      await assert.rejects(proof, /enough/);
      assert.equal(usage(), 0);
      await program.prove(of(10), context, never);
    }),
    check("a proof that takes too long is killed", async (load) => {
      // A busy machine may need more than the limit to load it.
      const patiently = (tries: number): ReturnType<typeof load> =>
        load("").catch((error) => {
          if (tries === 0) throw error;
          return patiently(tries - 1);
        });
      const program = await patiently(30);
      await fails(program.prove(of(10_000), context, never), "timeout", /longer than 1 s/);
    }, { timeoutSeconds: 1 }),
    check("a library whose hash is another is not opened", async (load) => {
      const program = await load("");
      await fails(program.prove(of(1), context, never), "unsupported", /has hash 0x/);
    }, { sha256: `0x${"00".repeat(32)}` }),
  ];
}

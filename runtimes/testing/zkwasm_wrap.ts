/** Checks of ZkWasm proofs for chains; those that make some take minutes. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { programIdOf } from "../../src/protocol/task.ts";
import type { NativeSource } from "../native.ts";
import type { Program, Progress, Runtime } from "../runtime.ts";
import { zkwasmRuntime } from "../zkwasm/index.ts";
import { keysFolder } from "../zkwasm/wrap/installed.ts";
import { type Check, context, fails, inputOf, mib, never, sleep } from "./rig.ts";

const tiny = '{"profile":"wrap","class":"tiny"}';
const input = inputOf('{"public_input":[10]}');

function check(
  name: string,
  run: (program: Program, runtime: Runtime) => Promise<void>,
  { native, memoryBytes = 4096 * mib }: { native?: NativeSource; memoryBytes?: number } = {},
): Check {
  return {
    name: `zkwasm for chains: ${name}`,
    async run() {
      const guest = new URL("../../wasm/dist/guests/fibonacci.wasm", import.meta.url);
      const code = new Uint8Array(await readFile(guest));
      const spec = { vmType: "zkwasm", code, param: tiny, programId: programIdOf(code, tiny) };
      const runtime = zkwasmRuntime({
        workers: 2,
        limits: { memoryBytes, timeoutSeconds: 1800 },
        wrap: { native: () => native, keys: { setup: "", folder: keysFolder() } },
      });
      try {
        await run(await runtime.load({ ...spec, vmType: "zkwasm" }, never), runtime);
      } finally {
        await runtime.close();
      }
    },
  };
}

/** Those that need no library. */
export const wrapChecks: Check[] = [
  check("a node without the library checks programs, and says how to prove them", async (
    program,
    runtime,
  ) => {
    assert.ok(program.info.unsafeTestSetup);
    assert.equal(program.info.name, "zkwasm wrap");
    assert.match(runtime.unable?.(program.spec) ?? "", /bun run build:native wrap/);
    assert.equal(runtime.unable?.({ ...program.spec, param: "" }), undefined);
    assert.equal(runtime.unable?.({ ...program.spec, param: "{" }), undefined);
    const room = runtime.room?.(program.spec);
    assert.ok(room && room.size >= 1 && room.size <= 2);
    assert.equal(runtime.room?.({ ...program.spec, param: '{"profile":"wrap"}' }), room);
    assert.equal(runtime.room?.({ ...program.spec, param: "" }), undefined);
    await fails(program.prove(input, context, never), "unsupported", /build:native wrap/);
  }),
  check("a node says what else it lacks", async (program, runtime) => {
    const { spec } = program;
    assert.match(runtime.unable?.(spec) ?? "", /PROVER_MEMORY_MB=3200/);
    await fails(program.prove(input, context, never), "unsupported", /PROVER_MEMORY_MB/);
    const param = '{"profile":"wrap","key":"DAEC"}';
    assert.match(runtime.unable?.({ ...spec, param }) ?? "", /WRAP_SETUP/);
  }, { native: { path: "absent.so", sha256: "0x" }, memoryBytes: 1024 * mib }),
];

/** @param native the library */
export function wrapProverChecks(native: NativeSource): Check[] {
  return [
    check("proves again with the keys at hand, and refuses what does not fit", async (program) => {
      const phases: Progress[] = [];
      const receipt = await program.prove(input, context, never, (p) => phases.push(p));
      const names = [...new Set(phases.map(({ phase }) => phase))];
      assert.deepEqual(names.slice(-4), ["execute", "stark", "keys", "wrap"]);
      assert.equal(receipt.proof.length, program.info.proofBytes);
      assert.deepEqual(await program.verify(receipt, never), { verdict: "valid" });
      const proof = receipt.proof.slice();
      proof[100] = (proof[100] ?? 0) ^ 1;
      assert.equal((await program.verify({ ...receipt, proof }, never)).verdict, "invalid");

      await fails(
        program.prove(inputOf('{"public_input":[10000]}'), context, never),
        "trap",
        /class Tiny/,
      );
      await fails(program.prove(inputOf("{}"), context, never), "input", /no public input is left/);

      let keysAt = 0, wrapAt = 0;
      const other = await program.prove(input, context, never, ({ phase }) => {
        if (phase === "keys") keysAt = performance.now();
        if (phase === "wrap") wrapAt = performance.now();
      });
      // Read anew, the keys take many seconds.
      assert.ok(wrapAt - keysAt < 2000, `the keys took ${wrapAt - keysAt} ms`);
      assert.deepEqual(other.publicValues, receipt.publicValues);
      assert.notDeepEqual(other.proof, receipt.proof);
      assert.deepEqual(await program.verify(other, never), { verdict: "valid" });
    }, { native }),
    check("a proof that nobody wants any more is killed", async (program, runtime) => {
      const abort = new AbortController();
      let phase = "";
      const proof = program.prove(input, context, abort.signal, (p) => phase = p.phase);
      proof.catch(() => {});
      while (phase !== "wrap") await sleep(50);
      assert.equal(runtime.usage?.().running, 1);
      abort.abort(new Error("enough"));
      await assert.rejects(proof, /enough/);
      assert.equal(runtime.usage?.().running, 0);
    }, { native }),
  ];
}

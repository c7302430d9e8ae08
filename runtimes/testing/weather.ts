/** Checks with the real sample circuit. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { bytesToHex, hexToBytes } from "viem";
import { bindingOf } from "../../src/protocol/task.ts";
import { createRuntimes } from "../index.ts";
import { type Program, ProgramError, type Receipt } from "../runtime.ts";
import { type Check, context, inputOf, never, spec } from "./rig.ts";

export const weatherCode = new Uint8Array(
  readFileSync(new URL("../../wasm/dist/weather_halo2.wasm", import.meta.url)),
);
/** Order of the field that public values are elements of. */
const modulus = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;
const readings = (count: number) =>
  inputOf(...Array.from({ length: count }, (_, i) => JSON.stringify({ value: 20 + i / 10 })));

function words(receipt: Receipt): bigint[] {
  const hex = bytesToHex(receipt.publicValues).slice(2);
  return (hex.match(/.{64}/g) ?? []).map((word) => BigInt(`0x${word}`));
}
const ofWords = (values: bigint[]) =>
  hexToBytes(`0x${values.map((value) => value.toString(16).padStart(64, "0")).join("")}`);

/** One process proves, for all of these. */
export function weatherChecks(): Check[] {
  const runtimes = createRuntimes({ workers: 1, allowTestSetups: true });
  let program: Program, receipt: Receipt;
  const refused = async (changed: Partial<Receipt>) => {
    const verdict = await program.verify({ ...receipt, ...changed }, never);
    assert.equal(verdict.verdict, "invalid", JSON.stringify(Object.keys(changed)));
  };
  const check = (name: string, run: () => Promise<void>) => ({ name: `weather: ${name}`, run });
  return [
    check("loads, and says what it is", async () => {
      program = await runtimes.load(spec(weatherCode), never);
      const { name, bindingKind, maxMessages, verifiable } = program.info;
      assert.deepEqual([name, bindingKind, maxMessages, verifiable], ["weather", "data", 16, true]);
    }),
    check("proves a full task, and the public values say what was proved", async () => {
      const input = readings(16);
      const phases = new Set<string>();
      receipt = await program.prove(input, context, never, ({ phase }) => phases.add(phase));
      assert.deepEqual(await program.verify(receipt, never), { verdict: "valid" });
      assert.deepEqual(program.statement(receipt), {
        inputCommitment: await program.commit(input, never),
        binding: bindingOf(context.taskId, context.prover),
      });
      // Tenths, in offset binary: 20.0 to 21.5 with a mean of 20.75, rounded down.
      assert.deepEqual(words(receipt).slice(0, 4), [
        207n + 32768n,
        200n + 32768n,
        215n + 32768n,
        16n,
      ]);
      assert.deepEqual([...phases], ["load", "commit", "prove", "verify"]);
    }),
    check("proves a single reading", async () => {
      const one = await program.prove(readings(1), context, never);
      assert.equal(words(one)[3], 1n);
      assert.equal((await program.verify(one, never)).verdict, "valid");
      // Neither half of one receipt goes with the other half of another.
      await refused({ publicValues: one.publicValues });
      await refused({ proof: one.proof });
    }),
    check("each changed public value is refused", async () => {
      const values = words(receipt);
      for (const i of values.keys()) {
        await refused({ publicValues: ofWords(values.with(i, (values[i] as bigint) + 1n)) });
        // The same field element written another way.
        await refused({ publicValues: ofWords(values.with(i, (values[i] as bigint) + modulus)) });
      }
      await refused({ publicValues: ofWords(values.slice(0, -1)) });
      await refused({ publicValues: ofWords([...values, 0n]) });
      await refused({ publicValues: new Uint8Array(0) });
    }),
    check("each kind of changed proof is refused", async () => {
      const { proof } = receipt;
      for (let at = 0; at < proof.length; at += 97) {
        const changed = proof.slice();
        changed[at] = (changed[at] as number) ^ 1;
        await refused({ proof: changed });
      }
      for (const other of [proof.slice(0, -1), new Uint8Array([...proof, 0]), new Uint8Array(0)]) {
        await refused({ proof: other });
      }
      await refused({ proof: new Uint8Array(proof.length) });
      await refused({ proof: new Uint8Array(proof.length).fill(0xff) });
    }),
    check("a receipt of another program, machine, key or binding is refused", async () => {
      await refused({ vmType: "risc0" });
      await refused({ programId: `0x${"00".repeat(32)}` });
      await refused({ imageId: `0x${"00".repeat(32)}` });
      await refused({ bindingKind: "none" });
    }),
    check("another prover's or task's binding is another one", async () => {
      const claims = program.statement(receipt);
      assert.notEqual(claims?.binding, bindingOf(context.taskId, `0x${"23".repeat(20)}`));
      assert.notEqual(claims?.binding, bindingOf(`0x${"12".repeat(32)}`, context.prover));
      const salted = { ...readings(16), salt: new Uint8Array(32).fill(8) };
      assert.notEqual(claims?.inputCommitment, await program.commit(salted, never));
    }),
    check("public values of the wrong shape state nothing", async () => {
      const values = words(receipt);
      const odd = [values.slice(1), values.with(5, 1n << 128n), values.with(6, 1n << 200n)];
      for (const changed of odd) {
        assert.equal(program.statement({ ...receipt, publicValues: ofWords(changed) }), undefined);
      }
    }),
    check("what it can't prove is refused as input, without its values", async () => {
      const bad = [
        readings(17),
        inputOf(),
        inputOf('{"value":98765.4}'),
        inputOf('{"value":"hot-98765"}'),
        inputOf('{"reading":1}'),
        inputOf("not json 98765"),
      ];
      for (const input of bad) {
        for (const method of ["commit", "prove"] as const) {
          const attempt = method === "commit"
            ? program.commit(input, never)
            : program.prove(input, context, never);
          const error = await attempt.then(() => undefined, (error) => error);
          assert.ok(error instanceof ProgramError && error.kind === "input", String(error));
          assert.ok(!error.message.includes("98765"), error.message);
        }
      }
    }),
    { name: "weather: ends", run: () => runtimes.close() },
  ];
}

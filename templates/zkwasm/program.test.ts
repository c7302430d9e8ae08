/** Runs the program as any WebAssembly module, without proving: `bun test` in this folder. */
import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const bytes = await readFile(join(import.meta.dirname, "program.wasm"));

/** The outputs after the commitment. @throws when the program refuses its input */
async function run(publics: bigint[], privates: bigint[]): Promise<bigint[]> {
  const salt = [1n, 2n, 3n, 4n];
  const counts = [BigInt(publics.length), BigInt(privates.length)];
  const inputs = [[...salt, ...counts, ...privates], [...publics]];
  const outputs: bigint[] = [];
  const refuse = () => {
    throw new Error("refused");
  };
  const env = {
    wasm_input: (kind: number) => inputs[kind]?.shift() ?? refuse(),
    wasm_output: (value: bigint) => void outputs.push(value),
    require: (holds: number) => holds ? undefined : refuse(),
    abort: refuse,
  };
  const { instance } = await WebAssembly.instantiate(bytes, { env });
  (instance.exports.zkmain as () => void)();
  return outputs.slice(4);
}

test("takes readings that add up, and says how many they are", async () => {
  expect(await run([63n], [20n, 21n, 22n])).toEqual([3n]);
  expect(await run([-1n], [20n, -21n])).toEqual([2n]);
});

test("refuses another sum, and what no meter gives", async () => {
  await expect(run([64n], [20n, 21n, 22n])).rejects.toThrow("refused");
  await expect(run([100_001n], [100_001n])).rejects.toThrow("refused");
  await expect(run([0n], [])).rejects.toThrow("refused");
});

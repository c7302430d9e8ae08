/** A worker that interprets packers: `wasm/packer` bounds what they can do. */
import { readFile } from "node:fs/promises";
import { ProgramError } from "../../../runtimes/runtime.ts";
import { serveWork } from "../../../runtimes/worker.ts";

export interface RunArgs {
  readonly code: Uint8Array;
  readonly input: Uint8Array;
  readonly fuel: bigint;
  /** Bytes of the packer's memory, and most of its answer. */
  readonly memory: number;
  readonly answer: number;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  packer_alloc(length: number): number;
  packer_run(
    code: number,
    codeLength: number,
    input: number,
    inputLength: number,
    fuel: bigint,
    memory: number,
    answer: number,
  ): number;
  packer_answer(): number;
  packer_answer_len(): number;
}

const path = new URL("../../../wasm/dist/packer.wasm", import.meta.url);
const module = readFile(path).then((bytes) => WebAssembly.compile(new Uint8Array(bytes)));

serveWork(async (_, args) => {
  const { code, input, fuel, memory, answer } = args as RunArgs;
  // An instance a run: its memory never shrinks, and nothing of one project reaches another.
  const instance = new WebAssembly.Instance(await module);
  const interpreter = instance.exports as unknown as Exports;
  const put = (bytes: Uint8Array): [number, number] => {
    const at = interpreter.packer_alloc(bytes.length);
    new Uint8Array(interpreter.memory.buffer).set(bytes, at >>> 0);
    return [at, bytes.length];
  };
  const status = interpreter.packer_run(...put(code), ...put(input), fuel, memory, answer);
  const at = interpreter.packer_answer() >>> 0;
  const said = new Uint8Array(interpreter.memory.buffer, at, interpreter.packer_answer_len());
  if (status !== 0) throw new ProgramError("input", new TextDecoder().decode(said));
  return said.slice();
});

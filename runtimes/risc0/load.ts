/** From a project's code to a program that is named, by the committed module. */
import { readFile } from "node:fs/promises";
import { capMemory } from "../halo2/memory.ts";
import { programOf } from "./code.ts";
import type { Engine } from "./engine.ts";
import { type Kernel, parseParam } from "./param.ts";
import type { Loaded } from "./program.ts";

const dist = new URL("../../wasm/dist/", import.meta.url);
/** A program's image is a tree in memory, 40 bytes a word: this is room for 16 MiB of program. */
const memoryBytes = 768 * 1024 * 1024;

/** The module that names programs and checks receipts, bounded in memory. */
export async function compileChecker(): Promise<WebAssembly.Module> {
  const bytes = await readFile(new URL("risc0.wasm", dist));
  return await WebAssembly.compile(capMemory(bytes, memoryBytes));
}

/**
 * Reads a program, joins it with a kernel where it has none, and names it.
 * @param code as the project file gives it, decoded
 * @param param its `codeExpParam`
 * @throws {ProgramError} `load`
 */
export async function loadProgram(
  engine: Engine,
  code: Uint8Array,
  param: string,
): Promise<Loaded> {
  const program = programOf(code, parseParam(param));
  const kernel = program.kind === "elf" ? program.kernel : undefined;
  const binary = kernel ? engine.combine(program.bytes, await kernelOf(kernel)) : program.bytes;
  const imageId = engine.imageId(binary);
  return { binary, imageId, declaredImageId: program.fileImageId, kernel };
}

/** Nothing for the stock kernel, which the library has. */
const kernelOf = async (kernel: Kernel): Promise<Uint8Array | undefined> =>
  kernel === "v1compat"
    ? undefined
    : new Uint8Array(await readFile(new URL("risc0_kernel_sprout.elf", dist)));

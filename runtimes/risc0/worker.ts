/** A worker that names programs and checks receipts for `risc0Runtime`. */
import { readFile } from "node:fs/promises";
import { capMemory } from "../halo2/memory.ts";
import { ProgramError } from "../runtime.ts";
import { serveWork } from "../worker.ts";
import { programOf } from "./code.ts";
import { Engine } from "./engine.ts";
import { WasmRisc0 } from "./module.ts";
import { parseParam } from "./param.ts";
import type { Loaded, Proof } from "./program.ts";

/** What each method takes. */
export interface WorkArgs {
  /** For `load`. */
  readonly spec?: { readonly code: Uint8Array; readonly param: string };
  /** For `verify`. */
  readonly verify?: Proof & { readonly imageId: Uint8Array };
  /** For `takeApart`: a receipt in risc0's own encoding. */
  readonly receipt?: Uint8Array;
}

const dist = new URL("../../wasm/dist/", import.meta.url);
/** A program's image is a tree in memory, 40 bytes a word: this is room for 16 MiB of program. */
const memoryBytes = 768 * 1024 * 1024;
/** An instance whose memory has grown beyond this is not used again, for it never shrinks. */
const keepBelow = 256 * 1024 * 1024;

let compiled: WebAssembly.Module | undefined;
let opened: { readonly engine: Engine; readonly library: WasmRisc0 } | undefined;

async function openEngine(): Promise<Engine> {
  const usable = opened && !opened.engine.broken && opened.library.memoryBytes <= keepBelow;
  if (opened && usable) return opened.engine;
  const bytes = await readFile(new URL("risc0.wasm", dist));
  const module = compiled ??= await WebAssembly.compile(capMemory(bytes, memoryBytes));
  const library = new WasmRisc0(module);
  opened = { engine: new Engine(library), library };
  return opened.engine;
}

async function load(engine: Engine, { code, param }: NonNullable<WorkArgs["spec"]>) {
  const program = programOf(code, parseParam(param));
  const binary = program.kind === "binary"
    ? program.bytes
    : engine.combine(program.bytes, await kernelOf(program.kernel));
  const loaded: Loaded = {
    binary,
    imageId: engine.imageId(binary),
    declaredImageId: program.fileImageId,
  };
  return loaded;
}

/** Nothing for the stock kernel, which the library has. */
const kernelOf = async (kernel: "v1compat" | "sprout"): Promise<Uint8Array | undefined> =>
  kernel === "v1compat"
    ? undefined
    : new Uint8Array(await readFile(new URL("risc0_kernel_sprout.elf", dist)));

serveWork(async (method, args) => {
  const { spec, verify, receipt } = args as WorkArgs;
  const engine = await openEngine();
  if (method === "load" && spec) return await load(engine, spec);
  if (method === "verify" && verify) {
    return { reason: engine.verify(verify.proof, verify.journal, verify.imageId) };
  }
  if (method === "takeApart" && receipt) return engine.takeApart(receipt);
  throw new ProgramError("crash", `has no method ${method}`);
});

/** A worker that names programs and checks receipts for `risc0Runtime`. */
import { ProgramError } from "../runtime.ts";
import { serveWork } from "../worker.ts";
import { Engine } from "./engine.ts";
import { compileChecker, loadProgram } from "./load.ts";
import { WasmRisc0 } from "./module.ts";
import type { Proof } from "./program.ts";

/** What each method takes. */
export interface WorkArgs {
  /** For `load`. */
  readonly spec?: { readonly code: Uint8Array; readonly param: string };
  /** For `verify`. */
  readonly verify?: Proof & { readonly imageId: Uint8Array };
  /** For `takeApart`: a receipt in risc0's own encoding. */
  readonly receipt?: Uint8Array;
}

/** An instance whose memory has grown beyond this is not used again, for it never shrinks. */
const keepBelow = 256 * 1024 * 1024;

let compiled: WebAssembly.Module | undefined;
let opened: { readonly engine: Engine; readonly library: WasmRisc0 } | undefined;

async function openEngine(): Promise<Engine> {
  const usable = opened && !opened.engine.broken && opened.library.memoryBytes <= keepBelow;
  if (opened && usable) return opened.engine;
  const library = new WasmRisc0(compiled ??= await compileChecker());
  opened = { engine: new Engine(library), library };
  return opened.engine;
}

serveWork(async (method, args) => {
  const { spec, verify, receipt } = args as WorkArgs;
  const engine = await openEngine();
  if (method === "load" && spec) return await loadProgram(engine, spec.code, spec.param);
  if (method === "verify" && verify) {
    return { reason: engine.verify(verify.proof, verify.journal, verify.imageId) };
  }
  if (method === "takeApart" && receipt) return engine.takeApart(receipt);
  throw new ProgramError("crash", `has no method ${method}`);
});

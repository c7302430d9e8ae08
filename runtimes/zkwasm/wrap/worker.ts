/** A worker that loads programs whose proofs are wrapped, and verifies these. */
import { ProgramError } from "../../runtime.ts";
import { checkCancelled, serveWork } from "../../worker.ts";
import type { Proven } from "../engine.ts";
import { compileModule, WasmLibrary, wrapModule } from "../module.ts";
import { WrapEngine, type Wrapping } from "./engine.ts";

export interface WrapWork {
  readonly wrapping: Wrapping;
  /** For `load`. */
  readonly code?: Uint8Array;
  /** For `verify`. */
  readonly proven?: Proven;
}

let compiled: WebAssembly.Module | undefined;
let opened: WrapEngine | undefined;
/** What the running job does at each of the prover's steps. */
let onStep = () => {};

serveWork(async (method, args, job) => {
  const { wrapping, code, proven } = args as WrapWork;
  onStep = () => checkCancelled(job);
  compiled ??= await compileModule(wrapModule);
  if (!opened || opened.broken) {
    opened = new WrapEngine(new WasmLibrary(compiled, undefined, { onStep: () => onStep() }));
  }
  if (method === "verify" && proven) return { reason: opened.verify(proven, wrapping) };
  if (method === "load" && code) {
    const loaded = opened.load(code, wrapping);
    opened.unload(loaded.handle);
    return loaded;
  }
  throw new ProgramError("crash", `has no method ${method}`);
});

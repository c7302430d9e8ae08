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

/** An instance whose memory has grown beyond this, as by a load, is let go, for it never shrinks. */
const keepBelow = 128 * 1024 * 1024;

let compiled: WebAssembly.Module | undefined;
let opened: { readonly engine: WrapEngine; readonly library: WasmLibrary } | undefined;
/** What the running job does at each of the prover's steps. */
let onStep = () => {};

serveWork(async (method, args, job) => {
  const { wrapping, code, proven } = args as WrapWork;
  onStep = () => checkCancelled(job);
  compiled ??= await compileModule(wrapModule);
  if (!opened || opened.engine.broken) {
    const library = new WasmLibrary(compiled, undefined, { onStep: () => onStep() });
    opened = { engine: new WrapEngine(library), library };
  }
  const { engine, library } = opened;
  try {
    if (method === "verify" && proven) return { reason: engine.verify(proven, wrapping) };
    if (method === "load" && code) {
      const loaded = engine.load(code, wrapping);
      engine.unload(loaded.handle);
      return loaded;
    }
    throw new ProgramError("crash", `has no method ${method}`);
  } finally {
    if (library.memoryBytes > keepBelow) opened = undefined;
  }
});

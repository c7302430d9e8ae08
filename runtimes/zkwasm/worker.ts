/** A worker that loads, proves and verifies for `zkwasmRuntime`. */
import { ProgramError } from "../runtime.ts";
import { checkCancelled, type Job, serveWork } from "../worker.ts";
import { Engine, type LoadedModule, type Proven, type RunRequest } from "./engine.ts";
import { compileProver, WasmLibrary } from "./module.ts";
import type { StarkProfile } from "./profile.ts";
import { proveRun } from "./proving.ts";

/** A program, and what the prover's own memory is capped at. */
export interface Source {
  readonly programId: string;
  readonly code: Uint8Array;
  readonly profile: StarkProfile;
  readonly memoryBytes: number;
}

export interface WorkArgs {
  readonly source: Source;
  /** For `prove`. */
  readonly request?: RunRequest;
  /** For `verify`. */
  readonly proven?: Proven;
}

/** Programs kept loaded. */
const maxPrograms = 4;
/** An instance whose memory has grown beyond this is not used again, for it never shrinks. */
const keepBelow = 512 * 1024 * 1024;

let compiled: { readonly memoryBytes: number; readonly module: WebAssembly.Module } | undefined;
let opened: { readonly engine: Engine; readonly library: WasmLibrary } | undefined;
/** What the running job does at each of the prover's steps. */
let onStep = () => {};
/** Least recently used first. */
const programs = new Map<string, LoadedModule>();

async function openEngine(memoryBytes: number): Promise<Engine> {
  if (opened && (opened.engine.broken || opened.library.memoryBytes > keepBelow)) {
    opened = undefined;
  }
  if (opened && compiled?.memoryBytes === memoryBytes) return opened.engine;
  if (compiled?.memoryBytes !== memoryBytes) {
    compiled = { memoryBytes, module: await compileProver(memoryBytes) };
  }
  programs.clear();
  const library = new WasmLibrary(compiled.module, memoryBytes, { onStep: () => onStep() });
  opened = { engine: new Engine(library), library };
  return opened.engine;
}

function open(engine: Engine, source: Source): LoadedModule {
  const known = programs.get(source.programId);
  programs.delete(source.programId);
  for (const [id, { handle }] of programs) {
    if (programs.size < maxPrograms) break;
    engine.unload(handle);
    programs.delete(id);
  }
  const program = known ?? engine.load(source.code, source.profile);
  programs.set(source.programId, program);
  return program;
}

function prove(engine: Engine, handle: number, request: RunRequest, job: Job): Proven {
  let phase = "", done = 0;
  onStep = () => {
    checkCancelled(job);
    if (phase === "prove") job.report({ phase, done: ++done, total: 0 });
  };
  return proveRun(engine, handle, request, (next) => {
    phase = next;
    checkCancelled(job);
    job.report({ phase, done: 0, total: 1 });
  });
}

serveWork(async (method, args, job) => {
  const { source, request, proven } = args as WorkArgs;
  onStep = () => checkCancelled(job);
  const engine = await openEngine(source.memoryBytes);
  if (method === "verify" && proven) return { reason: engine.verify(proven, source.profile) };
  const program = open(engine, source);
  if (method === "load") return program;
  if (method === "prove" && request) return prove(engine, program.handle, request, job);
  throw new ProgramError("crash", `has no method ${method}`);
});

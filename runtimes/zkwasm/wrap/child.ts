/** A child process that proves runs and wraps the proofs. */
import process from "node:process";
import { serveCalls } from "../../child.ts";
import type { NativeSource } from "../../native.ts";
import { ProgramError } from "../../runtime.ts";
import type { RunRequest } from "../engine.ts";
import { requireFailed, statuses } from "../statement.ts";
import { type KeySource, type LoadedWrapped, WrapEngine, type Wrapping } from "./engine.ts";
import { openNativeWrapper } from "./native.ts";

/** A program, and what proves it. */
export interface WrappedProgram {
  readonly programId: string;
  readonly native: NativeSource;
  readonly code: Uint8Array;
  readonly wrapping: Wrapping;
  readonly keys: KeySource;
}

/** Programs kept loaded, as to commit to a program's tables takes seconds. */
const maxPrograms = 2;

let engine: WrapEngine | undefined;
/** Least recently used first. */
const programs = new Map<string, LoadedWrapped>();

function load(opened: WrapEngine, { programId, code, wrapping }: WrappedProgram): LoadedWrapped {
  const known = programs.get(programId);
  programs.delete(programId);
  for (const [id, { handle }] of programs) {
    if (programs.size < maxPrograms) break;
    opened.unload(handle);
    programs.delete(id);
  }
  const program = known ?? opened.load(code, wrapping);
  programs.set(programId, program);
  return program;
}

serveCalls(async (source) => {
  const program = source as WrappedProgram;
  const { native, keys } = program;
  const opened = engine ??= new WrapEngine(await openNativeWrapper(native));
  return {
    call(method, args, report) {
      if (method !== "prove") throw new ProgramError("crash", `has no method ${method}`);
      const { request } = args as { request: RunRequest };
      const step = (phase: string) => report({ phase, done: 0, total: 1 });
      try {
        const { handle, unsafeTestSetup } = load(opened, program);
        step("execute");
        const { status } = opened.execute(handle, request);
        if (status !== 0) {
          const kind = status === requireFailed ? "input" : "trap";
          throw new ProgramError(kind, `the program ended with: ${statuses[status]}`);
        }
        step("stark");
        const stark = opened.stark(handle, request);
        step("keys");
        opened.prepare(handle, unsafeTestSetup ? { ...keys, setup: "" } : keys, stark);
        step("wrap");
        // The library verifies what it made.
        return opened.wrap(handle, stark);
      } finally {
        // After the answer is out.
        if (opened.broken) setTimeout(() => process.exit(1));
      }
    },
  };
});

/** A child process that proves with the native build of the prover. */
import process from "node:process";
import { serveCalls } from "../child.ts";
import type { NativeSource } from "../native.ts";
import { ProgramError } from "../runtime.ts";
import { Engine, type RunRequest } from "./engine.ts";
import { openNativeProver } from "./native.ts";
import type { StarkProfile } from "./profile.ts";
import { proveRun } from "./proving.ts";

/** A program, and what proves it. */
export interface NativeProgram {
  readonly native: NativeSource;
  readonly code: Uint8Array;
  readonly profile: StarkProfile;
}

let engine: Engine | undefined;

serveCalls(async (source) => {
  const { native, code, profile } = source as NativeProgram;
  const opened = engine ??= new Engine(await openNativeProver(native));
  return {
    call(method, args, report) {
      if (method !== "prove") throw new ProgramError("crash", `has no method ${method}`);
      const { request } = args as { request: RunRequest };
      try {
        // Loaded for each proof, as nobody says when a program is not wanted any more.
        const { handle } = opened.load(code, profile);
        try {
          return proveRun(opened, handle, request, (phase) => report({ phase, done: 0, total: 1 }));
        } finally {
          opened.unload(handle);
        }
      } finally {
        // After the answer is out.
        if (opened.broken) setTimeout(() => process.exit(1));
      }
    },
  };
});

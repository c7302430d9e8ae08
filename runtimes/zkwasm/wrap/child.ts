/** A child process that proves runs and wraps the proofs. */
import process from "node:process";
import { serveCalls } from "../../child.ts";
import type { NativeSource } from "../../native.ts";
import { ProgramError } from "../../runtime.ts";
import type { RunRequest } from "../engine.ts";
import { requireFailed, statuses } from "../statement.ts";
import { type KeySource, WrapEngine, type Wrapping } from "./engine.ts";
import { openNativeWrapper } from "./native.ts";

/** A program, and what proves it. */
export interface WrappedProgram {
  readonly native: NativeSource;
  readonly code: Uint8Array;
  readonly wrapping: Wrapping;
  readonly keys: KeySource;
}

let engine: WrapEngine | undefined;

serveCalls(async (source) => {
  const { native, code, wrapping, keys } = source as WrappedProgram;
  const opened = engine ??= new WrapEngine(await openNativeWrapper(native));
  return {
    call(method, args, report) {
      if (method !== "prove") throw new ProgramError("crash", `has no method ${method}`);
      const { request } = args as { request: RunRequest };
      const step = (phase: string) => report({ phase, done: 0, total: 1 });
      try {
        // Loaded for each proof, as nobody says when a program is not wanted any more.
        const { handle } = opened.load(code, wrapping);
        try {
          step("execute");
          const { status } = opened.execute(handle, request);
          if (status !== 0) {
            const kind = status === requireFailed ? "input" : "trap";
            throw new ProgramError(kind, `the program ended with: ${statuses[status]}`);
          }
          step("stark");
          const stark = opened.stark(handle, request);
          step("keys");
          opened.prepare(handle, keys, stark);
          step("wrap");
          // The library verifies what it made.
          return opened.wrap(handle, stark);
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

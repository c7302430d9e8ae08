/** A child process that runs and proves with the native library. */
import process from "node:process";
import { serveCalls } from "../child.ts";
import type { NativeSource } from "../native.ts";
import { ProgramError } from "../runtime.ts";
import { Engine, type Execution, GuestPanic } from "./engine.ts";
import { openNativeRisc0 } from "./native.ts";
import { type ProveRequest, proveRun } from "./proving.ts";

/** A program, and what proves it. */
export interface NativeProgram {
  readonly native: NativeSource;
  /** User ELF and kernel. */
  readonly binary: Uint8Array;
  readonly imageId: Uint8Array;
}

/** What a run alone gave; a panic's own text may show the input, and goes to who asked for the run. */
export type Ran = { readonly execution: Execution } | { readonly panic: string };

function execute(engine: Engine, binary: Uint8Array, request: ProveRequest): Ran {
  try {
    return engine.run(binary, request.stdin, request, (execution) => ({ execution }));
  } catch (error) {
    if (error instanceof GuestPanic) return { panic: error.detail };
    throw error;
  }
}

let engine: Engine | undefined;

serveCalls(async (source) => {
  const { native, binary, imageId } = source as NativeProgram;
  const opened = engine ??= new Engine(await openNativeRisc0(native));
  return {
    call(method, args, report) {
      const request = args as ProveRequest;
      try {
        if (method === "prove") return proveRun(opened, binary, imageId, request, report);
        if (method !== "execute") throw new ProgramError("crash", `has no method ${method}`);
        return execute(opened, binary, request);
      } finally {
        // After the answer is out.
        if (opened.broken) setTimeout(() => process.exit(1));
      }
    },
  };
});

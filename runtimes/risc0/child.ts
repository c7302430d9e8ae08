/** A child process that runs and proves with the native library. */
import process from "node:process";
import { serveCalls } from "../child.ts";
import type { NativeSource } from "../native.ts";
import { ProgramError } from "../runtime.ts";
import { Engine, type Execution } from "./engine.ts";
import { openNativeRisc0 } from "./native.ts";
import { type ProveRequest, proveRun } from "./proving.ts";

/** A program, and what proves it. */
export interface NativeProgram {
  readonly native: NativeSource;
  /** User ELF and kernel. */
  readonly binary: Uint8Array;
  readonly imageId: Uint8Array;
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
        return opened.run(binary, request.stdin, request, (execution): Execution => execution);
      } finally {
        // After the answer is out.
        if (opened.broken) setTimeout(() => process.exit(1));
      }
    },
  };
});

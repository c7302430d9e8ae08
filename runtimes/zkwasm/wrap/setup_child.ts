/** A child process that makes a class's keys, and the contract that verifies under them. */
import { serveCalls } from "../../child.ts";
import type { NativeSource } from "../../native.ts";
import { ProgramError } from "../../runtime.ts";
import type { ClassName } from "../profile.ts";
import { type KeySource, WrapEngine } from "./engine.ts";
import { openNativeWrapper } from "./native.ts";

export interface SetupRequest {
  readonly class: ClassName;
  readonly keys: KeySource;
  /** What the contract is called. */
  readonly name: string;
}

export interface SetupMade {
  /** The verifying key. */
  readonly key: Uint8Array;
  readonly name: string;
  /** Solidity. */
  readonly source: string;
}

serveCalls(async (source) => {
  const engine = new WrapEngine(await openNativeWrapper(source as NativeSource));
  return {
    call(method, args, report): SetupMade {
      if (method !== "setup") throw new ProgramError("crash", `has no method ${method}`);
      const request = args as SetupRequest;
      report({ phase: "keys", done: 0, total: 1 });
      const key = engine.setup(request.class, request.keys);
      return { key, ...engine.contract({ class: request.class, key }, request.name) };
    },
  };
});

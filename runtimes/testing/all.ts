import type { NativeSource } from "../native.ts";
import { childChecks } from "./children.ts";
import { nativeChecks } from "./native.ts";
import { originalChecks } from "./originals.ts";
import type { Check } from "./rig.ts";
import { risc0Checks, risc0ProverChecks } from "./risc0.ts";
import { weatherChecks } from "./weather.ts";
import { workerChecks } from "./workers.ts";
import { zkwasmChecks } from "./zkwasm.ts";
import { nativeProverChecks } from "./zkwasm_native.ts";
import { wrapChecks, wrapProverChecks } from "./zkwasm_wrap.ts";

/** What is compiled for the checks, where it could be. */
export interface Compiled {
  /** native.c as a library. */
  readonly library?: string | undefined;
  /** The native build of ZkWasm's prover. */
  readonly prover?: string | undefined;
  /** The native library of ZkWasm's proofs for chains. */
  readonly wrap?: NativeSource | undefined;
  /** The native library of risc0. */
  readonly risc0?: NativeSource | undefined;
}

/** Every check; those of native code where there is some. */
export function everyCheck({ library, prover, wrap, risc0 }: Compiled): Check[] {
  return [
    ...childChecks(),
    ...workerChecks,
    ...originalChecks(),
    ...weatherChecks(),
    ...zkwasmChecks,
    ...(library ? nativeChecks(library) : []),
    ...(prover ? nativeProverChecks(prover) : []),
    ...wrapChecks,
    ...(wrap ? wrapProverChecks(wrap) : []),
    ...risc0Checks,
    ...(risc0 ? risc0ProverChecks(risc0) : []),
  ];
}

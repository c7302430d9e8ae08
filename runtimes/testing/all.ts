import { childChecks } from "./children.ts";
import { nativeChecks } from "./native.ts";
import { originalChecks } from "./originals.ts";
import type { Check } from "./rig.ts";
import { weatherChecks } from "./weather.ts";
import { workerChecks } from "./workers.ts";

/** Every check; those of native programs where there is a compiled native.c. */
export function everyCheck(nativeLibrary: string | undefined): Check[] {
  return [
    ...childChecks(),
    ...workerChecks,
    ...originalChecks(),
    ...weatherChecks(),
    ...(nativeLibrary ? nativeChecks(nativeLibrary) : []),
  ];
}

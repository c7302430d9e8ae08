/** Where the native library runs: a call into it can't be cancelled, only its process ended. */
import { totalmem } from "node:os";
import { resolve } from "node:path";
import type { CageKind } from "../cage.ts";
import type { NativeSource } from "../native.ts";

/** Cycles of a run at most: a bound on runs that never end, far above what can be proven in time. */
export const maxCycles = 2 ** 28;

/** Part of the machine's memory that proofs may take together. */
const memoryShare = 0.8;

/** Resident bytes for each of so many proofs at once, of at most `limitBytes`. */
export const memoryFor = (limitBytes: number, workers: number): number =>
  Math.min(limitBytes, totalmem() * memoryShare / workers);

/**
 * A cage for the library, and the library as the cage finds it.
 * @param threads that one proof may use
 */
export function cageOf(
  installed: NativeSource,
  threads: number,
): { readonly kind: CageKind; readonly native: NativeSource } {
  // A cage has another working directory than this process.
  const native: NativeSource = { ...installed, path: resolve(installed.path) };
  const kind: CageKind = {
    name: `risc0 ${native.sha256}`,
    module: new URL("./child.ts", import.meta.url),
    permissions: { read: [native.path], ffi: [native.path] },
    environment: { RAYON_NUM_THREADS: String(threads) },
  };
  return { kind, native };
}

import { resolve } from "node:path";
import { z } from "zod";
import type { CageKind } from "../cage.ts";
import type { NativeSource } from "../native.ts";
import {
  type Limits,
  type Program,
  ProgramError,
  type ProgramSpec,
  type Runtime,
} from "../runtime.ts";
import type { ChildPool } from "../pool.ts";
import { Calls, type Lanes, OriginalHalo2, parseDescription, WsHalo2 } from "./program.ts";

export interface Halo2Options {
  readonly provers: ChildPool;
  readonly checkers: ChildPool;
  /** Bounds on a proof. */
  readonly limits: Limits;
  /** Native builds by program id, each used instead of the program's WASM. */
  readonly nativeLibraries?: Readonly<Record<string, NativeSource>>;
}

/** Longest that a commitment, a check or a description may take, in seconds. */
const shortSeconds = 10;

const module = new URL("./child.ts", import.meta.url);
const wasmCage: CageKind = { name: "halo2", module };

const answer = z.discriminatedUnion("form", [
  z.object({ form: z.literal("ws"), text: z.string().max(65536) }),
  z.object({ form: z.literal("original"), abi: z.enum(["v1", "v2"]) }),
]);

/** Halo2 programs: WASM of our C-ABI form or of the original's, or a native build of ours. */
export function halo2Runtime(options: Halo2Options): Runtime {
  const { provers, checkers, limits } = options;
  const timeoutSeconds = Math.min(limits.timeoutSeconds, shortSeconds);
  const lanes: Lanes = { provers, checkers, limits, shortLimits: { ...limits, timeoutSeconds } };
  // A cage has another working directory than this process.
  const nativeLibraries: Record<string, NativeSource> = Object.fromEntries(
    Object.entries(options.nativeLibraries ?? {})
      .map(([id, { path, sha256 }]) => [id, { path: resolve(path), sha256 }]),
  );
  // Native code is not confined by WebAssembly, so it never shares a process with programs that are.
  const paths = Object.values(nativeLibraries).map(({ path }) => path);
  const nativeCage: CageKind = {
    name: "halo2 native",
    module,
    permissions: { read: paths, ffi: paths },
    // Cores are used by proving tasks side by side.
    environment: { RAYON_NUM_THREADS: "1" },
  };

  async function load(spec: ProgramSpec, signal: AbortSignal): Promise<Program> {
    const native = nativeLibraries[spec.programId];
    const calls = native
      ? new Calls(spec, lanes, nativeCage, { native })
      : new Calls(spec, lanes, wasmCage, { code: spec.code });
    const described = answer.safeParse(await calls.short("describe", {}, signal));
    if (!described.success) throw new ProgramError("load", "its ws_describe is too long");
    return described.data.form === "ws"
      ? new WsHalo2(calls, parseDescription(described.data.text))
      : new OriginalHalo2(calls, described.data.abi);
  }
  // The pools belong to whoever made them.
  return { vmType: "halo2", load, close: () => Promise.resolve() };
}

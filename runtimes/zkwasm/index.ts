import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import type { CageKind } from "../cage.ts";
import type { NativeSource } from "../native.ts";
import type { ChildPool } from "../pool.ts";
import type { Limits, ProgramSpec, Runtime } from "../runtime.ts";
import { WorkerPool } from "../workers.ts";
import type { NativeProgram } from "./child.ts";
import type { LoadedModule } from "./engine.ts";
import { addressable } from "./module.ts";
import { provingOfParam, provingOrNone, type StarkProfile } from "./profile.ts";
import { type Calls, ZkWasm } from "./program.ts";
import type { WrappedImage } from "./wrap/images.ts";
import { type WrapOptions, Wrapper } from "./wrap/index.ts";
import type { Source, WorkArgs } from "./worker.ts";

export interface ZkWasmOptions {
  /** Proofs made at once, each in a worker, or a process, of its own. */
  readonly workers: number;
  /** Bounds on a proof; the memory is that of the prover's module, or of its process. */
  readonly limits: Limits;
  /** The native build of the prover, and where it runs; otherwise its module proves. */
  readonly native?: { readonly source: NativeSource; readonly pool: ChildPool } | undefined;
  /** How proofs for chains are made. */
  readonly wrap: Pick<WrapOptions, "native" | "keys" | "images">;
}

const module = new URL("./worker.ts", import.meta.url);
/** Longest that loading or verifying may take, in seconds. */
const shortSeconds = 60;

/**
 * WebAssembly programs that export `zkmain`, proven by our own prover: its module in Web Workers, or
 * its native build in child processes, as a native call can't be cancelled. Proofs for chains are
 * always made natively. Guests are interpreted,
 * with bounds on steps and memory.
 */
export function zkwasmRuntime({ workers, limits, native, wrap }: ZkWasmOptions): Runtime {
  const wrapper = new Wrapper({ ...wrap, workers, limits });
  const provers = new WorkerPool({ module, size: workers });
  // One more keeps checks from waiting behind proofs.
  const checkers = new WorkerPool({ module, size: 1 });
  const memoryBytes = Math.min(limits.memoryBytes, addressable);
  const { timeoutSeconds } = limits;
  const proveNatively = native && nativeProofs(native, workers, limits);

  function callsOf(spec: ProgramSpec, profile: StarkProfile): Calls {
    const { programId, code } = spec;
    const source: Source = { programId, code, profile, memoryBytes };
    const short = (method: string, args: Omit<WorkArgs, "source">, signal: AbortSignal) =>
      checkers.run({
        owner: programId,
        method,
        args: { source, ...args },
        timeoutSeconds: Math.min(timeoutSeconds, shortSeconds),
        signal,
      });
    return {
      load: (signal) => short("load", {}, signal),
      verify: (args, signal) => short("verify", args, signal),
      prove: proveNatively?.(spec, profile) ?? ((args, signal, onProgress) =>
        provers.run({
          owner: programId,
          method: "prove",
          args: { source, ...args },
          timeoutSeconds,
          signal,
          onProgress,
        })),
    };
  }

  return {
    vmType: "zkwasm",
    async load(spec, signal) {
      const proving = provingOfParam(spec.param);
      const { profile } = proving;
      const calls = profile === "wrap" ? wrapper.callsOf(spec, proving) : callsOf(spec, profile);
      const loaded = await calls.load(signal) as LoadedModule | WrappedImage;
      return new ZkWasm(spec, profile, calls, loaded);
    },
    unable(spec) {
      const proving = provingOrNone(spec.param);
      return proving?.profile === "wrap" ? wrapper.unable(proving) : undefined;
    },
    room: (spec) => provingOrNone(spec.param)?.profile === "wrap" ? wrapper.room : undefined,
    usage() {
      const wrapping = wrapper.usage();
      return {
        running: provers.running + wrapping.running,
        waiting: provers.waiting + wrapping.waiting,
        peakMemory: wrapping.peakMemory,
      };
    },
    async close() {
      provers.close();
      checkers.close();
      await wrapper.close();
    },
  };
}

/** Proofs of a program by the native build. */
function nativeProofs(
  { source, pool }: NonNullable<ZkWasmOptions["native"]>,
  workers: number,
  limits: Limits,
): (spec: ProgramSpec, profile: StarkProfile) => Calls["prove"] {
  // A cage has another working directory than this process.
  const native: NativeSource = { ...source, path: resolve(source.path) };
  const threads = Math.max(1, Math.floor(availableParallelism() / workers));
  const kind: CageKind = {
    name: "zkwasm native",
    module: new URL("./child.ts", import.meta.url),
    permissions: { read: [native.path], ffi: [native.path] },
    environment: { RAYON_NUM_THREADS: String(threads) },
  };
  return ({ programId, code }, profile) => (args, signal, onProgress) => {
    const program: NativeProgram = { native, code, profile };
    return pool.call({
      ...{ kind, programId, source: program, method: "prove", args, limits, signal },
      onProgress,
    });
  };
}

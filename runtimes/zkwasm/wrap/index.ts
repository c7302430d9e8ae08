/** Proofs for chains: runs are proven and wrapped by a native library, and checked by a module. */
import { availableParallelism, totalmem } from "node:os";
import { resolve } from "node:path";
import type { CageKind } from "../../cage.ts";
import type { NativeSource } from "../../native.ts";
import { ChildPool } from "../../pool.ts";
import { type Limits, ProgramError, type ProgramSpec, type Room } from "../../runtime.ts";
import { WorkerPool } from "../../workers.ts";
import type { Calls } from "../program.ts";
import type { WrappedProgram } from "./child.ts";
import type { KeySource, LoadedWrapped, Wrapping } from "./engine.ts";
import { imageOf } from "./images.ts";
import type { WrapWork } from "./worker.ts";

export interface WrapOptions {
  /** Proofs made at once at most; fewer where the machine's memory does not suffice. */
  readonly workers: number;
  /** Bounds on a proof and the process that makes it. */
  readonly limits: Limits;
  /** The library, once it is there. */
  readonly native: () => NativeSource | undefined;
  readonly keys: KeySource;
  /** Where what loads tell is kept; left out: nowhere. */
  readonly images?: string;
}

/** Memory that the machine must have for each proof that is made at once. */
const proofBytes = 3.5 * 1024 ** 3;
/** Resident bytes that a proof may take, of the class that takes least. */
export const leastBytes = 3200 * 1024 ** 2;
/** The same of class medium, whose STARK alone was seen with 3290 MiB. */
const mediumBytes = 3600 * 1024 ** 2;
/** Longest that committing to a program's tables may take, in seconds: medium takes a minute or two. */
export const loadSeconds = 600;
/** Longest that verifying may take, in seconds. */
const verifySeconds = 60;
/** Seconds after which a process that makes no proof gives its memory back. */
const idleSeconds = 600;

const missing = "proofs for chains need a native library that this node does not have: " +
  "bun run build:native wrap (needs cargo) makes it";

const worker = new URL("./worker.ts", import.meta.url);

export class Wrapper {
  readonly room: Room;
  /** Checks don't wait behind loads. */
  readonly #loaders = new WorkerPool({ module: worker, size: 1 });
  readonly #checkers = new WorkerPool({ module: worker, size: 1 });
  readonly #provers: ChildPool;
  readonly #threads: number;

  constructor(private readonly options: WrapOptions) {
    const fitting = Math.max(1, Math.floor(totalmem() / proofBytes));
    const size = Math.min(options.workers, fitting);
    this.room = { what: "proofs for chains", size };
    this.#provers = new ChildPool({ size, idleSeconds });
    this.#threads = Math.max(1, Math.floor(availableParallelism() / size));
  }

  /** Why proofs under a key are not made here; undefined when they are. */
  unable({ key, class: name }: Wrapping): string | undefined {
    const { native, keys, limits } = this.options;
    if (!native()) return missing;
    if (key.length > 0 && !keys.setup) {
      return "its verifying key is of a ceremony: WRAP_SETUP must name that ceremony's .ptau file";
    }
    const least = name === "medium" ? mediumBytes : leastBytes;
    if (limits.memoryBytes >= least) return undefined;
    return `proofs for chains of class ${name} need PROVER_MEMORY_MB=${least / 1024 ** 2} or more`;
  }

  /** Proofs alone, of which there is a bound. */
  usage() {
    const { running, waiting, peakMemory } = this.#provers;
    return { running, waiting, peakMemory };
  }

  callsOf({ programId, code }: ProgramSpec, wrapping: Wrapping): Calls {
    const { limits, native: library, keys, images } = this.options;
    return {
      load: (signal) =>
        imageOf(images, { code, wrapping }, async () => {
          const args: WrapWork = { wrapping, code };
          const timeoutSeconds = loadSeconds;
          return await this.#loaders.run({
            ...{ owner: programId, method: "load", args, signal, timeoutSeconds },
          }) as LoadedWrapped;
        }),
      verify: ({ proven }, signal) => {
        const args: WrapWork = { wrapping, ...(proven && { proven }) };
        const timeoutSeconds = Math.min(limits.timeoutSeconds, verifySeconds);
        return this.#checkers.run({
          ...{ owner: programId, method: "verify", args, signal, timeoutSeconds },
        });
      },
      prove: (args, signal, onProgress) => {
        const why = this.unable(wrapping);
        const found = library();
        if (why !== undefined || !found) {
          return Promise.reject(new ProgramError("unsupported", why ?? missing));
        }
        // A cage has another working directory than this process.
        const native: NativeSource = { ...found, path: resolve(found.path) };
        const source: WrappedProgram = { programId, native, code, wrapping, keys };
        const kind = this.#kindOf(native);
        const method = "prove";
        return this.#provers.call({
          ...{ kind, programId, source, method, args, limits, signal, onProgress },
        });
      },
    };
  }

  async close(): Promise<void> {
    this.#loaders.close();
    this.#checkers.close();
    await this.#provers.close();
  }

  readonly #kinds = new Map<string, CageKind>();

  /** One kind a library, so that its process, which holds keys, is used again. */
  #kindOf({ path }: NativeSource): CageKind {
    const known = this.#kinds.get(path);
    if (known) return known;
    const kind: CageKind = {
      name: "zkwasm wrap",
      module: new URL("./child.ts", import.meta.url),
      permissions: { read: [path], ffi: [path] },
      environment: { RAYON_NUM_THREADS: String(this.#threads) },
    };
    this.#kinds.set(path, kind);
    return kind;
  }
}

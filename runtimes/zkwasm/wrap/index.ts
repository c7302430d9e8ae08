/** Proofs for chains: runs are proven and wrapped by a native library, and checked by a module. */
import { availableParallelism, totalmem } from "node:os";
import { resolve } from "node:path";
import type { CageKind } from "../../cage.ts";
import type { NativeSource } from "../../native.ts";
import { ChildPool } from "../../pool.ts";
import { type Limits, ProgramError, type ProgramSpec } from "../../runtime.ts";
import { WorkerPool } from "../../workers.ts";
import type { Calls } from "../program.ts";
import type { WrappedProgram } from "./child.ts";
import type { KeySource, Wrapping } from "./engine.ts";
import type { WrapWork } from "./worker.ts";

export interface WrapOptions {
  /** Proofs made at once at most; fewer where memory does not suffice. */
  readonly workers: number;
  readonly limits: Limits;
  /** The library, once it is there. */
  readonly native: () => NativeSource | undefined;
  readonly keys: KeySource;
}

/** What one proof takes: it is why there may be fewer at once than workers. */
const proofBytes = 3.5 * 1024 ** 3;
/** Longest that loading or verifying may take, in seconds. */
const shortSeconds = 120;

const missing = "proofs for chains need a native library that this node does not have: " +
  "bun run build:native wrap (needs cargo) makes it";

export class Wrapper {
  readonly #checkers = new WorkerPool({ module: new URL("./worker.ts", import.meta.url), size: 1 });
  readonly #provers: ChildPool;
  readonly #threads: number;

  constructor(private readonly options: WrapOptions) {
    const fitting = Math.max(1, Math.floor(totalmem() / proofBytes));
    const size = Math.min(options.workers, fitting);
    this.#provers = new ChildPool({ size });
    this.#threads = Math.max(1, Math.floor(availableParallelism() / size));
  }

  /** Why proofs are not made here; undefined when they are. */
  unable(): string | undefined {
    return this.options.native() ? undefined : missing;
  }

  usage() {
    const { running, waiting } = this.#provers;
    return { running, waiting: waiting + this.#checkers.waiting };
  }

  callsOf({ programId, code }: ProgramSpec, wrapping: Wrapping): Calls {
    const { limits, native: library, keys } = this.options;
    const short = (method: string, args: WrapWork, signal: AbortSignal) =>
      this.#checkers.run({
        ...{ owner: programId, method, args, signal },
        timeoutSeconds: Math.min(limits.timeoutSeconds, shortSeconds),
      });
    return {
      load: (signal) => short("load", { wrapping, code }, signal),
      verify: ({ proven }, signal) =>
        short("verify", { wrapping, ...(proven && { proven }) }, signal),
      prove: (args, signal, onProgress) => {
        const found = library();
        if (!found) return Promise.reject(new ProgramError("unsupported", missing));
        // A cage has another working directory than this process.
        const native: NativeSource = { ...found, path: resolve(found.path) };
        const source: WrappedProgram = { native, code, wrapping, keys };
        const kind = this.#kindOf(native);
        const method = "prove";
        return this.#provers.call({
          ...{ kind, programId, source, method, args, limits, signal, onProgress },
        });
      },
    };
  }

  async close(): Promise<void> {
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

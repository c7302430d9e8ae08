import { ChildPool } from "./pool.ts";
import { halo2Runtime } from "./halo2/index.ts";
import type { NativeSource } from "./native.ts";
import type { RemoteProver } from "./risc0/bento.ts";
import { risc0Runtime } from "./risc0/index.ts";
import { installedLibrary } from "./risc0/installed.ts";
import {
  type Limits,
  type Program,
  ProgramError,
  type ProgramSpec,
  type Room,
  type Runtime,
  type VmType,
  vmTypes,
} from "./runtime.ts";
import { zkwasmRuntime } from "./zkwasm/index.ts";
import {
  imagesFolder,
  installedLibrary as installedWrapper,
  keysFolder,
} from "./zkwasm/wrap/installed.ts";

export interface RuntimesOptions {
  /** Proofs made at once. */
  readonly workers: number;
  /** Resident bytes that one prover process may use. 4 GiB by default. */
  readonly memoryBytes?: number;
  /** Seconds that one proof may take whatever its project says. 1 h by default. */
  readonly timeoutSeconds?: number;
  /**
   * Native builds that the operator installed: of Halo2 programs by program id, of the provers for
   * ZkWasm and Risc0 by the machine's name, and of what makes proofs of ZkWasm for chains as `wrap`.
   */
  readonly nativeLibraries?: Readonly<Record<string, NativeSource>>;
  /** The powers of tau that proofs of ZkWasm for chains rest on; those of the test setup by default. */
  readonly wrapSetup?: string | undefined;
  /** Told of each program that was loaded. */
  readonly onLoaded?: (program: Program) => void;
  /** Proves risc0 programs elsewhere, for projects that allow it. */
  readonly remoteRisc0?: RemoteProver | undefined;
  /**
   * Whether programs may rest on a test setup, whose proofs anyone can forge: on development
   * chains only. Refused unless said otherwise.
   */
  readonly allowTestSetups?: boolean;
}

/** The virtual machines of this node, over one pool of prover processes. */
export interface Runtimes {
  /** Machines whose programs are proven here; all can be loaded, and their receipts checked. */
  readonly offered: readonly VmType[];
  /** Why the others are not proven here. */
  readonly unavailable: Readonly<Partial<Record<VmType, string>>>;
  /** Why a program is not proven here; undefined when it is. */
  unable(spec: ProgramSpec): string | undefined;
  /** What bounds a program's proofs beside the node's workers: one object for all that share it. */
  room(spec: ProgramSpec): Room | undefined;
  /**
   * A program, loaded once however often it is asked for.
   * @throws {ProgramError} `load` for what is no program
   */
  load(spec: ProgramSpec, signal: AbortSignal): Promise<Program>;
  /** Proofs that run now, that wait, and the highest resident bytes seen of a process. */
  usage(): { readonly running: number; readonly waiting: number; readonly peakMemory: number };
  /** Ends every process, and fails every call. */
  close(): Promise<void>;
}

/** What runtimes are made from. */
export interface RuntimeParts {
  readonly provers: ChildPool;
  readonly checkers: ChildPool;
  readonly limits: Limits;
  readonly options: RuntimesOptions;
}

/** How each machine is made. */
const makers: Record<VmType, (parts: RuntimeParts) => Runtime> = {
  halo2: ({ options, ...parts }) =>
    halo2Runtime({ ...parts, nativeLibraries: options.nativeLibraries ?? {} }),
  zkwasm({ options: { workers, nativeLibraries, wrapSetup: setup = "" }, limits, provers: pool }) {
    const source = nativeLibraries?.zkwasm;
    const wrap = {
      native: () => nativeLibraries?.wrap ?? installedWrapper(),
      keys: { setup, folder: keysFolder() },
      images: imagesFolder(),
    };
    return zkwasmRuntime({ workers, limits, native: source && { source, pool }, wrap });
  },
  risc0({ options: { workers, nativeLibraries, remoteRisc0: remote }, limits, provers }) {
    const native = () => nativeLibraries?.risc0 ?? installedLibrary();
    return risc0Runtime({ provers, workers, limits, native, remote });
  },
};

const gib = 1024 ** 3;

/**
 * The runtimes that this node offers. Nothing runs until a program is loaded.
 *
 * @example
 * const runtimes = createRuntimes({ workers: 2 });
 * const program = await runtimes.load(spec, signal);
 * const receipt = await program.prove(input, context, signal);
 */
export function createRuntimes(options: RuntimesOptions): Runtimes {
  const { workers, memoryBytes = 4 * gib, timeoutSeconds = 3600 } = options;
  const limits: Limits = { memoryBytes, timeoutSeconds };
  const provers = new ChildPool({ size: workers });
  // One more process keeps commitments and checks from waiting behind proofs.
  const checkers = new ChildPool({ size: 1, programsPerChild: 8 });
  const parts: RuntimeParts = { provers, checkers, limits, options };
  const runtimes = vmTypes.map((vmType) => makers[vmType](parts));
  const loads = new SharedLoads();
  const runtimeOf = ({ vmType }: ProgramSpec) =>
    runtimes.find((runtime) => runtime.vmType === vmType) as Runtime;
  return {
    get offered() {
      return runtimes.filter((runtime) => !runtime.unavailable?.()).map(({ vmType }) => vmType);
    },
    get unavailable() {
      const reasons = runtimes.map((runtime) => [runtime.vmType, runtime.unavailable?.()] as const);
      return Object.fromEntries(reasons.filter(([, reason]) => reason !== undefined));
    },
    unable(spec) {
      const runtime = runtimeOf(spec);
      return runtime.unavailable?.() ?? runtime.unable?.(spec);
    },
    room: (spec) => runtimeOf(spec).room?.(spec),
    load(spec, signal) {
      const runtime = runtimeOf(spec);
      return loads.get(
        `${spec.vmType} ${spec.programId}`,
        signal,
        async (shared) => {
          const program = checkSetup(await runtime.load(spec, shared), options);
          options.onLoaded?.(program);
          return program;
        },
      );
    },
    usage() {
      const pools = [
        provers,
        ...runtimes.flatMap((runtime) => runtime.usage?.() ?? []),
      ];
      return {
        running: pools.reduce((sum, { running }) => sum + running, 0),
        waiting: pools.reduce((sum, { waiting }) => sum + waiting, 0),
        peakMemory: Math.max(
          checkers.peakMemory,
          ...pools.map((pool) => "peakMemory" in pool ? pool.peakMemory ?? 0 : 0),
        ),
      };
    },
    async close() {
      await Promise.all(runtimes.map((runtime) => runtime.close()));
      await Promise.all([provers.close(), checkers.close()]);
    },
  };
}

function checkSetup(program: Program, { allowTestSetups }: RuntimesOptions): Program {
  if (!program.info.unsafeTestSetup || allowTestSetups) return program;
  throw new ProgramError(
    "load",
    `${program.info.name} rests on a test setup whose secret is public: anyone can forge its ` +
      "proofs. It runs on a development chain only; build it from the powers of tau of a ceremony",
  );
}

/** Most programs remembered as loaded; each holds its code. */
const maxPrograms = 64;

interface Load {
  readonly program: Promise<Program>;
  readonly abort: AbortController;
  loaded: boolean;
  waiters: number;
}

/** Programs by id, least recently used first. A load ends when all who wait for it gave up. */
class SharedLoads {
  readonly #loads = new Map<string, Load>();

  async get(
    id: string,
    signal: AbortSignal,
    start: (signal: AbortSignal) => Promise<Program>,
  ): Promise<Program> {
    signal.throwIfAborted();
    const load = this.#loads.get(id) ?? this.#begin(id, start);
    this.#loads.delete(id);
    this.#loads.set(id, load);
    load.waiters++;
    const { promise, reject } = Promise.withResolvers<never>();
    const giveUp = () => reject(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      return await Promise.race([load.program, promise]);
    } finally {
      signal.removeEventListener("abort", giveUp);
      if (--load.waiters === 0 && !load.loaded) load.abort.abort(signal.reason);
    }
  }

  #begin(id: string, start: (signal: AbortSignal) => Promise<Program>): Load {
    const abort = new AbortController();
    const load: Load = { program: start(abort.signal), abort, loaded: false, waiters: 0 };
    // A load that failed or was given up is tried anew by whoever asks next.
    const forget = () => {
      if (this.#loads.get(id) === load) this.#loads.delete(id);
    };
    load.program.then(() => load.loaded = true, forget);
    abort.signal.addEventListener("abort", forget);
    for (const oldest of this.#loads.keys()) {
      if (this.#loads.size < maxPrograms) break;
      this.#loads.delete(oldest);
    }
    return load;
  }
}

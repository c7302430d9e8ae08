import { availableParallelism } from "node:os";
import { limits as wire } from "../../src/protocol/index.ts";
import type { NativeSource } from "../native.ts";
import type { ChildPool } from "../pool.ts";
import {
  type Limits,
  ProgramError,
  type ProgramSpec,
  type ProveContext,
  type Runtime,
} from "../runtime.ts";
import { WorkerPool } from "../workers.ts";
import { cageOf, maxCycles, memoryFor } from "./cage.ts";
import type { NativeProgram } from "./child.ts";
import { parseParam, type Risc0Param } from "./param.ts";
import { type Calls, type Loaded, type Proof, Risc0 } from "./program.ts";
import type { RemoteProver } from "./bento.ts";
import type { Proven, ProveRequest } from "./proving.ts";
import { estimate, Pace, segmentPo2For } from "./size.ts";
import type { WorkArgs } from "./worker.ts";

export interface Risc0Options {
  /** Where proofs are made. */
  readonly provers: ChildPool;
  /** Proofs made at once. */
  readonly workers: number;
  /** Bounds on a proof. */
  readonly limits: Limits;
  /** The native library as it is installed now; undefined where it isn't. */
  readonly native: () => NativeSource | undefined;
  /** A prover elsewhere that the operator allows, for projects that allow it too. */
  readonly remote?: RemoteProver | undefined;
}

/** Longest that naming a program or checking a receipt may take, in seconds. */
const shortSeconds = 60;

/**
 * RISC-V guests of risc0. Receipts are checked by a WebAssembly module in a worker, on every node;
 * proofs are made by the native library in child processes, as a native call can't be cancelled.
 */
export function risc0Runtime(options: Risc0Options): Runtime {
  const checkers = new WorkerPool({ module: new URL("./worker.ts", import.meta.url), size: 1 });
  const short = (method: string, args: WorkArgs, owner: string, signal: AbortSignal) =>
    checkers.run({ owner, method, args, timeoutSeconds: shortSeconds, signal });
  const local = localProofs(options);
  const { remote } = options;

  function callsOf(spec: ProgramSpec, param: Risc0Param, loaded: Loaded): Calls {
    const { programId } = spec;
    const { imageId, binary } = loaded;
    const verify: Calls["verify"] = async (proof, signal) => {
      const answer = await short("verify", { verify: { ...proof, imageId } }, programId, signal);
      return (answer as { reason?: string }).reason;
    };
    return {
      verify,
      async prove({ stdin, type, journalPrefix }, context, signal, onProgress) {
        const snark = type === "Snark";
        if (!remote || !context.allowRemote) {
          if (snark) throw noSnark();
          const succinct = param.receipt === "succinct";
          const args = { stdin, journalPrefix, succinct, timeoutSeconds: context.timeoutSeconds };
          return await local(programId, loaded, args, signal, onProgress);
        }
        const request = { imageId, binary, stdin, snark, key: keyOf(context) };
        const { receipt } = await remote.prove(request, signal, onProgress);
        const made = await short("takeApart", { receipt }, programId, signal) as Proof;
        const reason = await verify(made, signal);
        if (reason !== undefined) {
          throw new ProgramError("crash", `the remote prover's receipt ${reason}`);
        }
        return made;
      },
    };
  }

  return {
    vmType: "risc0",
    async load(spec, signal) {
      const param = parseParam(spec.param);
      const args: WorkArgs = { spec: { code: spec.code, param: spec.param } };
      const loaded = await short("load", args, spec.programId, signal) as Loaded;
      return new Risc0(spec, param, callsOf(spec, param, loaded), loaded);
    },
    unavailable: () => options.native() || remote ? undefined : notInstalled,
    close() {
      checkers.close();
      return Promise.resolve();
    },
  };
}

const notInstalled = "the risc0 prover is not built: bun run build:native builds it";

const noSnark = () =>
  new ProgramError(
    "unsupported",
    "a Snark receipt is made by a remote prover only: the operator names it in " +
      'RISC0_PROVER_ENDPOINT, and the project allows it with "provers":{"remote":true}',
  );

/** Names a proof: a remote prover is asked for each task once, also after a restart. */
const keyOf = ({ taskId, prover }: ProveContext) => `${taskId}-${prover}`.toLowerCase();

/** Proofs by the native library. */
function localProofs({ provers, workers, limits, native }: Risc0Options) {
  const threads = Math.max(1, Math.floor(availableParallelism() / workers));
  const memoryBytes = memoryFor(limits.memoryBytes, workers);
  const pace = new Pace();
  let cage: ReturnType<typeof cageOf> | undefined;
  return async (
    programId: string,
    { binary, imageId }: Loaded,
    args: Pick<ProveRequest, "stdin" | "journalPrefix" | "succinct"> & {
      readonly timeoutSeconds: number | undefined;
    },
    signal: AbortSignal,
    onProgress: Parameters<Calls["prove"]>[3],
  ): Promise<Proof> => {
    const installed = native();
    if (!installed) throw new ProgramError("unsupported", notInstalled);
    // Processes are used again for calls of the same cage.
    if (!cage || cage.native.sha256 !== installed.sha256) cage = cageOf(installed, threads);
    const { kind, native: source } = cage;
    const request: ProveRequest = {
      ...args,
      segmentPo2: segmentPo2For(memoryBytes),
      cycles: maxCycles,
      memoryBytes,
      maxProofBytes: wire.proof,
      timeoutSeconds: Math.min(limits.timeoutSeconds, args.timeoutSeconds ?? Infinity),
      secondsPerRow: pace.secondsPerRow,
    };
    const program: NativeProgram = { native: source, binary, imageId };
    const proven = await provers.call({
      ...{ kind, programId, source: program, method: "prove", args: request, limits, signal },
      onProgress,
    }) as Proven;
    const { segments, journal } = proven.execution;
    pace.proved(estimate(segments).rows, proven.seconds);
    return { proof: proven.proof, journal };
  };
}

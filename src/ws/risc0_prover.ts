/** risc0's native library for `ws`: in a child process, which an interrupt ends as well. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { z } from "zod";
import type { NativeSource } from "../../runtimes/native.ts";
import { ChildPool } from "../../runtimes/pool.ts";
import { buildLibrary } from "../../runtimes/crate_build.ts";
import { cageOf, maxCycles, memoryFor } from "../../runtimes/risc0/cage.ts";
import type { NativeProgram, Ran } from "../../runtimes/risc0/child.ts";
import type { Execution } from "../../runtimes/risc0/engine.ts";
import { cacheOf, crate, installedLibrary } from "../../runtimes/risc0/installed.ts";
import type { Loaded } from "../../runtimes/risc0/program.ts";
import type { Proven, ProveRequest } from "../../runtimes/risc0/proving.ts";
import type { Limits, Progress } from "../../runtimes/runtime.ts";
import { loadConfig } from "../config.ts";
import { UserError } from "./cli.ts";

/** Of the node's settings, those that a proof by `ws` heeds as well. */
export function proverSettings(env: Readonly<Record<string, string | undefined>> = process.env): {
  readonly memoryBytes: number;
  readonly native: NativeSource | undefined;
} {
  const { PROVER_MEMORY_MB, NATIVE_LIBRARIES } = env;
  const config = loadConfig("all", {}, { PROVER_MEMORY_MB, NATIVE_LIBRARIES });
  return {
    memoryBytes: memoryFor(config.PROVER_MEMORY_MB * 1024 * 1024, 1),
    native: config.NATIVE_LIBRARIES.risc0 ?? installedLibrary(),
  };
}

/** The library, built now where this machine has none yet. */
export async function libraryOf(
  native: NativeSource | undefined,
  say: (line: string) => void,
): Promise<NativeSource> {
  try {
    return native ?? await buildLibrary(crate, { say });
  } catch (error) {
    throw new UserError((error as Error).message);
  }
}

/** A proof's own bounds are its user's patience and memory. */
const patience = 7 * 86_400;

/** What a run is given; the rest of a `ProveRequest` is this machine's. */
export type Job = Pick<ProveRequest, "stdin" | "segmentPo2" | "journalPrefix" | "succinct">;

/** One program and the process that runs it. */
export class Prover {
  readonly #pool = new ChildPool({ size: 1 });
  readonly #cage;
  readonly #limits: Limits;

  constructor(
    native: NativeSource,
    private readonly program: Pick<Loaded, "binary" | "imageId">,
    memoryBytes: number,
    private readonly seconds = patience,
  ) {
    this.#cage = cageOf(native, availableParallelism());
    this.#limits = { timeoutSeconds: seconds, memoryBytes };
  }

  /**
   * Runs the program, without a proof.
   * @throws {UserError} with the guest's own text when it panics
   * @throws {ProgramError}
   */
  async execute(job: Job): Promise<Execution> {
    const ran = await this.#call("execute", job) as Ran;
    if ("execution" in ran) return ran.execution;
    throw new UserError(`the guest panicked: ${ran.panic}`);
  }

  /** @throws {ProgramError} */
  async prove(job: Job, onProgress: (progress: Progress) => void): Promise<Proven> {
    return await this.#call("prove", job, onProgress) as Proven;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  #call(method: string, job: Job, onProgress?: (progress: Progress) => void): Promise<unknown> {
    const { kind, native } = this.#cage;
    const { memoryBytes } = this.#limits;
    const source: NativeProgram = { native, ...this.program };
    const args: ProveRequest = {
      ...job,
      cycles: maxCycles,
      memoryBytes,
      timeoutSeconds: this.seconds,
    };
    return this.#pool.call({
      ...{ kind, programId: "", source, method, args, limits: this.#limits, onProgress },
      signal: new AbortController().signal,
    });
  }
}

const paceSchema = z.object({ secondsPerRow: z.number().positive() });
const paceFile = () => join(cacheOf().directory, "pace.json");

/** Seconds that a row took of late, by which a dry run foretells a proof; undefined at first. */
export async function readPace(): Promise<number | undefined> {
  try {
    return paceSchema.parse(JSON.parse(await readFile(paceFile(), "utf8"))).secondsPerRow;
  } catch {
    return undefined;
  }
}

export async function writePace(secondsPerRow: number): Promise<void> {
  try {
    await mkdir(cacheOf().directory, { recursive: true });
    await writeFile(paceFile(), JSON.stringify({ secondsPerRow }));
  } catch {
    // Only a forecast is lost.
  }
}

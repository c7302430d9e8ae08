/** Runs a project's own packer. */
import { ProgramError } from "../../../runtimes/runtime.ts";
import { WorkerPool } from "../../../runtimes/workers.ts";
import type { Message } from "../../da/da.ts";
import { errorText } from "../../log.ts";
import type { PackerProgram } from "../../project/types.ts";
import { payloadBytes } from "../rules.ts";
import { decodeAnswer, encodeInput, type Grouping } from "./abi.ts";
import type { RunArgs } from "./worker.ts";

export type { Grouping } from "./abi.ts";

export interface PackersOptions {
  /** About an instruction each; a run of this many takes some ten seconds. */
  readonly fuel?: bigint;
  /** Bytes of a packer's memory. */
  readonly memory?: number;
}

/** What a packer is asked. */
export interface Question {
  /** Oldest first. */
  readonly messages: readonly Message[];
  /** Ms since 1970, by the database's clock. */
  readonly now: number;
  /** Most messages of a task. */
  readonly perTask: number;
  /** Most that the program reads, messages or items. */
  readonly items: number;
}

/** Why a packer gave no groups: its project's own affair, in words for its owner. */
export class PackerFailure extends Error {
  override readonly name = "PackerFailure";
}

/** A second beyond what the fuel allows on a slow machine. */
const timeoutSeconds = 120;

export class Packers {
  readonly #pool = new WorkerPool({ module: new URL("./worker.ts", import.meta.url), size: 1 });
  readonly #fuel: bigint;
  readonly #memory: number;

  constructor({ fuel = 500_000_000n, memory = 64 * 1024 * 1024 }: PackersOptions = {}) {
    [this.#fuel, this.#memory] = [fuel, memory];
  }

  /**
   * Asks a packer how messages become tasks. With the same question it always says the same.
   * @throws {PackerFailure} when it traps, runs too long or answers nonsense
   */
  async run(
    program: PackerProgram,
    { messages, now, perTask, items }: Question,
    signal: AbortSignal,
  ): Promise<Grouping[]> {
    const args: RunArgs = {
      code: program.code,
      input: encodeInput(messages, now),
      fuel: this.#fuel,
      memory: this.#memory,
      answer: payloadBytes,
    };
    const work = { owner: program.hash, method: "run", args, timeoutSeconds, signal };
    try {
      const answer = await this.#pool.run(work) as Uint8Array;
      const groups = decodeAnswer(answer, { messages: messages.length, perTask, items });
      for (const { messages: own, input } of groups) {
        const data = input ?? own.map((i) => messages[i]?.data ?? new Uint8Array());
        const size = data.reduce((sum, { length }) => sum + length + 16, 0);
        if (size > payloadBytes) throw new Error(`an input has ${size} bytes, too many for a task`);
      }
      return groups;
    } catch (error) {
      signal.throwIfAborted();
      const mine = error instanceof ProgramError && error.kind !== "input";
      if (mine && error.kind !== "timeout") throw error;
      throw new PackerFailure(`the project's packer: ${errorText(error)}`);
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}

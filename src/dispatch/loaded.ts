import { type Program, ProgramError } from "../../runtimes/runtime.ts";
import type { TaskRecord } from "../da/da.ts";
import type { ProjectVersion } from "../project/types.ts";
import type { Task } from "../protocol/index.ts";
import { whyHopeless } from "./check.ts";
import type { Desk } from "./desk.ts";

/** The project's version and program that a task was made for, once they are needed. */
export class Loaded {
  #version: ProjectVersion | undefined;
  #program: Program | undefined;

  constructor(private readonly desk: Desk) {}

  /** Undefined until `version` was asked for. */
  get known(): ProjectVersion | undefined {
    return this.#version;
  }

  /** @throws when the config can't be had now */
  async version({ projectId, version, programId }: Task): Promise<ProjectVersion> {
    const { deps, signal } = this.desk;
    return this.#version ??= await deps.projects.forTask(projectId, version, programId, signal);
  }

  /** @throws {ProgramError} */
  async program(task: Task): Promise<Program> {
    const version = await this.version(task);
    return this.#program ??= await this.desk.deps.runtimes.load(version.program, this.desk.signal);
  }

  /**
   * Why nobody can prove the task, undefined when somebody may.
   * @throws when that can't be told now
   */
  async whyHopeless(record: TaskRecord): Promise<string | undefined> {
    const { deps, checks, signal } = this.desk;
    return await checks.run(async () => {
      let program: Program;
      try {
        program = await this.program(record.task);
      } catch (error) {
        if (!(error instanceof ProgramError)) throw error;
        // What this node does not offer it can't verify either, now or later (R3).
        if (error.retryable && error.kind !== "unsupported") throw error;
        return `the program can't be used: ${error.message}`;
      }
      return await whyHopeless(record, program, deps.store, signal);
    });
  }
}

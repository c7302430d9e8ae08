import { type Program, ProgramError } from "../../runtimes/runtime.ts";
import type { Message, PackedGroup, PendingGroup, TaskRecord } from "../da/da.ts";
import { limits } from "../project/limits.ts";
import { messageSpan, taskSpan } from "../trace_ids.ts";
import { now as clock } from "../tracing.ts";
import type { PackerProgram, ProjectVersion } from "../project/types.ts";
import { buildTask, firstRefused } from "./build.ts";
import type { PackDeps } from "./index.ts";
import { payloadBytes, ruleProblem, type TaskBounds } from "./rules.ts";

/** A program whose cage dies this often in a row is one that can't load, or commit to the task. */
const mostFailures = 2;
/** How long a program that can't load is not tried again, ms. */
const unloadableMs = 60_000;

/** What a project's packer is shown of a group, the oldest first. */
const shown: TaskBounds = { maxCount: 4096, maxBytes: 4 * payloadBytes };

/** Messages that a task's trace names: what OpenTelemetry keeps of a span's links. */
const mostLinks = 128;

/** Refused messages remembered; one that is forgotten is found again. */
const mostRefused = 10_000;

/** Why the messages of a group must wait; for people. */
export class PackingProblem extends Error {
  override readonly name = "PackingProblem";
}

/** Packs single tasks, and remembers what programs did when they were asked to commit. */
export class Packer {
  readonly #failures = new Map<string, number>();
  /** Messages that the program can't take, until they are packed. */
  readonly #refused = new Set<string>();
  readonly #unloadable = new Map<string, number>();

  constructor(private readonly deps: PackDeps, private readonly signal: AbortSignal) {}

  /**
   * Packs the oldest messages of a group into one task; undefined when there was nothing to pack,
   * or another node does it. A message that the program can't take is packed alone, into a task
   * that dispatch fails with the program's reason, so that its neighbours are proved.
   * @throws {PackingProblem} when the messages must wait for a person
   */
  async pack(
    group: PendingGroup,
    version: ProjectVersion,
    bounds: TaskBounds,
  ): Promise<TaskRecord | undefined> {
    const { store, signing } = this.deps;
    await this.#assertOperator(group);
    const program = await this.#load(version);
    const problem = ruleProblem(version.packing, program?.info.maxMessages);
    if (problem) throw new PackingProblem(problem);
    const { programId } = version.program;
    const name = nameOf(group);
    for (let maxCount = bounds.maxCount;;) {
      let cut: number | undefined, alone: string | undefined, taken: readonly Message[] = [];
      const began = clock();
      const packed = await store.pack(group, { ...bounds, maxCount }, async (messages) => {
        taken = messages;
        const bad = messages.findIndex(({ id }) => this.#refused.has(id));
        // First those before it; then it stands at the head, and is packed alone.
        if (bad >= 0 && messages.length > 1) return void (cut = Math.max(1, bad));
        const committer = bad >= 0 ? undefined : program;
        alone = messages[bad]?.id;
        try {
          return await buildTask(messages, programId, committer, signing, this.signal);
        } catch (error) {
          if (!(error instanceof ProgramError) || !program) throw error;
          if (this.#mayRecover(name, error)) throw error;
          const found = await firstRefused(messages, program, this.signal);
          const refused = found === undefined ? undefined : messages[found];
          if (refused && messages.length > 1) {
            if (this.#refused.size >= mostRefused) this.#refused.clear();
            this.#refused.add(refused.id);
            return void (cut = Math.max(1, found ?? 1));
          }
          // Alone, or refused only together: without a commitment the task fails, and says why.
          return await buildTask(messages, programId, undefined, signing, this.signal);
        }
      });
      if (cut !== undefined) {
        maxCount = cut;
        continue;
      }
      if (packed) this.#failures.delete(name);
      if (packed) this.#trace(packed, taken, began);
      if (packed && alone) this.#refused.delete(alone);
      return packed;
    }
  }

  /**
   * Lets the project's own packer make tasks of the oldest messages of a group; undefined when there
   * were none, or another node does it.
   * @throws {PackerFailure} when the packer gives nothing that can be used
   * @throws {PackingProblem} when the messages must wait for a person
   */
  async packEach(
    group: PendingGroup,
    version: ProjectVersion,
    packer: PackerProgram,
  ): Promise<TaskRecord[] | undefined> {
    const { store, packers, signing, now } = this.deps;
    await this.#assertOperator(group);
    const program = await this.#load(version);
    const perTask = limits.messagesPerTask;
    const items = program?.info.maxMessages ?? perTask;
    const began = clock();
    let taken: readonly PackedGroup[] = [];
    const packed = await store.packEach(group, shown, async (messages) => {
      const question = { messages, now: await now(), perTask, items };
      const groups = await packers.run(packer, question, this.signal);
      const tasks: PackedGroup[] = [];
      for (const { messages: numbers, input } of groups) {
        const own = numbers.map((i) => messages[i] as Message);
        const build = (committer: Program | undefined) =>
          buildTask(own, version.program.programId, committer, signing, this.signal, input);
        const packed = await build(program).catch((error) => {
          if (!(error instanceof ProgramError) || this.#mayRecover(nameOf(group), error)) {
            throw error;
          }
          // Without a commitment the task fails, and says why.
          return build(undefined);
        });
        tasks.push({ messages: own, packed });
      }
      return taken = tasks;
    });
    packed?.forEach((task, i) => this.#trace(task, taken[i]?.messages ?? [], began));
    return packed;
  }

  #trace(
    { taskId, task: { projectId }, messageCount: messages }: TaskRecord,
    taken: readonly Message[],
    began: number,
  ): void {
    this.deps.tracing?.record({
      name: "pack",
      own: taskSpan(taskId),
      links: () => taken.slice(0, mostLinks).map(({ id }) => messageSpan(id)),
      began,
      attributes: { project: `${projectId}`, task: taskId, messages },
    });
  }

  async #assertOperator({ projectId }: PendingGroup): Promise<void> {
    const { projects, signing: { signer: { address } } } = this.deps;
    if (await projects.canOperate(projectId, address)) return;
    throw new PackingProblem(`this node's key ${address} may not operate the project`);
  }

  /** Undefined for what is no program: its tasks are made, and fail with the reason. */
  async #load(version: ProjectVersion): Promise<Program | undefined> {
    const { programId } = version.program;
    if ((this.#unloadable.get(programId) ?? 0) > performance.now()) return undefined;
    try {
      const program = await this.deps.runtimes.load(version.program, this.signal);
      this.#failures.delete(programId);
      return program;
    } catch (error) {
      if (!(error instanceof ProgramError) || this.#mayRecover(programId, error)) throw error;
      this.#unloadable.set(programId, performance.now() + unloadableMs);
      return undefined;
    }
  }

  /** Whether another try may end differently; a runtime not offered may be, one day. */
  #mayRecover(name: string, error: ProgramError): boolean {
    if (!error.retryable || error.kind === "unsupported") return error.retryable;
    const failures = (this.#failures.get(name) ?? 0) + 1;
    this.#failures.set(name, failures);
    if (failures < mostFailures) return true;
    this.#failures.delete(name);
    return false;
  }
}

/** Messages that may become one task. */
export type Group = Pick<PendingGroup, "projectId" | "version" | "group">;

/** Names a group in maps. */
export const nameOf = ({ projectId, version, group }: Group) => `${projectId}/${version}/${group}`;

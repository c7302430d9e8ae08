import type { Address, Hex } from "viem";
import {
  type Program,
  ProgramError,
  type ProgramSpec,
  type ProveContext,
  type Receipt,
  type Room,
} from "../../runtimes/runtime.ts";
import type { Runtimes } from "../../runtimes/index.ts";
import type { Sink, Source } from "../channel.ts";
import { errorText, type Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Link, LinkIdentity, Links } from "../network/link.ts";
import type { OutputJob, OutputReport } from "../output/types.ts";
import type { Projects } from "../project/types.ts";
import {
  limits,
  seedBlockOf,
  taskIdOf,
  taskSigner,
  type WireBody,
  type WireMessage,
} from "../protocol/index.ts";
import type { Task } from "../protocol/task.ts";
import { attemptSpan } from "../trace_ids.ts";
import { now, type Tracing } from "../tracing.ts";
import { Assignment } from "./assignment.ts";
import { Grants } from "./grants.ts";
import type { Unpaid } from "./funds.ts";
import { Liability, NotSignedError, type Stake } from "./liability.ts";
import type { Receipts } from "./receipts.ts";

export interface ProverDeps {
  readonly links: Links;
  readonly projects: Projects;
  readonly runtimes: Runtimes;
  readonly identity: LinkIdentity;
  /** Proofs made at once. */
  readonly capacity: number;
  /** Tells when other machines are offered than before. */
  readonly onOffered?: (listener: () => void) => () => void;
  /** Whether an enode's key may hand out work of a project (DESIGN R5). */
  readonly mayAssign: (enode: Address, projectId: bigint) => Promise<boolean>;
  /** The registered on-chain verifier; the zero address without a chain. */
  readonly verifierOf: (projectId: bigint, programId: Hex) => Promise<Address>;
  /** The chain's newest block, 0 while none is known. Without it tasks of any height are taken. */
  readonly height?: () => bigint;
  /** What signing puts at risk; left out without a chain. */
  readonly stake?: Stake;
  /** Why a task is not proved for what it pays; left out where anything is. */
  readonly unpaid?: Unpaid;
  readonly outputs: { readonly jobs: Sink<OutputJob>; readonly reports: Source<OutputReport> };
  /** Where finished receipts stay until an enode has stored them. */
  readonly receipts: Receipts;
  readonly tracing?: Tracing | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * The znode's stage: takes leases from its links, proves, and outputs what it is granted.
 * Answers a function that stops it.
 */
export function startProver(deps: ProverDeps): () => Promise<void> {
  const prover = new Prover(deps);
  return () => prover.stop();
}

interface Refusal {
  readonly reason: string;
  readonly retryable: boolean;
}

/** Blocks by which this node's endpoint may be behind the enode's. */
const blocksBehind = 5n;

class Prover {
  readonly #assignments = new Map<Hex, Assignment>();
  readonly #stop = new AbortController();
  readonly #unsubscribe: (() => void)[];
  readonly #grants: Grants;
  readonly #reports: Promise<void>;
  readonly #liability: Liability;

  constructor(private readonly deps: ProverDeps) {
    this.#liability = new Liability({ ...deps, stake: deps.stake });
    this.#grants = new Grants(deps, this.#stop.signal);
    for (const link of deps.links.list()) this.#serve(link);
    this.#unsubscribe = [
      deps.links.onLink((link) => this.#serve(link)),
      deps.onOffered?.(() => {
        // One that can't take it ends by itself, and is greeted when it comes back.
        for (const link of deps.links.list()) this.#greet(link).catch(() => {});
      }) ?? (() => {}),
    ];
    this.#reports = this.#grants.forwardReports();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#stop.abort();
    for (const a of this.#assignments.values()) a.stop(new Error("the znode is stopping"));
    for (const link of this.deps.links.list()) link.close();
    await this.#reports;
  }

  #greet(link: Link): Promise<void> {
    const { runtimes, capacity } = this.deps;
    return link.send("hello", { runtimes: [...runtimes.offered], capacity });
  }

  async #serve(link: Link): Promise<void> {
    const { log } = this.deps;
    try {
      await this.#greet(link);
      for await (const message of link.messages()) {
        // Each message on its own: a slow chain call for one task must not hold up the others.
        this.#handle(link, message).catch((error) =>
          log.warn({ kind: message.kind, enode: link.remote }, `frame failed: ${errorText(error)}`)
        );
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) {
        log.warn({ enode: link.remote }, `link ended: ${errorText(error)}`);
      }
    } finally {
      link.close();
    }
  }

  async #handle(link: Link, message: WireMessage): Promise<void> {
    switch (message.kind) {
      case "lease":
        return await this.#onLease(link, message.body);
      case "payload":
        return await this.#onPayload(link, message.body);
      case "cancel":
        return await this.#onCancel(link, message.body);
      case "grant":
        return await this.#grants.take(link, message.body);
      default:
        this.deps.metrics.refused.inc({ kind: "unexpected" });
    }
  }

  async #onLease(link: Link, lease: WireBody<"lease">): Promise<void> {
    const { metrics } = this.deps;
    const { taskId, epoch } = lease;
    // While the rest was looked at, others may have been taken.
    const refusal = await this.#refusal(link, lease) ?? this.#busy(lease);
    if (refusal) {
      metrics.refused.inc({ kind: "lease" });
      if (!refusal.retryable) {
        this.deps.log.warn(
          { task: taskId, enode: link.remote },
          `a lease is refused: ${refusal.reason}`,
        );
      }
      return await link.send("refuse", { taskId, epoch, ...refusal });
    }
    const assignment = this.#take(link, lease);
    try {
      assignment.verifier ??= await this.#liability.accept(lease);
    } catch (error) {
      assignment.stop(new Error("not accepted"));
      const reason = `can't accept now: ${errorText(error)}`.slice(0, limits.text);
      return await link.send("refuse", { taskId, epoch, reason, retryable: true });
    }
    await link.send("accept", { taskId, epoch, verifier: assignment.verifier });
  }

  #take(link: Link, lease: WireBody<"lease">): Assignment {
    const { taskId, epoch } = lease;
    const known = this.#assignments.get(taskId);
    // An enode that lost its link asks again for the lease it gave, or another one does that took
    // over its tasks and may operate the project as well: the proof goes on.
    if (known?.live && known.lease.epoch === epoch) {
      known.resume(link);
      return known;
    }
    known?.stop(new Error("leased again"));
    const assignment = new Assignment(link, lease);
    this.#assignments.set(taskId, assignment);
    assignment.signal.addEventListener("abort", () => {
      if (this.#assignments.get(taskId) === assignment) this.#assignments.delete(taskId);
    });
    return assignment;
  }

  async #refusal(
    link: Link,
    lease: WireBody<"lease">,
  ): Promise<Refusal | undefined> {
    const { task, taskId, signature, timeoutMs } = lease;
    const { network } = this.deps.identity;
    if (task.chainId !== network.chainId || task.router !== network.router) {
      return { reason: "the task is for another chain or router", retryable: false };
    }
    if (taskIdOf(task) !== taskId) return { reason: "not the task's id", retryable: false };
    const signer = await taskSigner(task, signature).catch(() => undefined);
    const allowed = signer !== undefined &&
      await this.deps.projects.canOperate(task.projectId, signer) &&
      await this.deps.mayAssign(link.remote, task.projectId);
    if (!allowed) {
      return { reason: "not signed by an operator of the project", retryable: false };
    }
    // By a block that is not there yet nobody can have been ranked.
    const height = this.deps.height?.() ?? 0n;
    if (height !== 0n && (seedBlockOf(task) ?? 0n) > height + blocksBehind) {
      return {
        reason: "the block that ranks znodes for the task is not there yet",
        retryable: true,
      };
    }
    if (this.#liability.forgot(lease)) {
      return { reason: "older than what this znode remembers of its signatures", retryable: true };
    }
    const busy = this.#busy(lease);
    if (busy) return busy;
    const program = this.#programOf(task);
    const unable = program && this.deps.runtimes.unable(program);
    if (unable) return { reason: unable.slice(0, limits.text), retryable: true };
    const unpaid = await this.deps.unpaid?.(taskId, timeoutMs);
    if (unpaid) {
      this.deps.metrics.refused.inc({ kind: "unpaid" });
      return { reason: unpaid, retryable: true };
    }
    return undefined;
  }

  /** Why no further task is taken now, that of a lease which goes on excepted. */
  #busy({ task, taskId }: WireBody<"lease">): Refusal | undefined {
    if (this.#assignments.has(taskId)) return undefined;
    if (this.#assignments.size >= this.deps.capacity) return { reason: "busy", retryable: true };
    const room = this.#roomOf(task);
    if (!room) return undefined;
    const sharing = [...this.#assignments.values()].filter(({ lease }) =>
      this.#roomOf(lease.task) === room
    );
    if (sharing.length < room.size) return undefined;
    return { reason: `busy with ${room.what}`, retryable: true };
  }

  #roomOf(task: Task): Room | undefined {
    const program = this.#programOf(task);
    return program && this.deps.runtimes.room(program);
  }

  /** A task's program; undefined for one of a version that would have to be fetched first. */
  #programOf({ projectId, version, programId }: Task): ProgramSpec | undefined {
    const program = this.deps.projects.get(projectId)?.versions.get(version)?.program;
    return program?.programId === programId ? program : undefined;
  }

  async #onPayload(link: Link, payload: WireBody<"payload">): Promise<void> {
    const assignment = this.#assignments.get(payload.taskId);
    if (
      !assignment || assignment.link !== link || assignment.lease.epoch !== payload.epoch ||
      assignment.verifier === undefined || assignment.started
    ) return void this.deps.metrics.refused.inc({ kind: "payload" });
    assignment.started = true;
    const { verifier, signal } = assignment;
    const { taskId, epoch } = payload;
    try {
      const { program, allowRemote } = await this.#load(assignment);
      const receipt = await this.#kept(assignment, program) ??
        await this.#prove(assignment, payload, program, allowRemote);
      await this.#keep(assignment, receipt);
      await this.#liability.claim(assignment.lease, verifier, receipt, signal);
      // A proof made under a lease that has ended is not offered (R4).
      if (!assignment.live) return;
      await assignment.link.send("receipt", { taskId, epoch, receipt });
    } catch (error) {
      if (error instanceof NotSignedError) {
        await this.deps.receipts.forget(taskId, assignment.link.remote);
      }
      const failure = describeFailure(error, assignment);
      this.deps.log.warn({ task: taskId, epoch: Number(epoch) }, `proof failed: ${failure.reason}`);
      if (!this.#stop.signal.aborted) {
        await assignment.link.send("failure", { taskId, epoch, ...failure });
      }
    } finally {
      assignment.stop(new Error("done"));
    }
  }

  async #load(
    { lease: { task }, signal }: Assignment,
  ): Promise<{ program: Program; allowRemote: boolean }> {
    const { projects, runtimes } = this.deps;
    const version = await projects.forTask(task.projectId, task.version, task.programId, signal);
    const program = await runtimes.load(version.program, signal);
    return { program, allowRemote: version.provers.remote };
  }

  /** What an earlier lease of the task ended in, if it still holds for the program as it is. */
  async #kept({ taskId, signal }: Assignment, program: Program): Promise<Receipt | undefined> {
    const receipt = await this.deps.receipts.get(taskId);
    if (receipt?.imageId !== program.info.imageId) return undefined;
    try {
      const verdict = await program.verify(receipt, signal);
      if (verdict.verdict !== "invalid") return receipt;
    } catch (error) {
      signal.throwIfAborted();
      this.deps.log.warn({ task: taskId }, `a kept receipt was not checked: ${errorText(error)}`);
    }
    return undefined;
  }

  async #keep({ taskId, link }: Assignment, receipt: Receipt): Promise<void> {
    try {
      await this.deps.receipts.put(taskId, link.remote, receipt);
    } catch (error) {
      // The enode may take it all the same.
      this.deps.log.warn({ task: taskId }, `a receipt was not kept: ${errorText(error)}`);
    }
  }

  async #prove(
    assignment: Assignment,
    payload: WireBody<"payload">,
    program: Program,
    allowRemote: boolean,
  ): Promise<Receipt> {
    const { metrics, identity } = this.deps;
    const { task, taskId, epoch, signature, serial, timeoutMs } = assignment.lease;
    const { signal } = assignment;
    const context: ProveContext = {
      taskId,
      prover: identity.signer.address,
      projectId: task.projectId,
      version: task.version,
      serial,
      clientId: payload.clientId,
      signature,
      allowRemote,
      timeoutSeconds: timeoutMs / 1000,
    };
    const input = { messages: payload.messages, salt: payload.inputSalt };
    const runtime = program.spec.vmType;
    const end = metrics.proofSeconds.startTimer({ runtime });
    const began = now();
    const trace = (result: string, failed?: string) =>
      this.deps.tracing?.record({
        name: "prove",
        parent: attemptSpan(taskId, epoch),
        began,
        failed,
        attributes: { task: taskId, runtime, prover: context.prover, result },
      });
    metrics.running.inc();
    try {
      let phase = "";
      const receipt = await program.prove(input, context, signal, (progress) => {
        assignment.show(progress);
        if (progress.phase === phase) return;
        ({ phase } = progress);
        this.deps.log.debug({ task: taskId, phase }, "proving");
      });
      const statement = program.statement(receipt);
      if (statement && statement.inputCommitment !== task.inputCommitment) {
        throw new ProgramError("input", "the payload is not what the task commits to");
      }
      end();
      metrics.proofs.inc({ runtime, result: "made" });
      trace("made");
      return receipt;
    } catch (error) {
      const result = signal.aborted ? "stopped" : "failed";
      metrics.proofs.inc({ runtime, result });
      trace(result, describeFailure(error, assignment).reason);
      throw error;
    } finally {
      metrics.running.dec();
    }
  }

  async #onCancel(link: Link, { taskId, epoch, ended }: WireBody<"cancel">): Promise<void> {
    const assignment = this.#assignments.get(taskId);
    if (assignment?.link === link && assignment.lease.epoch === epoch) {
      assignment.stop(new Error("cancelled by the enode"));
    }
    this.#grants.cancel(link, { taskId, epoch });
    if (ended) await this.deps.receipts.forget(taskId, link.remote);
  }
}

function describeFailure(
  error: unknown,
  assignment: Assignment,
): { reason: string; retryable: boolean } {
  if (assignment.signal.aborted) {
    return { reason: errorText(assignment.signal.reason).slice(0, limits.text), retryable: true };
  }
  if (error instanceof ProgramError) {
    const reason = `${error.kind}: ${error.message}`.slice(0, limits.text);
    return { reason, retryable: error.retryable };
  }
  return { reason: errorText(error).slice(0, limits.text), retryable: true };
}

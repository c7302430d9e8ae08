/** Work that a task's events start and that ends in another event: checks of receipts and reports. */
import type { Address, Hex } from "viem";
import { ProgramError, type Receipt, type Verdict } from "../../runtimes/runtime.ts";
import type { TaskRecord } from "../da/da.ts";
import { errorText } from "../log.ts";
import { attemptSpan } from "../trace_ids.ts";
import { now } from "../tracing.ts";
import { checkReceipt } from "./check.ts";
import { type Desk, keyOf, pause, type TaskActor } from "./desk.ts";
import { onRouter } from "./grants.ts";
import type { Loaded } from "./loaded.ts";
import { type EventOf, self, type State } from "./state.ts";
import type { Witness } from "./witness.ts";

/** `unread`: this node could not read the program, which says nothing about the receipt. */
type Judgement = Verdict & { readonly unread?: true };

export class Checks {
  readonly #receipts = new Map<string, Receipt>();
  readonly #running = new Set<string>();
  readonly #believed = new Set<string>();

  constructor(
    private readonly desk: Desk,
    private readonly actor: TaskActor,
    private readonly loaded: Loaded,
    private readonly witness: Witness,
  ) {}

  get running(): boolean {
    return this.#running.size > 0;
  }

  /** Leases whose receipts are at hand. */
  get waiting(): string[] {
    return [...this.#receipts.keys()];
  }

  receipt(prover: Address, epoch: number): Receipt | undefined {
    return this.#receipts.get(keyOf(prover, epoch));
  }

  /** The first receipt of a lease is the one that counts. */
  offer(prover: Address, epoch: number, receipt: Receipt): void {
    const key = keyOf(prover, epoch);
    if (!this.#receipts.has(key)) this.#receipts.set(key, receipt);
  }

  /** Drops receipts that the machine does not ask about. */
  keep({ checks }: State): void {
    const asked = new Set(checks.map((c) => keyOf(c.prover, c.epoch)));
    for (const key of this.#receipts.keys()) if (!asked.has(key)) this.#receipts.delete(key);
  }

  /** Has a receipt judged; the verdict is posted to the actor. */
  verify(record: TaskRecord, prover: Address, epoch: number): void {
    const key = keyOf(prover, epoch);
    const receipt = this.#receipts.get(key);
    if (!receipt) return;
    this.#run(key, async () => {
      const began = performance.now(), at = now();
      const verdict = await this.#judge(record, prover, receipt);
      this.desk.deps.tracing?.record({
        name: "verify",
        parent: attemptSpan(record.taskId, epoch),
        began: at,
        ...(verdict?.verdict === "invalid" ? { failed: verdict.reason } : {}),
        attributes: { task: record.taskId, prover, verdict: verdict?.verdict },
      });
      this.desk.deps.metrics?.checkSeconds.observe((performance.now() - began) / 1000);
      return async () => {
        // Without a verdict the machine ends the check by itself.
        if (!verdict) return;
        const reason = verdict.verdict === "invalid" ? verdict.reason : "";
        if (reason) this.desk.deps.metrics?.refused.inc({ kind: "proof" });
        // Before the receipt is forgotten with its check.
        if (reason && !verdict.unread) {
          this.desk.standing.charge(prover, "a proof that does not verify");
          await this.#blame(record, prover, epoch, receipt);
        }
        const { verdict: said } = verdict;
        await this.actor.post({ kind: "verdict", prover, epoch, verdict: said, reason });
      };
    });
  }

  async #blame(
    { taskId }: TaskRecord,
    prover: Address,
    epoch: number,
    receipt: Receipt,
  ): Promise<void> {
    const { deps, signal } = this.desk;
    try {
      await this.witness.invalid(prover, epoch, receipt);
    } catch (error) {
      if (signal.aborted) return;
      deps.log.warn({ task: taskId, prover }, `evidence was not kept: ${errorText(error)}`);
    }
  }

  /**
   * Whether a report must wait: a znode's word that a router output is confirmed is held against
   * the chain first, and posted again when it is true.
   */
  doubted(state: State, body: EventOf<"report">): boolean {
    const { isAccepted, log, metrics } = this.desk.deps;
    if (!isAccepted || body.state !== "confirmed" || !onRouter(state, body.output)) return false;
    const granted = state.outputs[body.output]?.grants
      .some((g) => g.epoch === body.epoch && g.holder === body.holder);
    const key = `output ${body.output}@${body.epoch}`;
    if (!granted || this.#believed.has(key)) return false;
    this.#run(key, async () => {
      const accepted = await this.#confirm(isAccepted);
      return async () => {
        if (accepted) {
          this.#believed.add(key);
          return await this.actor.post(body);
        }
        metrics?.refused.inc({ kind: "report" });
        if (body.holder !== self) {
          this.desk.standing.charge(body.holder, "an output reported that the chain does not have");
        }
        log.warn({ task: this.actor.taskId, by: body.holder }, "confirmed, but not on the chain");
        await this.actor.post({ kind: "tick" });
      };
    });
    return true;
  }

  /**
   * Whether an acceptance must wait: the verifier that it names is held against the route on the
   * chain first. It is posted again when it is that one, or the chain does not say; else the znode
   * could lie at no risk, and its acceptance is taken for a refusal.
   */
  unnamed({ task }: TaskRecord, state: State, body: EventOf<"accept">): boolean {
    const { verifierOf, log, metrics } = this.desk.deps;
    const { prover, epoch } = body;
    const offered = state.leases.some((l) =>
      l.prover === prover && l.epoch === epoch && l.stage === "offered"
    );
    const acceptance = this.witness.acceptance(prover, epoch);
    const key = `acceptance ${keyOf(prover, epoch)}`;
    if (!verifierOf || !offered || !acceptance || this.#believed.has(key)) return false;
    const { verifier } = acceptance.statement;
    this.#run(key, async () => {
      const route = await this.#routeOf(() => verifierOf(task.projectId, task.programId));
      return async () => {
        if (route === undefined || route === verifier) {
          this.#believed.add(key);
          return await this.actor.post(body, { acceptance });
        }
        metrics?.refused.inc({ kind: "acceptance" });
        this.desk.standing.charge(prover, "a frame that is refused");
        const reason = `names ${verifier} as the verifier, the route on the chain is ${route}`;
        log.warn({ task: this.actor.taskId, prover }, `an acceptance is refused: ${reason}`);
        await this.actor.post({ kind: "refuse", prover, epoch, retryable: true, reason });
      };
    });
    return true;
  }

  /** Undefined when the chain does not say soon: the offer would end meanwhile. */
  async #routeOf(ask: () => Promise<Address>): Promise<Address | undefined> {
    const late = new AbortController();
    try {
      const wait = pause(this.desk.options.acceptMs / 2, late.signal).then(() => undefined);
      return await Promise.race([ask(), wait]);
    } catch (error) {
      const reason = errorText(error);
      this.desk.deps.log.warn(
        { task: this.actor.taskId },
        `the route of a project is not known: ${reason}`,
      );
      return undefined;
    } finally {
      late.abort();
    }
  }

  #run(key: string, work: () => Promise<() => Promise<void>>): void {
    if (this.#running.has(key)) return;
    this.#running.add(key);
    void work().then((then) => {
      this.#running.delete(key);
      return this.desk.signal.aborted ? undefined : then();
    });
  }

  async #judge(
    record: TaskRecord,
    prover: Address,
    receipt: Receipt,
  ): Promise<Judgement | undefined> {
    const { checks, deps, options, signal } = this.desk;
    const until = performance.now() + options.checkMs;
    while (!signal.aborted && performance.now() < until) {
      try {
        return await checks.run(async () => {
          const program = await this.loaded.program(record.task);
          return await checkReceipt(record, prover, program, receipt, signal);
        });
      } catch (error) {
        if (signal.aborted) return undefined;
        if (error instanceof ProgramError && !error.retryable) {
          return { verdict: "invalid", reason: `not verified: ${error.message}`, unread: true };
        }
        deps.log.warn({ task: record.taskId }, `receipt not checked: ${errorText(error)}`);
        await pause(1_000, signal);
      }
    }
    return undefined;
  }

  /** The chain's view here may be some blocks behind the znode's. */
  async #confirm(isAccepted: (taskId: Hex) => Promise<boolean>): Promise<boolean> {
    const { deps, signal } = this.desk;
    for (let wait = 500; wait < 20_000 && !signal.aborted; wait *= 2) {
      try {
        if (await isAccepted(this.actor.taskId)) return true;
      } catch (error) {
        deps.log.warn(
          { task: this.actor.taskId },
          `the router can't be asked: ${errorText(error)}`,
        );
      }
      await pause(wait, signal);
    }
    return false;
  }
}

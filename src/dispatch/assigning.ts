/** Whom one task is given to, and what is signed of it. */
import type { Address, Hex } from "viem";
import type { AssignmentRecord, TaskRecord } from "../da/da.ts";
import { errorText } from "../log.ts";
import type { ProjectVersion } from "../project/types.ts";
import { choose, type Chosen } from "./choice.ts";
import { type Candidate, fairest } from "./deps.ts";
import type { Desk } from "./desk.ts";
import { reasonAgainst, triedIn } from "./leases.ts";
import type { Wants } from "./machine.ts";
import { leastBad } from "./score.ts";
import type { State } from "./state.ts";

export class Assigning {
  /** Of offers, by epoch: stored when they are accepted. */
  readonly #signed = new Map<number, Promise<AssignmentRecord>>();
  /** Whether the task waits for the block by which znodes are ranked. */
  seedless = false;

  constructor(private readonly desk: Desk, private readonly taskId: Hex) {}

  /**
   * Znodes that could prove the task now. Where all that ever could are barred, the one with the
   * best score, a task at a time: no project is left without a znode.
   */
  free({ vmType, provers: { allow } }: ProjectVersion, { unavailable }: Wants): Candidate[] {
    const { desk } = this;
    const barred = (prover: Address) => desk.standing.barred(prover) !== undefined;
    const able = desk.peers.candidates(vmType, allow).filter((c) => !unavailable.has(c.prover));
    const good = able.filter(({ prover }) => !barred(prover));
    if (good.length > 0 || able.length === 0) return good;
    const others = desk.peers.offering(vmType, allow);
    if (others.some((prover) => !unavailable.has(prover) && !barred(prover))) return [];
    return leastBad(able, desk.standing.scores, desk.clock.at());
  }

  /** Why `choose` finds none. */
  whyNone(record: TaskRecord, { vmType, provers: { allow } }: ProjectVersion): string {
    const { deps, peers } = this.desk;
    const seed = deps.seeds?.of(record.task);
    if (seed?.kind === "wait") return `waits for block ${seed.block}, which orders its znodes`;
    const why = peers.whyNone(vmType, allow) ??
      "those with room are barred, or failed at it just now";
    return `waits for a znode: ${why}`;
  }

  /** A znode for the proof, of those that can take it now. */
  choose(
    record: TaskRecord,
    version: ProjectVersion,
    wanted: Wants,
    state: State,
    at: number,
  ): Chosen | Candidate | undefined {
    const { deps, peers } = this.desk;
    const { vmType, provers } = version;
    const seed = deps.seeds?.of(record.task);
    this.seedless = seed?.kind === "wait";
    if (seed?.kind === "wait") return undefined;
    const free = this.free(version, wanted);
    if (free.length === 0) return undefined;
    const fresh = free.filter(({ prover }) => !wanted.tried.has(prover));
    const pool = fresh.length > 0 ? fresh : free;
    const pick = deps.choose ?? fairest;
    if (!seed) return pick(record, pool);
    const whyNot = (prover: Address): string => {
      const why = reasonAgainst(state, at, prover) ??
        peers.whyNot(prover, vmType, provers.allow) ?? this.desk.standing.barred(prover);
      return why ?? `tried in epoch ${triedIn(state, prover)}`;
    };
    return choose(record, seed, pool, whyNot, pick);
  }

  /** Signs a choice while its offer is on the way. */
  sign(epoch: number, chosen: Chosen | Candidate): void {
    const { signatures, deps: { log } } = this.desk;
    if (!signatures || !("skipped" in chosen)) return;
    const signing = signatures.sign(this.taskId, epoch, chosen);
    signing.catch((error) => log.error({ task: this.taskId }, `not signed: ${errorText(error)}`));
    this.#signed.set(epoch, signing);
  }

  /** The assignments of offers that were taken, to be stored; those of others are forgotten. */
  async taken({ leases, past }: State): Promise<AssignmentRecord[]> {
    const taken: Promise<AssignmentRecord>[] = [];
    for (const [epoch, signing] of this.#signed) {
      const lease = leases.find((l) => l.epoch === epoch);
      if (lease?.stage === "offered") continue;
      if (lease || past.some((p) => p.epoch === epoch)) taken.push(signing);
      else this.#signed.delete(epoch);
    }
    return taken.length > 0 ? await Promise.all(taken) : [];
  }

  stored(assignments: readonly AssignmentRecord[]): void {
    for (const { epoch } of assignments) this.#signed.delete(Number(epoch));
  }
}

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
import type { State } from "./state.ts";

export class Assigning {
  /** Of offers, by epoch: stored when they are accepted. */
  readonly #signed = new Map<number, Promise<AssignmentRecord>>();
  /** Whether the task waits for the block by which znodes are ranked. */
  seedless = false;

  constructor(private readonly desk: Desk, private readonly taskId: Hex) {}

  /** Znodes that could prove the task now. */
  free({ vmType, provers }: ProjectVersion, { unavailable }: Wants): Candidate[] {
    const { peers, deps: { barred } } = this.desk;
    return peers.candidates(vmType, provers.allow)
      .filter(({ prover }) => !unavailable.has(prover) && barred?.(prover) === undefined);
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
        peers.whyNot(prover, vmType, provers.allow) ?? deps.barred?.(prover);
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

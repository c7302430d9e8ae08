import type { EvidenceStore, StoredFault } from "../../da/da.ts";
import {
  type Fault,
  faultOf,
  type Signed,
  type Stated,
  type StatedUnder,
  type StatementKind,
} from "../../protocol/index.ts";

type Statement = Signed<Stated[StatementKind]>;

/** An `EvidenceStore` in memory, which the dispatchers of a test share. */
export class MemoryEvidence implements EvidenceStore {
  readonly faults: Fault[] = [];
  readonly #times = new Map<Fault, number>();
  readonly statements = new Map<string, Statement>();

  first<K extends StatementKind>(kind: K, signed: Signed<Stated[K]>) {
    const key = nameOf(kind, signed.statement);
    const known = this.statements.get(key);
    if (!known) this.statements.set(key, signed);
    return Promise.resolve(known as Signed<Stated[K]> | undefined);
  }

  find<K extends StatementKind>(kind: K, under: StatedUnder) {
    return Promise.resolve(
      this.statements.get(nameOf(kind, under)) as Signed<Stated[K]> | undefined,
    );
  }

  add(fault: Fault): Promise<boolean> {
    const key = (f: Fault) => nameOf(f.kind, faultOf(f));
    if (this.faults.some((known) => key(known) === key(fault))) return Promise.resolve(false);
    this.faults.push(fault);
    this.#times.set(fault, Date.now());
    return Promise.resolve(true);
  }

  list(): Promise<StoredFault[]> {
    return Promise.resolve(this.faults.map((fault, i) => ({ id: BigInt(i), at: 0, fault })));
  }

  async get(id: bigint): Promise<StoredFault | undefined> {
    return (await this.list())[Number(id)];
  }

  recent(since: number) {
    const all = this.faults.map((fault) => ({
      prover: faultOf(fault).prover,
      kind: fault.kind,
      at: this.#times.get(fault) ?? 0,
    }));
    return Promise.resolve(all.filter(({ at }) => at > since));
  }
}

const nameOf = (kind: string, { taskId, epoch, prover }: StatedUnder): string =>
  `${kind} ${taskId} ${epoch} ${prover}`;

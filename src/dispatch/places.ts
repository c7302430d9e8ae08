import type { Address, Hex } from "viem";
import type { Desk } from "./desk.ts";
import type { OwnPlace } from "./own_places.ts";
import { self, type State } from "./state.ts";

/** The places that a task takes: of znodes for its proofs, of this enode for its own outputs. */
export class Places {
  readonly #leases = new Map<string, Address>();
  readonly #grants = new Map<string, OwnPlace>();

  constructor(private readonly desk: Desk, private readonly taskId: Hex) {}

  /** Tells whose places these are now; none without a state. */
  take(state: State | undefined, projectId = 0n): void {
    const { peers, own } = this.desk;
    const leases = new Map(state?.leases.map((l) => [`${this.taskId}/${l.epoch}`, l.prover]));
    const freed = change(this.#leases, leases, {
      taken: (lease, prover) => peers.occupy(prover, lease),
      left: (lease, prover) => peers.vacate(prover, lease),
    });
    if (freed) this.desk.freed();
    const grants = new Map(
      state?.outputs.flatMap(({ state: at, current }, index) =>
        current?.holder === self && (at === "granted" || at === "sent")
          ? [[`${this.taskId}/${current.epoch}`, placeOf(state, index, projectId)] as const]
          : []
      ),
    );
    change(this.#grants, grants, {
      taken: (grant, place) => own.occupy(place, grant),
      left: (grant, place) => own.vacate(place, grant),
    });
  }
}

/** What an output takes when this enode does it. */
export const placeOf = ({ rules }: State, output: number, projectId: bigint): OwnPlace => ({
  kind: rules.outputs[output]?.lane ?? rules.outputs[output]?.name ?? "",
  projectId,
});

interface Told<T> {
  taken(key: string, of: T): void;
  left(key: string, of: T): void;
}

/** Makes `held` what is held now; whether something was left. */
function change<T>(held: Map<string, T>, now: ReadonlyMap<string, T>, told: Told<T>): boolean {
  let freed = false;
  for (const [key, of] of held) {
    if (now.has(key)) continue;
    held.delete(key);
    told.left(key, of);
    freed = true;
  }
  for (const [key, of] of now) {
    if (held.has(key)) continue;
    held.set(key, of);
    told.taken(key, of);
  }
  return freed;
}

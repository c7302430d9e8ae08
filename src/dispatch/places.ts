import type { Address, Hex } from "viem";
import type { Desk } from "./desk.ts";
import type { State } from "./state.ts";

/** The places of znodes that a task takes. */
export class Places {
  readonly #taken = new Map<string, Address>();

  constructor(private readonly desk: Desk, private readonly taskId: Hex) {}

  /** Tells the peers which of their places these are now; none without a state. */
  take(state: State | undefined): void {
    const { peers } = this.desk;
    const now = new Map(state?.leases.map((l) => [`${this.taskId}/${l.epoch}`, l.prover]) ?? []);
    let freed = false;
    for (const [lease, prover] of this.#taken) {
      if (now.has(lease)) continue;
      peers.vacate(prover, lease);
      this.#taken.delete(lease);
      freed = true;
    }
    for (const [lease, prover] of now) {
      if (this.#taken.has(lease)) continue;
      peers.occupy(prover, lease);
      this.#taken.set(lease, prover);
    }
    if (freed) this.desk.freed();
  }
}

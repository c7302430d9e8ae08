/** Does what a task's machine wants done, once its state is saved. */
import type { TaskRecord } from "../da/da.ts";
import { errorText } from "../log.ts";
import type { Desk, TaskActor } from "./desk.ts";
import {
  cancelFrame,
  grantFrame,
  HopelessError,
  leaseFrame,
  ownJob,
  payloadFrame,
  type StoredReceipt,
} from "./frames.ts";
import { provable } from "./leases.ts";
import type { Loaded } from "./loaded.ts";
import { type Action, self, type State } from "./state.ts";

type ActionOf<K extends Action["kind"]> = Extract<Action, { readonly kind: K }>;

export class Acting {
  constructor(
    private readonly desk: Desk,
    private readonly actor: TaskActor,
    private readonly loaded: Loaded,
  ) {}

  /**
   * Sends frames to znodes, and jobs to this enode's own outputs.
   * @param accepted the receipt that came with this step
   */
  act(
    action: Exclude<Action, ActionOf<"verify">>,
    record: TaskRecord,
    state: State,
    accepted: StoredReceipt | undefined,
  ): void {
    const { deps: { store }, peers, clock } = this.desk;
    const { epoch } = action;
    const holder = "holder" in action ? action.holder : action.prover;
    if (holder === self) {
      if (action.kind === "grant") void this.#grantSelf(action, record);
      return;
    }
    const peer = peers.get(holder);
    if (action.kind === "lease") {
      const frame = leaseFrame(record, epoch, state.rules);
      if (peer) return peer.send(frame);
      return void this.actor.post({ kind: "gone", prover: holder });
    }
    if (action.kind === "cancel") return peer?.send(cancelFrame(record, epoch, !provable(state)));
    if (action.kind === "grant") {
      const until = state.outputs[action.output]?.until ?? 0;
      const ms = Math.max(0, until - clock.at());
      return peer?.send(grantFrame(record, action, ms, store, accepted));
    }
    const payload = payloadFrame(record, epoch, store);
    peer?.send(async () => {
      try {
        return await payload();
      } catch (error) {
        if (!(error instanceof HopelessError)) throw error;
        await this.actor.post({ kind: "abort", reason: error.message });
        return undefined;
      }
    });
  }

  async #grantSelf(action: ActionOf<"grant">, record: TaskRecord): Promise<void> {
    const { deps: { outputs, store }, signal } = this.desk;
    const { output, epoch } = action;
    try {
      if (!outputs) throw new Error("this enode runs no outputs");
      const version = await this.loaded.version(record.task);
      await outputs.jobs.send(await ownJob(record, action, version, store), signal);
    } catch (error) {
      if (signal.aborted) return;
      const report = { kind: "report" as const, state: "retry" as const, reference: "" };
      await this.actor.post({ ...report, output, epoch, holder: self, comment: errorText(error) });
    }
  }
}

import type { Address, Hex } from "viem";
import type { Progress } from "../../runtimes/runtime.ts";
import type { Link } from "../network/link.ts";
import type { WireBody } from "../protocol/index.ts";

/** Part of a lease or grant that a znode never uses, so that it stops before its enode gives up on it. */
export const margin = 0.1;

/** A proof this znode was given, from acceptance to receipt. */
export class Assignment {
  readonly #abort = new AbortController();
  readonly #proofTimer: ReturnType<typeof setTimeout>;
  #heartbeat: ReturnType<typeof setInterval>;
  #renewedAt = performance.now();
  #progress: Progress = { phase: "accepted", done: 0, total: 0 };
  /** True once the payload came: only work that is done renews a lease. */
  started = false;
  /** Named when the lease was accepted; undefined before. */
  verifier: Address | undefined;

  /** @param link whom it is for; another one when the enode came back under the same lease */
  constructor(public link: Link, readonly lease: WireBody<"lease">) {
    this.#proofTimer = setTimeout(
      () => this.stop(new Error("the proof took longer than the project allows")),
      lease.timeoutMs,
    );
    this.#heartbeat = setInterval(() => void this.#renew(), lease.leaseMs / 3);
  }

  get taskId(): Hex {
    return this.lease.taskId;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether the lease still holds by this machine's monotonic clock, less the margin (R4). */
  get live(): boolean {
    return !this.signal.aborted &&
      performance.now() - this.#renewedAt < this.lease.leaseMs * (1 - margin);
  }

  /** The enode asked again, so the lease begins anew for the work that goes on. */
  resume(link: Link): void {
    this.link = link;
    this.#renewedAt = performance.now();
  }

  show(progress: Progress): void {
    this.#progress = progress;
  }

  stop(reason: Error): void {
    clearTimeout(this.#proofTimer);
    clearInterval(this.#heartbeat);
    this.#abort.abort(reason);
  }

  async #renew(): Promise<void> {
    // A process that was paused finds its lease over here, before it could say it is alive.
    if (!this.live) return this.stop(new Error("the lease ended"));
    if (!this.started) return;
    const at = performance.now();
    try {
      const { taskId, epoch } = this.lease;
      await this.link.send("progress", { taskId, epoch, ...this.#progress });
      this.#renewedAt = at;
    } catch {
      // A link that can't take a heartbeat renews nothing; the lease runs out by itself.
    }
  }
}

import type { Hex } from "viem";
import type { Progress } from "../../runtimes/runtime.ts";
import type { Link } from "../network/link.ts";
import type { WireBody } from "../protocol/index.ts";

/** Part of a lease that a znode never uses, so that it stops before its enode gives up on it. */
const margin = 0.1;

/** A proof this znode was given, from acceptance to receipt. */
export class Assignment {
  readonly #abort = new AbortController();
  readonly #proofTimer: ReturnType<typeof setTimeout>;
  #heartbeat: ReturnType<typeof setInterval>;
  #renewedAt = performance.now();
  #progress: Progress = { phase: "accepted", done: 0, total: 0 };
  /** True once the payload came: only work that is done renews a lease. */
  started = false;

  /** @param beat sends one heartbeat; its resolution renews the lease */
  constructor(
    readonly link: Link,
    readonly lease: WireBody<"lease">,
    private readonly beat: (progress: Progress) => Promise<void>,
  ) {
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
      await this.beat(this.#progress);
      this.#renewedAt = at;
    } catch {
      // A link that can't take a heartbeat renews nothing; the lease runs out by itself.
    }
  }
}

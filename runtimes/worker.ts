/** A worker's side of a `WorkerPool`. */
import { ProgramError, type Progress } from "./runtime.ts";

/** What a job of a worker can ask and tell while it runs. */
export interface Job {
  /**
   * Whether the job is not wanted any more. A worker that computes can't be stopped from outside,
   * so a job asks now and then; WASM can be given this as an import.
   */
  readonly cancelled: () => boolean;
  readonly report: (progress: Progress) => void;
}

/** Thrown by `checkCancelled`; nobody waits for the job's answer then. */
export class CancelledError extends Error {
  override readonly name = "CancelledError";
}

export function checkCancelled(job: Job): void {
  if (job.cancelled()) throw new CancelledError("cancelled");
}

export interface WorkRequest {
  readonly id: number;
  readonly flag: SharedArrayBuffer;
  readonly method: string;
  readonly args: unknown;
}
export type WorkReply =
  | { readonly k: "ready" }
  | { readonly k: "progress"; readonly id: number; readonly progress: Progress }
  | { readonly k: "done"; readonly id: number; readonly value: unknown }
  | {
    readonly k: "failed";
    readonly id: number;
    readonly kind: ProgramError["kind"];
    readonly message: string;
  };

interface WorkerScope {
  onmessage: ((event: { data: WorkRequest }) => void) | null;
  postMessage(reply: WorkReply): void;
}

/** Serves jobs in this worker, one at a time. A failure that is no ProgramError is a trap. */
export function serveWork(
  run: (method: string, args: unknown, job: Job) => unknown | Promise<unknown>,
): void {
  const scope = globalThis as unknown as WorkerScope;
  scope.onmessage = async ({ data: { id, flag, method, args } }) => {
    const word = new Int32Array(flag);
    const job: Job = {
      cancelled: () => Atomics.load(word, 0) !== 0,
      report: (progress) => scope.postMessage({ k: "progress", id, progress }),
    };
    try {
      scope.postMessage({ k: "done", id, value: await run(method, args, job) });
    } catch (error) {
      const kind = error instanceof ProgramError ? error.kind : "trap";
      const message = error instanceof Error ? error.message : String(error);
      scope.postMessage({ k: "failed", id, kind, message });
    }
  };
  scope.postMessage({ k: "ready" });
}

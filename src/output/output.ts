import type { OutputConfig } from "../project/types.ts";
import type { OutputJob, OutputReport } from "./types.ts";

/** How a job ended. */
export interface Outcome {
  readonly state: Exclude<OutputReport["state"], "sent">;
  readonly reference: string;
  readonly comment: string;
}

export interface OutputContext {
  /** The result is on its way under this reference; may be called several times. */
  sent(reference: string, comment: string): void;
  readonly signal: AbortSignal;
}

/** One kind of output. */
export interface Output<K extends OutputConfig["type"]> {
  /**
   * Brings the result to its end. May be called again with the same job after a restart.
   * @throws {OutputError} or anything else, which counts as `retry`
   */
  run(
    job: OutputJob,
    config: Extract<OutputConfig, { type: K }>,
    context: OutputContext,
  ): Promise<Outcome>;
  /** Before the first job: takes up what an earlier process left open. */
  resume?(): Promise<void>;
  /** After the last job, or to cut off those under way. */
  close?(): Promise<void>;
}

/** Every kind of output that a project file can name. */
export type Outputs = { readonly [K in OutputConfig["type"]]: Output<K> };

/** Why a job can't be output; the message is for people and never contains message data. */
export class OutputError extends Error {
  constructor(readonly state: "early" | "retry" | "dead", message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "OutputError";
  }
}

/** @throws {OutputError} when the grant has ended: somebody else has the output by now */
export function insistLive({ live }: Pick<OutputJob, "live">): void {
  if (live?.() === false) throw new OutputError("retry", "the grant ended before it was used");
}

/**
 * Of what is sent without its proof.
 * @param isAccepted whether the router has accepted a task; undefined without a chain
 * @throws {OutputError} when the router has not, or there is none to ask
 */
export async function insistAccepted(
  { taskId }: Pick<OutputJob, "taskId">,
  isAccepted: ((taskId: OutputJob["taskId"]) => Promise<boolean>) | undefined,
): Promise<void> {
  if (await isAccepted?.(taskId)) return;
  throw new OutputError(
    isAccepted ? "early" : "dead",
    "it is sent without its proof only once the router has accepted the task",
  );
}

/** Names a (task, output) wherever an output must not be done twice. */
export function outputKey(job: Pick<OutputJob, "taskId" | "output">): string {
  return `${job.taskId}/${job.output}`;
}

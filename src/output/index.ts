import { Channel, type Sink, type Source } from "../channel.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { archiveOutput, type ArchiveStore } from "./archive/index.ts";
import { attemptSpan } from "../trace_ids.ts";
import { now, type Tracing } from "../tracing.ts";
import { type EthereumDeps, ethereumOutputs, failureText } from "./ethereum/index.ts";
import type { OutputConfig } from "../project/types.ts";
import { laneOf } from "./lane.ts";
import {
  type Outcome,
  type Output,
  type OutputContext,
  OutputError,
  type Outputs,
} from "./output.ts";
import { type SolanaDeps, solanaOutput } from "./solana/index.ts";
import { stdoutOutput, type WriteLine } from "./stdout.ts";
import { type TextileDeps, textileOutput } from "./textile/index.ts";
import type { OutputJob, OutputReport } from "./types.ts";
import { unsupportedOutput } from "./unsupported.ts";
import { type WebhookDeps, webhookOutput } from "./webhook/index.ts";

export { type EthereumDeps, ethereumOutputs } from "./ethereum/index.ts";
export {
  assertNotStakeOwner,
  type OutputChain,
  outputChain,
  type OutputKeys,
  type SigningPolicy,
} from "./ethereum/policy.ts";
export { type ChainSettings } from "./ethereum/settings.ts";

export interface OutputDeps {
  /** Undefined on a node without a chain. */
  readonly ethereum: Omit<EthereumDeps, "log"> | undefined;
  /** Left out: this node has no such output. */
  readonly solana?: SolanaDeps;
  readonly textile?: TextileDeps;
  readonly webhook?: WebhookDeps;
  readonly archive?: { readonly store: ArchiveStore | undefined };
  readonly log: Log;
  readonly metrics?: Pick<Metrics, "outputs" | "outputSeconds">;
  readonly tracing?: Tracing | undefined;
  /** Jobs of one kind under way at once; most of their time they wait for blocks. */
  readonly concurrency?: number;
  /** Takes what goes to stdout. */
  readonly write?: WriteLine;
}

/**
 * The output stage: brings each job to its end and reports on the way. A job that is cut off by
 * the signal is not reported: given again after a restart, it goes on where it was.
 *
 * Resolves when `jobs` ends or the signal aborts, and all is quiet. Leaves `reports` open.
 */
export async function runOutputs(
  jobs: Source<OutputJob>,
  reports: Sink<OutputReport>,
  deps: OutputDeps,
  signal: AbortSignal,
): Promise<void> {
  const outputs: Outputs = {
    stdout: stdoutOutput(deps.write),
    ethereumContract: deps.ethereum
      ? ethereumOutputs({ ...deps.ethereum, log: deps.log })
      : unsupportedOutput("ethereumContract", "it has no chain: set CHAIN_ENDPOINT"),
    solanaProgram: deps.solana
      ? solanaOutput({ ...deps.solana, log: deps.log })
      : unsupportedOutput("solanaProgram"),
    textile: deps.textile ? textileOutput(deps.textile) : unsupportedOutput("textile"),
    webhook: deps.webhook ? webhookOutput(deps.webhook) : unsupportedOutput("webhook"),
    archive: deps.archive ? archiveOutput(deps.archive.store) : unsupportedOutput("archive"),
  };
  const kinds = Object.values(outputs);
  const lanes = new Map<string, Lane>();
  const ended = () => Promise.all([...lanes.values()].map((lane) => lane.end()));
  try {
    await Promise.all(kinds.map((kind) => kind.resume?.()));
    while (true) {
      const next = await jobs.receive(signal);
      if (next.done) break;
      const name = laneOf(next.value.config);
      const lane = lanes.get(name) ??
        openLane(deps.concurrency ?? 256, (job) => runJob(outputs, job, reports, deps, signal));
      lanes.set(name, lane);
      await lane.queue.send(next.value, signal);
    }
    await ended();
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await Promise.all(kinds.map((kind) => kind.close?.()));
    await ended();
  }
}

/** The jobs of one kind: a far end that hangs holds up no other kind, until this queue is full. */
interface Lane {
  readonly queue: Channel<OutputJob>;
  /** Resolves when its last job has ended. */
  end(): Promise<void>;
}

/** @param places jobs under way at once, and as many that wait for them */
function openLane(places: number, run: (job: OutputJob) => Promise<void>): Lane {
  const queue = new Channel<OutputJob>(places);
  const reading = (async () => {
    const running = new Set<Promise<void>>();
    for await (const job of queue) {
      const done = run(job).finally(() => running.delete(done));
      running.add(done);
      if (running.size >= places) await Promise.race(running);
    }
    await Promise.all(running);
  })();
  return {
    queue,
    end() {
      queue.close();
      return reading;
    },
  };
}

async function runJob(
  outputs: Outputs,
  job: OutputJob,
  reports: Sink<OutputReport>,
  { log, metrics, tracing }: OutputDeps,
  signal: AbortSignal,
): Promise<void> {
  const { taskId, epoch, output, config: { type } } = job;
  // It waited for its turn until the node stopped.
  if (signal.aborted) return;
  // In order, but not awaited: a slow reader must not hold up the chain's business.
  let told: Promise<unknown> = Promise.resolve();
  const report = (state: OutputReport["state"], reference: string, comment: string) => {
    metrics?.outputs.inc({ type, state });
    log.info({ task: taskId, output, type, reference, comment }, `output ${state}`);
    const message = { taskId, epoch, output, state, reference, comment };
    told = told.then(() => reports.send(message, signal)).catch((error) =>
      // The job is given again until its end was reported.
      log.debug({ task: taskId, output, state }, `not reported: ${failureText(error)}`)
    );
  };
  const context: OutputContext = {
    sent: (reference, comment) => report("sent", reference, comment),
    signal,
  };
  const began = performance.now(), at = now();
  const outcome = await attempt(outputs, job, context);
  const seconds = (performance.now() - began) / 1000;
  if (outcome) metrics?.outputSeconds.observe({ type, state: outcome.state }, seconds);
  tracing?.record({
    name: `send ${type}`,
    parent: attemptSpan(taskId, epoch),
    began: at,
    ...(outcome && outcome.state !== "confirmed" ? { failed: outcome.comment } : {}),
    attributes: { task: taskId, output, state: outcome?.state, reference: outcome?.reference },
  });
  if (outcome) report(outcome.state, outcome.reference, outcome.comment);
  await told;
}

/** Undefined when the node stops before the job has an end. */
async function attempt(
  outputs: Outputs,
  job: OutputJob,
  context: OutputContext,
): Promise<Outcome | undefined> {
  try {
    return await runOutput(outputs, job, context);
  } catch (error) {
    if (context.signal.aborted) return undefined;
    const state = error instanceof OutputError ? error.state : "retry";
    return { state, reference: "", comment: failureText(error) };
  }
}

/** The kind that the config is of, by the type of which it is run. */
function runOutput<K extends OutputConfig["type"]>(
  outputs: { readonly [T in K]: Output<T> },
  job: OutputJob,
  context: OutputContext,
): Promise<Outcome> {
  const config = job.config as Extract<OutputConfig, { type: K }>;
  return (outputs[config.type as K] as Output<K>).run(job, config, context);
}

import process from "node:process";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** A gauge that is read when it is asked for. */
export interface Reading<Value> {
  /** Until it is called, and while the source throws, the gauge has no value. */
  from(source: () => Value | Promise<Value>): void;
}

/** All metrics of a node, served in Prometheus' text format at `/metrics`. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name: `w3bstream_${name}`, help, labelNames, registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    labelNames: L[],
    buckets: number[],
  ) => new Histogram({ name: `w3bstream_${name}`, help, labelNames, buckets, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name: `w3bstream_${name}`, help, labelNames, registers });
  const read = <Value>(
    name: string,
    help: string,
    labelNames: string[],
    put: (gauge: Gauge, value: Value) => void,
  ): Reading<Value> => {
    let source: (() => Value | Promise<Value>) | undefined;
    const made: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers,
      async collect() {
        made.reset();
        if (labelNames.length === 0) made.remove();
        try {
          if (source) put(made, await source());
        } catch {
          // Without a value, as long as nobody can say.
        }
      },
    });
    return { from: (given) => source = given };
  };
  const number = (name: string, help: string) => read<number>(`w3bstream_${name}`, help, [], set);
  const byLabel = (name: string, help: string, label: string) =>
    read<Readonly<Record<string, number>>>(`w3bstream_${name}`, help, [label], (made, values) => {
      for (const [key, value] of Object.entries(values)) made.set({ [label]: key }, value);
    });
  read<number>("process_resident_memory_bytes", "Memory of the node's own process, bytes", [], set)
    .from(() => process.memoryUsage().rss);
  return {
    registry,
    ready: number("ready", "1: /ready says so; 0: something is missing"),
    messages: counter("messages_total", "Messages by project and what became of them", [
      "project",
      "result",
    ]),
    refusedSenders: counter("refused_senders_total", "Messages refused for who sent them", [
      "project",
      "reason",
    ]),
    sourceMessages: counter(
      "source_messages_total",
      "Messages that sources brought: received, then accepted, duplicate or refused",
      ["source", "result"],
    ),
    sourceRefused: counter("source_refused_total", "Messages of sources refused, by why", [
      "source",
      "reason",
    ]),
    sourceConnected: byLabel(
      "source_connected",
      "1: the source is being followed; 0: it is away",
      "source",
    ),
    sourceWaiting: byLabel(
      "source_waiting",
      "Messages that a source brought and that are not stored yet",
      "source",
    ),
    sourceLag: byLabel(
      "source_lag_seconds",
      "How long a message of the source waits at most, seconds: mqtt, since it came; postgres, " +
        "since the last look at the table of which all is stored began",
      "source",
    ),
    httpSeconds: histogram(
      "http_request_seconds",
      "Time to answer, seconds",
      ["route", "status"],
      shortTimes,
    ),
    queued: byLabel("ingest_queue", "What waits to be stored: messages, bytes", "unit"),
    commitSeconds: histogram(
      "da_commit_seconds",
      "Time to store a batch of messages, seconds",
      [],
      [
        ...shortTimes,
        10,
        30,
      ],
    ),
    commitMessages: histogram("da_commit_messages", "Messages of a batch", [], [
      ...[1, 2, 5, 10, 25, 50, 100, 250, 500, 1024],
    ]),
    unpacked: gauge("unpacked_messages", "Messages that are in no task, at most 4096 a group", [
      "project",
    ]),
    unpackedSeconds: gauge("unpacked_seconds", "Age of the oldest message in no task, seconds", [
      "project",
    ]),
    packSeconds: histogram("pack_seconds", "Time to make and store a task, seconds", [], times),
    tasks: counter("tasks_total", "Tasks by project and state reached", ["project", "state"]),
    openTasks: byLabel(
      "tasks_open",
      "Tasks in the database that have not ended, by phase",
      "phase",
    ),
    taskSeconds: histogram(
      "task_seconds",
      "Time from packing until a task first reached a state, seconds",
      ["state"],
      [...times, 7200, 86400],
    ),
    dispatch: byLabel(
      "dispatch",
      "This enode's tasks in memory (held), those that wait for a znode (waiting), leases, znodes",
      "of",
    ),
    checkSeconds: histogram("check_seconds", "Time to check a proof, seconds", [], times),
    proofSeconds: histogram("proof_seconds", "Time to prove one task, seconds", ["runtime"], times),
    proofs: counter("proofs_total", "Proofs by runtime: made, failed, stopped", [
      "runtime",
      "result",
    ]),
    refused: counter("refused_total", "Frames, receipts and proofs refused, by kind", ["kind"]),
    reports: counter("reports_total", "Reports of faults: slashed, settled, waiting", ["result"]),
    faults: counter("faults_total", "Faults of znodes that can be proved, by kind", ["kind"]),
    conduct: counter("conduct_total", "Faults of znodes that cost score, by kind", ["kind"]),
    barred: counter("barred_total", "Znodes barred from work, by the fault", ["kind"]),
    heard: counter("gossip_total", "Gossip heard, by project and kind", ["project", "kind"]),
    funding: counter("funding_total", "Fees of tasks by project: escrowed, waiting, refunded", [
      "project",
      "result",
    ]),
    outputs: counter("outputs_total", "Outputs by type and state reached", ["type", "state"]),
    deadOutputs: number(
      "outputs_dead",
      "Outputs in the database that ended dead and wait for a person",
    ),
    outputSeconds: histogram(
      "output_seconds",
      "Time of one attempt to output, by type and how it ended, seconds",
      ["type", "state"],
      times,
    ),
    running: gauge("proofs_running", "Proofs being made now"),
    links: number("p2p_links", "Links to nodes whose key is known: of an enode to znodes"),
    connections: number("p2p_connections", "Connections to libp2p peers"),
    chainHeight: number("chain_height", "Number of the newest block that was read"),
    chainSilent: number("chain_silent_seconds", "Time since the chain was last read, seconds"),
  };
}

const set = (made: Gauge, value: number) => made.set(value);

/** Bounds of what should take milliseconds, seconds. */
const shortTimes = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
/** Bounds of what may take minutes, seconds. */
const times = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

export type Metrics = ReturnType<typeof createMetrics>;

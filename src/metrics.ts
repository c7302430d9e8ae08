import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** All metrics of a node, served in Prometheus' text format at `/metrics`. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name: `w3bstream_${name}`, help, labelNames, registers });
  return {
    registry,
    messages: counter("messages_total", "Messages by project and what became of them", [
      "project",
      "result",
    ]),
    refusedSenders: counter("refused_senders_total", "Messages refused for who sent them", [
      "project",
      "reason",
    ]),
    httpSeconds: new Histogram({
      name: "w3bstream_http_request_seconds",
      help: "Time to answer, seconds",
      labelNames: ["route", "status"] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    tasks: counter("tasks_total", "Tasks by project and state reached", ["project", "state"]),
    proofSeconds: new Histogram({
      name: "w3bstream_proof_seconds",
      help: "Time to prove one task, seconds",
      labelNames: ["runtime"] as const,
      buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
      registers,
    }),
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
    running: new Gauge({
      name: "w3bstream_proofs_running",
      help: "Proofs being made now",
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

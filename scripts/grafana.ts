/** Writes docs/grafana.json, a dashboard of all stages: `bun scripts/grafana.ts`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

type Unit = "short" | "s" | "bytes" | "ops";

interface Panel {
  readonly title: string;
  readonly unit: Unit;
  /** PromQL with the legend of its series. */
  readonly queries: readonly (readonly [expression: string, legend: string])[];
}

/** Of this instance, or of all that are chosen. */
const here = `instance=~"$instance"`;
const at = (name: string, labels = "") =>
  `w3bstream_${name}{${here}${labels === "" ? "" : `,${labels}`}}`;
const rate = (name: string, by: string, labels = "") =>
  `sum by (${by}) (rate(${at(name, labels)}[$__rate_interval]))`;
/** Enodes of one database all tell the same. */
const most = (name: string, by: string) => `max by (${by}) (${at(name)})`;
const total = (name: string, by: string) => `sum by (${by}) (${at(name)})`;

function times(title: string, name: string, by = "", labels = ""): Panel {
  const groups = by === "" ? "le" : `le, ${by}`;
  const quantile = (q: number) =>
    `histogram_quantile(${q}, ${rate(`${name}_bucket`, groups, labels)})`;
  const legend = by === "" ? "" : ` {{${by}}}`;
  return {
    title,
    unit: "s",
    queries: [[quantile(0.5), `half${legend}`], [quantile(0.99), `99 %${legend}`]],
  };
}

const rows: readonly (readonly [title: string, panels: readonly Panel[]])[] = [
  ["Nodes", [
    { title: "Ready", unit: "short", queries: [[total("ready", "instance"), "{{instance}}"]] },
    {
      title: "Chain: time since it was read",
      unit: "s",
      queries: [[at("chain_silent_seconds"), "{{instance}}"]],
    },
    {
      title: "Chain: newest block",
      unit: "short",
      queries: [[at("chain_height"), "{{instance}}"]],
    },
    {
      title: "Memory",
      unit: "bytes",
      queries: [[`process_resident_memory_bytes{${here}}`, "{{instance}}"]],
    },
  ]],
  ["Ingest and DA", [
    {
      title: "Messages",
      unit: "ops",
      queries: [[rate("messages_total", "result"), "{{result}}"]],
    },
    {
      title: "Senders refused",
      unit: "ops",
      queries: [[rate("refused_senders_total", "reason"), "{{reason}}"]],
    },
    {
      title: "Sources",
      unit: "ops",
      queries: [
        [rate("source_messages_total", "source, result"), "{{source}} {{result}}"],
        [rate("source_refused_total", "source, reason"), "{{source}} refused: {{reason}}"],
      ],
    },
    {
      title: "Sources: connected, and messages that wait",
      unit: "short",
      queries: [
        [at("source_connected"), "{{instance}} {{source}}"],
        [at("source_waiting"), "{{instance}} {{source}} waiting"],
      ],
    },
    {
      title: "Sources: longest wait",
      unit: "s",
      queries: [[at("source_lag_seconds"), "{{instance}} {{source}}"]],
    },
    times("HTTP: time to answer", "http_request_seconds", "route"),
    {
      title: "Queue before the database",
      unit: "short",
      queries: [[at("ingest_queue", `unit="messages"`), "{{instance}}"]],
    },
    {
      title: "Queue before the database, bytes",
      unit: "bytes",
      queries: [[at("ingest_queue", `unit="bytes"`), "{{instance}}"]],
    },
    times("Time to store a batch", "da_commit_seconds"),
    {
      title: "Messages of a batch",
      unit: "short",
      queries: [[
        `${rate("da_commit_messages_sum", "instance")} / ${
          rate("da_commit_messages_count", "instance")
        }`,
        "{{instance}}",
      ]],
    },
  ]],
  ["Pack and fund", [
    {
      title: "Messages in no task",
      unit: "short",
      queries: [[most("unpacked_messages", "project"), "project {{project}}"]],
    },
    {
      title: "Oldest message in no task",
      unit: "s",
      queries: [[most("unpacked_seconds", "project"), "project {{project}}"]],
    },
    times("Time to make a task", "pack_seconds"),
    { title: "Fees", unit: "ops", queries: [[rate("funding_total", "result"), "{{result}}"]] },
  ]],
  ["Dispatch", [
    { title: "Tasks", unit: "ops", queries: [[rate("tasks_total", "state"), "{{state}}"]] },
    {
      title: "Tasks that have not ended",
      unit: "short",
      queries: [[most("tasks_open", "phase"), "{{phase}}"]],
    },
    { title: "In memory", unit: "short", queries: [[total("dispatch", "of"), "{{of}}"]] },
    times("From packing to a state", "task_seconds", "state"),
    times("Time to check a proof", "check_seconds"),
    { title: "Refused", unit: "ops", queries: [[rate("refused_total", "kind"), "{{kind}}"]] },
    {
      title: "Conduct of znodes",
      unit: "ops",
      queries: [
        [rate("conduct_total", "kind"), "{{kind}}"],
        [rate("barred_total", "kind"), "barred: {{kind}}"],
      ],
    },
    {
      title: "Faults that can be proved, and reports",
      unit: "ops",
      queries: [
        [rate("faults_total", "kind"), "{{kind}}"],
        [rate("reports_total", "result"), "reported: {{result}}"],
      ],
    },
  ]],
  ["Prove", [
    {
      title: "Proofs being made",
      unit: "short",
      queries: [[at("proofs_running"), "{{instance}}"]],
    },
    {
      title: "Proofs",
      unit: "ops",
      queries: [[rate("proofs_total", "runtime, result"), "{{runtime}} {{result}}"]],
    },
    times("Time to prove", "proof_seconds", "runtime"),
  ]],
  ["Output", [
    {
      title: "Outputs",
      unit: "ops",
      queries: [[rate("outputs_total", "type, state"), "{{type}} {{state}}"]],
    },
    {
      title: "Outputs that are dead",
      unit: "short",
      queries: [[`max(${at("outputs_dead")})`, "dead"]],
    },
    times("Time of an attempt that was confirmed", "output_seconds", "type", `state="confirmed"`),
  ]],
  ["Network", [
    { title: "Links", unit: "short", queries: [[at("p2p_links"), "{{instance}}"]] },
    { title: "Connections", unit: "short", queries: [[at("p2p_connections"), "{{instance}}"]] },
    { title: "Gossip heard", unit: "ops", queries: [[rate("gossip_total", "kind"), "{{kind}}"]] },
  ]],
];

const datasource = { type: "prometheus", uid: "${datasource}" };
const [columns, width, height] = [3, 8, 7];

function* panels() {
  let y = 0, id = 0;
  for (const [title, list] of rows) {
    yield { id: ++id, type: "row", title, gridPos: { x: 0, y, w: 24, h: 1 }, panels: [] };
    y++;
    for (const [i, { title, unit, queries }] of list.entries()) {
      const [column, row] = [i % columns, Math.floor(i / columns)];
      yield {
        id: ++id,
        type: "timeseries",
        title,
        datasource,
        gridPos: { x: column * width, y: y + row * height, w: width, h: height },
        fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
        targets: queries.map(([expr, legendFormat], n) => ({
          ...{ refId: String.fromCharCode(65 + n), datasource, expr, legendFormat },
        })),
      };
    }
    y += Math.ceil(list.length / columns) * height;
  }
}

export const dashboardPath = join(import.meta.dirname, "../docs/grafana.json");

export const dashboard = (): string =>
  JSON.stringify(
    {
      uid: "w3bstream",
      title: "W3bstream",
      schemaVersion: 39,
      editable: true,
      refresh: "30s",
      time: { from: "now-6h", to: "now" },
      templating: {
        list: [
          { name: "datasource", type: "datasource", query: "prometheus", label: "Prometheus" },
          {
            ...{ name: "instance", type: "query", datasource, label: "Node" },
            ...{ query: "label_values(w3bstream_ready, instance)", refresh: 2 },
            ...{ multi: true, includeAll: true, allValue: ".*" },
            current: { text: "All", value: "$__all" },
          },
        ],
      },
      panels: [...panels()],
    },
    null,
    2,
  ) + "\n";

if (import.meta.main) {
  writeFileSync(dashboardPath, dashboard());
  process.stdout.write(`${dashboardPath}\n`);
}

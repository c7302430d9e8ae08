import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dashboard, dashboardPath } from "../scripts/grafana.ts";
import { createMetrics } from "./metrics.ts";

/** Names of metrics as PromQL has them; a histogram's parts are the histogram. */
function namesIn(text: string, histograms: ReadonlySet<string>): Set<string> {
  const names = text.match(/\b(?:w3bstream|process)_[a-z0-9_]+/g) ?? [];
  return new Set(names.map((name) => {
    const base = name.replace(/_(?:bucket|sum|count)$/, "");
    return histograms.has(base) ? base : name;
  }));
}

async function registered() {
  const list = await createMetrics().registry.getMetricsAsJSON();
  const histograms = list.filter(({ type }) => `${type}` === "histogram").map(({ name }) => name);
  return { all: new Set(list.map(({ name }) => name)), histograms: new Set(histograms) };
}

test("the dashboard is what its script writes", () => {
  expect(readFileSync(dashboardPath, "utf8")).toBe(dashboard());
});

test("the dashboard shows every metric, and none that there is not", async () => {
  const { all, histograms } = await registered();
  expect(namesIn(dashboard(), histograms)).toEqual(all);
});

test("what the operators' guide names is there", async () => {
  const { all, histograms } = await registered();
  const guide = readFileSync(new URL("../docs/operating.md", import.meta.url), "utf8");
  // `w3bstream` alone is the database's schema; `unpacked_…` stands for several.
  const named = namesIn(guide, histograms);
  expect(named.size).toBeGreaterThan(8);
  expect([...named].filter((name) => !all.has(name))).toEqual([]);
});

test("a reading has no value until it has a source, nor while that fails", async () => {
  const { registry, links, openTasks } = createMetrics();
  const lines = async () =>
    (await registry.metrics()).split("\n")
      .filter((line) => /^w3bstream_(p2p_links|tasks_open)/.test(line));
  expect(await lines()).toEqual([]);
  links.from(() => 3);
  openTasks.from(() => Promise.resolve({ packed: 2, dispatched: 1 }));
  expect(await lines()).toEqual([
    `w3bstream_tasks_open{phase="packed"} 2`,
    `w3bstream_tasks_open{phase="dispatched"} 1`,
    "w3bstream_p2p_links 3",
  ]);
  openTasks.from(() => Promise.reject(new Error("the database is not available")));
  links.from(() => 4);
  expect(await lines()).toEqual(["w3bstream_p2p_links 4"]);
});

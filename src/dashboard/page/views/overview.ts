import type { Failures, ProofTimes, Tasks } from "../../schema.ts";
import { ask } from "../api.ts";
import { h } from "../dom.ts";
import { histogram } from "../parts/histogram.ts";
import { pipeline, stateBar } from "../parts/pipeline.ts";
import { taskTable } from "../parts/tasks.ts";
import type { Open } from "../view.ts";
import { failureTable } from "./failures.ts";

const [tasksShown, failuresShown] = [10, 5];

export const overview: Open = () => {
  const stages = pipeline(), states = stateBar(), times = histogram();
  const tasks = taskTable("The newest tasks", "No task was packed yet.", true);
  const failures = failureTable("The newest failures", "Nothing failed.", true);
  const all = (href: string, text: string) => h("a", { class: "all", href }, text);
  return {
    title: "Overview",
    elements: [
      h(
        "section",
        { "aria-labelledby": "pipeline" },
        h("h2", { id: "pipeline" }, "Pipeline"),
        h(
          "p",
          { class: "muted" },
          "Counts are of all enodes that share the database, rates of this one over ten seconds.",
        ),
        stages.element,
        states.element,
      ),
      h(
        "div",
        { class: "columns" },
        h(
          "div",
          {},
          h(
            "section",
            { "aria-labelledby": "newest" },
            h("h2", { id: "newest" }, "Newest tasks"),
            tasks.element,
            all("#/tasks", "All tasks"),
          ),
          h(
            "section",
            { "aria-labelledby": "failed" },
            h("h2", { id: "failed" }, "Newest failures"),
            failures.element,
            all("#/failures", "All failures"),
          ),
        ),
        h(
          "div",
          {},
          h(
            "section",
            { "aria-labelledby": "times" },
            h("h2", { id: "times" }, "Proof times"),
            h(
              "p",
              { class: "muted" },
              "From lease to checked receipt, of the newest proofs of a day.",
            ),
            times.element,
          ),
        ),
      ),
    ],
    onSummary(summary) {
      stages.show(summary);
      states.show(summary);
    },
    async load() {
      const [listed, failed, proved] = await Promise.all([
        ask<Tasks>("/overview/tasks"),
        ask<Failures>("/overview/failures"),
        ask<ProofTimes>("/overview/proofs"),
      ]);
      tasks.show(listed.tasks.slice(0, tasksShown));
      failures.show(failed.failures.slice(0, failuresShown));
      times.show(proved);
    },
  };
};

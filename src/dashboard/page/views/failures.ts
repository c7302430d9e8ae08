import type { Failures } from "../../schema.ts";
import { ask } from "../api.ts";
import { h } from "../dom.ts";
import { id, timeAgo } from "../format.ts";
import { pager } from "../parts/pager.ts";
import { badge } from "../parts/state.ts";
import { table } from "../parts/table.ts";
import { taskLink } from "../parts/tasks.ts";
import type { Open } from "../view.ts";

type Failure = Failures["failures"][number];

export const failureTable = (caption: string, empty: string, few = false) =>
  table<Failure>(
    caption,
    [
      { name: "Task", cell: ({ task }) => taskLink(task) },
      {
        name: "Project",
        cell: ({ task: { projectId } }) =>
          h("a", { href: `#/tasks?project=${projectId}` }, projectId),
      },
      {
        name: "Reason",
        wide: true,
        cell: ({ reason }) => h("span", { class: "reason" }, reason || "not said"),
      },
      ...few ? [] : [
        { name: "Said by", cell: ({ by }: Failure) => id(by) },
        { name: "Now", cell: ({ task: { state } }: Failure) => badge(state) },
      ],
      { name: "When", cell: ({ time }) => timeAgo(time), number: true },
    ],
    ({ task, time, reason }) => `${task.serial} ${time} ${reason}`,
    empty,
  );

export const failures: Open = ({ query }) => {
  const before = query.get("before");
  const list = failureTable("Failures, newest first", "Nothing failed.");
  const pages = pager("#/failures", query);
  return {
    title: "Failures",
    elements: [
      h(
        "p",
        { class: "muted" },
        "Tasks that failed, and outputs that will not be done. A task whose output was tried again has another state now.",
      ),
      list.element,
      pages.element,
    ],
    async load() {
      const found = await ask<Failures>(`/overview/failures${before ? `?before=${before}` : ""}`);
      list.show(found.failures);
      pages.show(found.before);
    },
  };
};

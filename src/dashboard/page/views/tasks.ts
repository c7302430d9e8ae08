import type { Tasks } from "../../schema.ts";
import { ask } from "../api.ts";
import { h } from "../dom.ts";
import { pager } from "../parts/pager.ts";
import { taskTable } from "../parts/tasks.ts";
import { meanings } from "../parts/state.ts";
import type { Open } from "../view.ts";

const states = ["packed", "dispatched", "proved", "outputted", "failed"] as const;

export const tasks: Open = ({ query }) => {
  const [project, state, before] = ["project", "state", "before"].map((name) => query.get(name));
  const list = taskTable(
    "Tasks, newest first",
    project || state ? "No task is like that." : "No task was packed yet.",
  );
  const pages = pager("#/tasks", query);
  const to = (change: Readonly<Record<string, string>>) => {
    const next = new URLSearchParams(query);
    next.delete("before");
    for (const [name, value] of Object.entries(change)) {
      if (value === "") next.delete(name);
      else next.set(name, value);
    }
    return `#/tasks${next.size ? `?${next}` : ""}`;
  };
  const number = h("input", {
    ...{ id: "project", inputmode: "numeric", pattern: "[0-9]{1,19}", maxlength: 19, size: 8 },
    ...{ autocomplete: "off", placeholder: "any", value: project ?? "" },
  }) as HTMLInputElement;
  const form = h(
    "form",
    { class: "filters" },
    h("label", { for: "project" }, "Project"),
    number,
    h("button", { class: "quiet" }, "Show"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = to({ project: number.value.trim() });
  });
  const choices = h(
    "ul",
    { class: "choices", "aria-label": "State" },
    ["", ...states].map((name) =>
      h(
        "li",
        {},
        h("a", {
          href: to({ state: name }),
          title: meanings[name],
          "aria-current": name === (state ?? "") ? "true" : null,
        }, name || "all"),
      )
    ),
  );
  return {
    title: "Tasks",
    elements: [h("div", { class: "toolbar" }, choices, form), list.element, pages.element],
    async load() {
      const asked = new URLSearchParams();
      if (project) asked.set("project", project);
      if (state) asked.set("state", state);
      if (before) asked.set("before", before);
      const found = await ask<Tasks>(`/overview/tasks?${asked}`);
      list.show(found.tasks);
      pages.show(found.before);
    },
  };
};

import type { Projects } from "../../schema.ts";
import { ask } from "../api.ts";
import { h } from "../dom.ts";
import { count } from "../format.ts";
import { table } from "../parts/table.ts";
import type { Open } from "../view.ts";

type Project = Projects["projects"][number];
type State = keyof Project["tasks"];

const tasksIn = (name: string, state: State) => ({
  name,
  number: true,
  cell: ({ projectId, tasks }: Project) =>
    tasks[state] === 0
      ? "0"
      : h("a", { href: `#/tasks?project=${projectId}&state=${state}` }, count(tasks[state])),
});

export const projects: Open = () => {
  const more = h("p", { class: "muted", hidden: true });
  const list = table<Project>(
    "Projects",
    [
      {
        name: "Project",
        cell: ({ projectId }) => h("a", { href: `#/tasks?project=${projectId}` }, projectId),
      },
      {
        name: "Versions",
        wide: true,
        cell: ({ versions }) =>
          versions.length === 0
            ? "–"
            : versions.map(({ version, vmType }) =>
              h("span", { class: "tag" }, version, h("span", { class: "muted" }, ` ${vmType}`))
            ),
      },
      { name: "Status", cell: (project) => statusOf(project) },
      {
        name: "Messages",
        cell: ({ messages, waiting }) => count(messages + waiting),
        number: true,
      },
      { name: "Unpacked", cell: ({ waiting }) => count(waiting), number: true },
      tasksIn("Packed", "packed"),
      tasksIn("Dispatched", "dispatched"),
      tasksIn("Proved", "proved"),
      tasksIn("Outputted", "outputted"),
      tasksIn("Failed", "failed"),
    ],
    ({ projectId }) => projectId,
    "No project is served here: see PROJECT_FILE_DIRECTORY, or the chain's registrar.",
  );
  return {
    title: "Projects",
    elements: [list.element, more],
    async load() {
      const found = await ask<Projects>("/overview/projects");
      list.show(found.projects);
      more.hidden = found.more === 0;
      more.textContent = `${count(found.more)} more are not listed.`;
    },
  };
};

function statusOf({ source, paused, problem }: Project): HTMLElement {
  if (problem !== null) return h("span", { class: "refused" }, problem);
  if (paused) return h("span", {}, "paused");
  if (source === "none") return h("span", { class: "muted" }, "not served here now");
  return h("span", {}, source === "chain" ? "of the chain" : "of a directory");
}

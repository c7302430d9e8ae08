/** Tasks in a table. */
import type { ListedTask } from "../../schema.ts";
import { h } from "../dom.ts";
import { between, count, duration, id, timeAgo } from "../format.ts";
import { badge } from "./state.ts";
import { type Column, type Table, table } from "./table.ts";

export const taskLink = ({ serial, taskId }: Pick<ListedTask, "serial" | "taskId">): HTMLElement =>
  h("a", { href: `#/task/${taskId}`, "aria-label": `Task ${serial}` }, `#${serial}`);

const columns: readonly Column<ListedTask>[] = [
  { name: "Task", cell: taskLink },
  { name: "State", cell: ({ state }) => badge(state) },
  {
    name: "Project",
    cell: ({ projectId, version }) => [
      h("a", { href: `#/tasks?project=${projectId}` }, projectId),
      h("span", { class: "muted" }, ` v${version}`),
    ],
  },
  { name: "Id", cell: ({ taskId }) => id(taskId) },
  { name: "Messages", cell: ({ messages }) => count(messages), number: true },
  { name: "Packed", cell: ({ packedAt }) => timeAgo(packedAt), number: true },
  {
    name: "Took",
    cell: ({ packedAt, endedAt }) => endedAt ? duration(between(packedAt, endedAt)) : "–",
    number: true,
  },
];

export const taskTable = (caption: string, empty: string, few = false): Table<ListedTask> =>
  table(
    caption,
    few ? columns.filter(({ name }) => !["Id", "Messages"].includes(name)) : columns,
    ({ serial }) => serial,
    empty,
  );

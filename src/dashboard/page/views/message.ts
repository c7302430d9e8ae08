import type { Found } from "../../schema.ts";
import { ask } from "../api.ts";
import { h } from "../dom.ts";
import { verdicts } from "../parts/check.ts";
import { taskLink } from "../parts/tasks.ts";
import { type Entry, timeline } from "../parts/timeline.ts";
import type { Open } from "../view.ts";

interface Status {
  readonly states: readonly Entry[] | null;
}

export const message: Open = ({ path: [, id = ""] }) => {
  const life = timeline();
  const unknown = h("p", { class: "notice", hidden: true }, "There is no such message here.");
  const inTask = h("p", { class: "muted" });
  const verdict = verdicts();
  const data = h("textarea", { id: "data", rows: 3, spellcheck: "false" }) as HTMLTextAreaElement;
  const form = h(
    "form",
    { class: "stack" },
    h("label", { for: "data" }, "What was sent, if that is to be checked too"),
    data,
    h("p", { class: "muted" }, "It stays on this machine."),
    h("div", {}, h("button", {}, "Check the receipt")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void verdict.check(() => ({
      messageId: id,
      ...(data.value === "" ? {} : { data: data.value }),
    }));
  });
  const receipt = h("section", {}, h("h2", {}, "Receipt"), form, verdict.element);
  return {
    title: "Message",
    elements: [
      h("p", { class: "hex" }, id),
      unknown,
      inTask,
      h(
        "div",
        { class: "columns even" },
        h("section", {}, h("h2", {}, "Life"), life.element),
        receipt,
      ),
    ],
    async load() {
      const [{ states }, found] = await Promise.all([
        ask<Status>(`/message/${encodeURIComponent(id)}`),
        ask<Found>(`/overview/find?q=${encodeURIComponent(id)}`),
      ]);
      unknown.hidden = states !== null;
      receipt.hidden = states === null;
      life.show(states ?? []);
      if (found.task) {
        const { task } = found;
        inTask.replaceChildren("in task ", taskLink(task), ` of project ${task.projectId}`);
      }
    },
  };
};

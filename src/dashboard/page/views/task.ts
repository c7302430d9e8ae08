import type { Task } from "../../schema.ts";
import { ask, signedIn, textOf } from "../api.ts";
import { type Child, h, keep } from "../dom.ts";
import { between, count, duration, id, timeAgo, timeBoth } from "../format.ts";
import { verdicts } from "../parts/check.ts";
import { badge } from "../parts/state.ts";
import { table } from "../parts/table.ts";
import { timeline } from "../parts/timeline.ts";
import type { Open } from "../view.ts";

type Output = Task["outputs"][number];
type Lease = Task["leases"][number];
type Proof = Task["proofs"][number];
type Message = NonNullable<Task["messageList"]>[number];

const section = (title: string, ...children: readonly Child[]): HTMLElement =>
  h("section", {}, h("h2", {}, title), ...children);

export const task: Open = ({ path: [, wanted = ""] }) => {
  let shown: Task | undefined;
  const head = h("p", { class: "head" });
  const facts = h("dl", { class: "facts" });
  const life = timeline();
  const waits = h("p", { class: "notice", hidden: true });
  const verdict = verdicts();
  const check = h("button", {
    type: "button",
    onclick: () =>
      void verdict.check(() => {
        if (!shown) throw new Error("the task is not loaded yet");
        return { task: { projectId: BigInt(shown.projectId), taskId: shown.taskId } };
      }),
  }, "Check the receipt");
  const outputs = table<Output>(
    "States of its outputs",
    [
      { name: "Output", cell: ({ index }) => `${index}` },
      { name: "Attempt", cell: ({ attempt }) => `${attempt}`, number: true },
      { name: "State", cell: ({ state }) => badge(state) },
      {
        name: "Reference",
        wide: true,
        cell: ({ reference }) => reference ? h("span", { class: "hex" }, reference) : "–",
      },
      { name: "Reason", cell: ({ comment }) => comment || "–" },
      { name: "When", cell: ({ time }) => timeAgo(time), number: true },
    ],
    ({ index, attempt, state, time }) => `${index} ${attempt} ${state} ${time}`,
    "Nothing was output yet.",
  );
  const leases = table<Lease>(
    "Its leases",
    [
      { name: "Lease", cell: ({ epoch }) => `${epoch}` },
      { name: "Znode", cell: ({ prover }) => id(prover) },
      { name: "Rank", cell: ({ rank }) => `${rank + 1}`, number: true },
      { name: "When", cell: ({ time }) => timeAgo(time), number: true },
    ],
    ({ epoch }) => `${epoch}`,
    "No lease is recorded: without a chain none is.",
  );
  const proofs = table<Proof>(
    "Its proofs",
    [
      { name: "Znode", cell: ({ prover }) => id(prover) },
      { name: "Machine", cell: ({ vmType }) => vmType },
      { name: "Verdict", cell: ({ verdict }) => verdict },
      { name: "Bound to", cell: ({ bindingKind }) => bindingKind },
      { name: "Checked", cell: ({ time }) => timeAgo(time), number: true },
    ],
    ({ prover }) => prover,
    "Not proved yet.",
  );
  const messages = table<Message>(
    "Its messages",
    [
      {
        name: "Message",
        wide: true,
        cell: (m) => h("a", { class: "hex", href: `#/message/${m.id}` }, m.id),
      },
      { name: "Sender", cell: ({ clientId }) => clientId || "not known" },
      { name: "Bytes", cell: ({ bytes }) => count(bytes), number: true },
      { name: "Received", cell: ({ time }) => timeAgo(time), number: true },
    ],
    (m) => m.id,
    "None is known.",
  );
  const senders = section("Messages", messages.element);
  senders.hidden = true;
  const retries = h("div", { class: "retries" });
  const retried = h("p", { role: "status" });
  const retry = async (output: number) => {
    if (!shown) return;
    retried.textContent = "asking…";
    try {
      await ask(`/task/${shown.projectId}/${shown.taskId}/retry`, {
        method: "POST",
        body: JSON.stringify({ output }),
      });
      retried.textContent = `output ${output} is tried again`;
      await view.load();
    } catch (error) {
      retried.textContent = textOf(error);
    }
  };
  const view = {
    title: "Task",
    elements: [
      head,
      waits,
      h(
        "div",
        { class: "columns even" },
        section("Life", life.element),
        section("Facts", facts),
      ),
      section(
        "Receipt",
        h(
          "p",
          { class: "muted" },
          "The proof is checked in this browser, by the program's own verifier: for which program, task and znode it is, and whether it is about the task's input.",
        ),
        check,
        verdict.element,
      ),
      section("Outputs", outputs.element, retries, retried),
      h(
        "div",
        { class: "columns even" },
        section("Proofs", proofs.element),
        section("Leases", leases.element),
      ),
      senders,
    ],
    async load() {
      const told = await ask<Task>(`/overview/tasks/${encodeURIComponent(wanted)}`);
      shown = told;
      view.title = `Task ${told.serial}`;
      head.replaceChildren(
        badge(told.state),
        "of ",
        h("a", { href: `#/tasks?project=${told.projectId}` }, `project ${told.projectId}`),
      );
      waits.hidden = told.waits === null;
      waits.textContent = told.waits ?? "";
      life.show(told.states);
      facts.replaceChildren(...factsOf(told));
      check.hidden = told.proofs.length === 0;
      outputs.show(told.outputs);
      leases.show(told.leases);
      proofs.show(told.proofs);
      senders.hidden = told.messageList === undefined;
      messages.show(told.messageList ?? []);
      keep(retries, signedIn() ? deadOf(told) : [], String, (output) =>
        h("button", {
          class: "quiet",
          type: "button",
          onclick: () => void retry(output),
        }, `Try output ${output} again`));
    },
  };
  return view;
};

/** Outputs whose newest state is that they will not be done. */
const deadOf = ({ outputs }: Task): number[] =>
  [...new Map(outputs.map(({ index, state }) => [index, state]))]
    .filter(([, state]) => state === "dead").map(([index]) => index);

function factsOf(task: Task): HTMLElement[] {
  const facts: readonly (readonly [string, Child])[] = [
    ["Task id", h("span", { class: "hex" }, task.taskId)],
    ["Version", task.version],
    ["Messages", count(task.messages)],
    ["Packed", timeBoth(task.packedAt)],
    ...task.endedAt
      ? [
        ["Ended", timeBoth(task.endedAt)],
        ["Took", duration(between(task.packedAt, task.endedAt))],
      ] as const
      : [],
    ["Program", h("span", { class: "hex" }, task.programId)],
    ["Messages' data", task.purgedAt ? ["deleted ", timeAgo(task.purgedAt)] : "kept, and private"],
  ];
  return facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]);
}

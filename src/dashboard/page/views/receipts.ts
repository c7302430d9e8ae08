import { h } from "../dom.ts";
import { verdicts } from "../parts/check.ts";
import type { Open } from "../view.ts";

export const receipts: Open = () => {
  const verdict = verdicts();
  verdict.element.append(h("p", { class: "muted" }, "Nothing was checked yet."));
  const id = h("input", {
    ...{ id: "message-id", required: true, pattern: "[0-9a-fA-F\\-]{36}", maxlength: 36 },
    ...{ autocomplete: "off", spellcheck: "false" },
  }) as HTMLInputElement;
  const file = h("input", {
    id: "receipt-file",
    type: "file",
    accept: ".json",
  }) as HTMLInputElement;
  const data = h("textarea", { id: "sent", rows: 3, spellcheck: "false" }) as HTMLTextAreaElement;
  const given = () => data.value === "" ? {} : { data: data.value };
  const form = h(
    "form",
    { class: "stack" },
    h("label", { for: "message-id" }, "Message id"),
    h("div", { class: "row" }, id, h("button", {}, "Check")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void verdict.check(() => ({ messageId: id.value.trim(), ...given() }));
  });
  file.addEventListener("change", () => {
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    const text = chosen.text();
    // The same file may be chosen again.
    file.value = "";
    void verdict.check(async () => ({ receipt: await text, ...given() }));
  });
  return {
    title: "Receipts",
    elements: [
      h(
        "p",
        { class: "muted" },
        "A receipt is checked in this browser, with the verifiers in WebAssembly: from the message to the task, to the proof. Whether the chain accepted the task is not asked.",
      ),
      h(
        "div",
        { class: "columns even" },
        h(
          "section",
          {},
          h("h2", {}, "What to check"),
          form,
          h(
            "div",
            { class: "stack" },
            h("label", { for: "receipt-file" }, "Or a receipt file"),
            file,
            h("label", { for: "sent" }, "What was sent, if that is to be checked too"),
            data,
            h("p", { class: "muted" }, "File and text stay on this machine."),
          ),
        ),
        h("section", {}, h("h2", {}, "Verdict"), verdict.element),
      ),
    ],
  };
};

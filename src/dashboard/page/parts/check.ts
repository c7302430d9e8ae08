/** Has a receipt checked on this machine, and shows what came of it. */
import { checkAway } from "../../../pages/browser/checker.ts";
import type { Asked } from "../../../pages/browser/examine.ts";
import type { Answer } from "../../../pages/browser/verify.ts";
import { textOf } from "../api.ts";
import { h } from "../dom.ts";
import { icon } from "./state.ts";

/** Where verdicts are shown, one after the other. */
export function verdicts() {
  const element = h("div", { class: "verdict", role: "status" });
  let latest = 0;
  return {
    element,
    async check(asked: () => Asked | Promise<Asked>): Promise<void> {
      const own = ++latest;
      element.replaceChildren(
        h("p", { class: "busy" }, "Checking in this browser: the proof, and what it is about…"),
      );
      let answer: Answer;
      try {
        if (!isSecureContext) {
          throw new Error("browsers check receipts over https, or on localhost");
        }
        answer = await checkAway(await asked());
      } catch (error) {
        answer = { refused: textOf(error), facts: [] };
      }
      // Another one was asked for meanwhile.
      if (own === latest) element.replaceChildren(...shown(answer));
    },
  };
}

function shown({ refused, facts }: Answer): HTMLElement[] {
  const verdict = refused === undefined
    ? h(
      "p",
      { class: "valid" },
      icon("outputted"),
      h("span", {}, h("strong", {}, "Valid"), ": the proof holds."),
    )
    : h(
      "p",
      { class: "refused" },
      icon("failed"),
      h("span", {}, h("strong", {}, "Refused"), `: ${refused}`),
    );
  const list = facts.map(([name, value]) => [h("dt", {}, name), h("dd", { class: "hex" }, value)]);
  return [verdict, ...(facts.length ? [h("dl", { class: "facts" }, list)] : [])];
}

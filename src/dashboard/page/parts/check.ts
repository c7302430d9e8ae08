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
        answer = { unchecked: textOf(error), facts: [] };
      }
      // Another one was asked for meanwhile.
      if (own === latest) element.replaceChildren(...shown(answer));
    },
  };
}

function shown({ refused, unchecked, facts }: Answer): HTMLElement[] {
  const [kind, sign, word, text] = refused !== undefined
    ? ["refused", "failed", "Refused", `: ${refused}`]
    : unchecked !== undefined
    ? [
      "unchecked",
      "unchecked",
      facts.length > 0 ? "Not checked to the end" : "Not checked",
      `: ${unchecked}`,
    ]
    : ["valid", "outputted", "Valid", ": the proof holds."];
  const verdict = h("p", { class: kind }, icon(sign), h("span", {}, h("strong", {}, word), text));
  const list = facts.map(([name, value]) => [h("dt", {}, name), h("dd", { class: "hex" }, value)]);
  return [verdict, ...(facts.length ? [h("dl", { class: "facts" }, list)] : [])];
}

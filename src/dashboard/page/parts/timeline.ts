/** A life, state by state. */
import { h, keep } from "../dom.ts";
import { between, duration, timeBoth } from "../format.ts";
import { badge } from "./state.ts";

export interface Entry {
  readonly state: string;
  readonly time: string;
  readonly comment: string;
  readonly result: string;
  readonly by?: string | undefined;
}

export function timeline() {
  const element = h("ol", { class: "timeline" });
  return {
    element,
    show(entries: readonly Entry[]): void {
      const shown = entries.map((entry, i) => ({ ...entry, i, before: entries[i - 1]?.time }));
      keep(element, shown, ({ i, state }) => `${i} ${state}`, (entry) => {
        const { state, time, comment, result, by, before } = entry;
        return h(
          "li",
          { "data-state": state },
          h(
            "p",
            { class: "what" },
            badge(state),
            before === undefined
              ? null
              : h("span", { class: "after" }, `+${duration(between(before, time))}`),
          ),
          timeBoth(time),
          by ? h("p", { class: "muted hex" }, `by ${by}`) : null,
          comment ? h("p", {}, comment) : null,
          result
            ? h("details", {}, h("summary", {}, "result"), h("p", { class: "hex" }, result))
            : null,
        );
      });
    },
  };
}

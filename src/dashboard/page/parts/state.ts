/** States by icon, word and colour. */
import { h } from "../dom.ts";

/** What each state means, for who does not know the word. */
export const meanings: Readonly<Record<string, string>> = {
  received: "stored, in no task yet",
  packed: "in a task that waits for a znode",
  dispatched: "a znode is proving it",
  proved: "its proof is checked, and its outputs are under way",
  outputted: "all of its outputs are confirmed",
  failed: "it, or one of its outputs, will not be done",
};

const icons: Readonly<Record<string, string>> = {
  received: "M8 3v8M4.5 7.5 8 11l3.5-3.5",
  packed: "M3 5.5 8 3l5 2.5v5L8 13l-5-2.5zM3 5.5 8 8l5-2.5M8 8v5",
  dispatched: "M5 3.5v9l7.5-4.5z",
  proved: "M8 2.5 13 8l-5 5.5L3 8z",
  outputted: "M3 8.5 6.5 12 13 4.5",
  failed: "M4 4l8 8M12 4l-8 8",
  unchecked: "M8 3v6M8 12.2v.3",
  waiting: "M8 4v4.5l3 2M8 2.5a5.5 5.5 0 1 0 .01 0",
  granted: "M3 8h9M8.5 4.5 12 8l-3.5 3.5",
  sent: "M3 8h9M8.5 4.5 12 8l-3.5 3.5",
  confirmed: "M3 8.5 6.5 12 13 4.5",
  dead: "M4 4l8 8M12 4l-8 8",
};
/** What outputs' states look like. */
const alike: Readonly<Record<string, string>> = { confirmed: "outputted", dead: "failed" };

export const icon = (state: string): HTMLElement =>
  h(
    "svg",
    { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" },
    h("path", { d: icons[state] ?? "M4 8h8" }),
  );

export const badge = (state: string): HTMLElement =>
  h(
    "span",
    { class: "badge", "data-state": alike[state] ?? state, title: meanings[state] },
    icon(state),
    state,
  );

/** Links to the older page, and to the newest. */
import { h } from "../dom.ts";

export function pager(path: string, query: URLSearchParams) {
  const newest = h("a", { class: "button quiet" }, "Newest");
  const older = h("a", { class: "button quiet" }, "Older");
  const to = (before: string | null) => {
    const next = new URLSearchParams(query);
    if (before === null) next.delete("before");
    else next.set("before", before);
    return `${path}${next.size ? `?${next}` : ""}`;
  };
  newest.setAttribute("href", to(null));
  newest.hidden = !query.has("before");
  older.hidden = true;
  return {
    element: h("nav", { class: "pager", "aria-label": "Pages" }, newest, older),
    /** @param before where the next page begins; null: there is none */
    show(before: string | null): void {
      older.hidden = before === null;
      older.setAttribute("href", to(before));
    },
  };
}

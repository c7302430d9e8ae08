/** Tables that are lists on a phone, with rows that the arrow keys walk through. */
import { type Child, h, keep } from "../dom.ts";

export interface Column<T> {
  readonly name: string;
  readonly cell: (item: T) => Child;
  /** Right-aligned. */
  readonly number?: boolean;
  /** Has lines of its own on a phone. */
  readonly wide?: boolean;
}

export interface Table<T> {
  readonly element: HTMLElement;
  show(items: readonly T[]): void;
}

// Roles are said, as they are lost where rows are laid out as lines.
export function table<T>(
  caption: string,
  columns: readonly Column<T>[],
  keyOf: (item: T) => string,
  empty: Child,
): Table<T> {
  const body = h("tbody", { role: "rowgroup" });
  const nothing = h("p", { class: "empty", hidden: true }, empty);
  const grid = h(
    "table",
    { role: "table" },
    h("caption", { class: "hidden" }, caption),
    h(
      "thead",
      { role: "rowgroup" },
      h(
        "tr",
        { role: "row" },
        columns.map(({ name, number }) =>
          h("th", { scope: "col", role: "columnheader", class: number ? "number" : null }, name)
        ),
      ),
    ),
    body,
  );
  grid.hidden = true;
  grid.addEventListener("keydown", walk);
  const row = (item: T) =>
    h(
      "tr",
      { role: "row" },
      columns.map(({ name, cell, number, wide }) =>
        h(
          "td",
          {
            ...{ role: "cell", "data-label": name },
            class: number ? "number" : wide ? "wide" : null,
          },
          h("span", {}, cell(item)),
        )
      ),
    );
  const waiting = h("p", { class: "empty" }, "Loading…");
  return {
    element: h("div", { class: "table" }, waiting, nothing, grid),
    show(items) {
      waiting.hidden = true;
      nothing.hidden = items.length > 0;
      grid.hidden = items.length === 0;
      keep(body, items, keyOf, row);
    },
  };
}

/** The row above or below, or the first or last, takes the focus. */
function walk(event: KeyboardEvent): void {
  const row = (event.target as Element).closest("tbody tr");
  const body = row?.parentElement;
  if (!row || !body || event.ctrlKey || event.metaKey || event.altKey) return;
  const next: Readonly<Record<string, Element | null>> = {
    ArrowDown: row.nextElementSibling,
    ArrowUp: row.previousElementSibling,
    Home: body.firstElementChild,
    End: body.lastElementChild,
  };
  const link = next[event.key]?.querySelector<HTMLElement>("a[href], button");
  if (!link) return;
  event.preventDefault();
  link.focus();
}

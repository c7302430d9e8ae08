/** Elements, made of text: nothing that comes from elsewhere is markup. */
export type Child = Node | string | number | null | undefined | false | readonly Child[];
type Value = string | number | boolean | null | undefined | ((event: Event) => void);

const svgTags = new Set(["svg", "path", "rect", "line", "circle", "polyline", "g", "title"]);

/** `on…` are listeners; true is an attribute without a value; false, null, undefined are none. */
export function h(
  tag: string,
  attributes: Readonly<Record<string, Value>> = {},
  ...children: readonly Child[]
): HTMLElement {
  const element = svgTags.has(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, `${value}`);
    }
  }
  append(element, children);
  return element as HTMLElement;
}

function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child !== null && child !== undefined && child !== false) {
      element.append(child instanceof Node ? child : `${child as string | number}`);
    }
  }
}

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no ${id}`);
  return element as T;
}

/**
 * Keeps a container's children in step with a list: what did not change stays as it is, and what has
 * the focus keeps it.
 *
 * @param keyOf names an item; `data-key` of its element
 */
export function keep<T>(
  container: Element,
  items: readonly T[],
  keyOf: (item: T) => string,
  make: (item: T) => HTMLElement,
): void {
  const old = new Map([...container.children].map((child) => [
    (child as HTMLElement).dataset.key ?? "",
    child as HTMLElement,
  ]));
  const focused = document.activeElement;
  const wanted = items.map((item) => {
    const key = keyOf(item);
    const content = JSON.stringify(item);
    const before = old.get(key);
    if (before && contents.get(before) === content) return before;
    const made = make(item);
    made.dataset.key = key;
    contents.set(made, content);
    if (before?.contains(focused)) {
      const place = focusables(before).indexOf(focused as HTMLElement);
      queueMicrotask(() => focusables(made)[place]?.focus({ preventScroll: true }));
    }
    return made;
  });
  wanted.forEach((element, i) => {
    if (container.children[i] !== element) {
      container.insertBefore(element, container.children[i] ?? null);
    }
  });
  while (container.children.length > wanted.length) container.lastElementChild?.remove();
}
const contents = new WeakMap<HTMLElement, string>();

const focusables = (
  element: Element,
): HTMLElement[] => [
  ...element.querySelectorAll<HTMLElement>("a[href], button, input, select, textarea, summary"),
];

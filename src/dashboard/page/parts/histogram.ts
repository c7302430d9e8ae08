/** How long proofs take, by machine. */
import type { ProofTimes } from "../../schema.ts";
import { h, keep } from "../dom.ts";
import { count, duration } from "../format.ts";

export function histogram() {
  const rows = h("div", { class: "histograms" });
  const empty = h("p", { class: "empty" }, "Loading…");
  return {
    element: h("div", {}, empty, rows),
    show({ bounds, runtimes }: ProofTimes): void {
      empty.textContent = "Nothing was proved within a day.";
      empty.hidden = runtimes.length > 0;
      // Without what is empty at both ends in all of them.
      const used = bounds.map((_, i) => i).concat(bounds.length)
        .filter((i) => runtimes.some(({ buckets }) => (buckets[i] ?? 0) > 0));
      const [first = 0, last = 0] = [used[0], used.at(-1)];
      const shown = runtimes.map((of) => ({ ...of, bounds, first, last }));
      keep(rows, shown, ({ vmType }) => vmType, draw);
    },
  };
}

type Shown = ProofTimes["runtimes"][number] & {
  readonly bounds: readonly number[];
  readonly first: number;
  readonly last: number;
};

function draw({ vmType, proofs, medianSeconds, p95Seconds, buckets, ...rest }: Shown): HTMLElement {
  const { bounds, first, last } = rest;
  const shown = buckets.slice(first, last + 1);
  const most = Math.max(...shown, 1);
  const label = (i: number) =>
    i < bounds.length
      ? `≤ ${duration(bounds[i] as number)}`
      : `> ${duration(bounds.at(-1) as number)}`;
  const text = `half within ${duration(medianSeconds)}, 95 % within ${duration(p95Seconds)}`;
  const described = shown.map((n, i) => `${label(first + i)}: ${n}`).join(", ");
  return h(
    "figure",
    {},
    h(
      "figcaption",
      {},
      h("strong", {}, vmType),
      h(
        "span",
        { class: "muted" },
        ` ${count(proofs)} ${proofs === 1 ? "proof" : "proofs"}; ${text}`,
      ),
    ),
    h(
      "div",
      { class: "bins", role: "img", "aria-label": `Proofs of ${vmType} by time: ${described}` },
      shown.map((n, i) =>
        h(
          "div",
          { class: "bin", title: `${label(first + i)}: ${n}` },
          fill(n / most),
          h("span", {}, duration(bounds[first + i] ?? Infinity)),
        )
      ),
    ),
  );
}

function fill(share: number): HTMLElement {
  const element = h("div", { class: "fill" });
  element.style.height = `${100 * share}%`;
  return element;
}

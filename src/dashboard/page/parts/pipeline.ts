/** The way of a message, stage by stage, as it is now. */
import { h } from "../dom.ts";
import { count, exact, rate } from "../format.ts";
import type { Summary } from "../live.ts";

interface Stage {
  readonly name: string;
  readonly counts: string;
  readonly href?: string;
  readonly count: (summary: Summary) => number;
  readonly rates: string;
  readonly rate: (summary: Summary) => number | null;
  readonly more?: (summary: Summary) => string;
}

const stages: readonly Stage[] = [
  {
    name: "Ingest",
    counts: "messages received",
    count: ({ messages }) => messages.received,
    rates: "taken",
    rate: ({ rates }) => rates.received,
    more: ({ rates }) => rates.refused ? `${rate(rates.refused)} refused` : "",
  },
  {
    name: "DA",
    counts: "unpacked messages",
    count: ({ messages }) => messages.waiting,
    rates: "stored",
    rate: ({ rates }) => rates.received,
  },
  {
    name: "Pack",
    counts: "tasks made",
    href: "#/tasks",
    count: ({ tasks }) => Object.values(tasks).reduce((sum, n) => sum + n, 0),
    rates: "packed",
    rate: ({ rates }) => rates.packed,
  },
  {
    name: "Dispatch",
    counts: "wait for a znode",
    href: "#/tasks?state=packed",
    count: ({ tasks }) => tasks.packed,
    rates: "leased",
    rate: ({ rates }) => rates.dispatched,
    more: ({ znodes: { linked } }) =>
      `${count(linked)} ${linked === 1 ? "znode" : "znodes"} linked`,
  },
  {
    name: "Prove",
    counts: "are being proved",
    href: "#/tasks?state=dispatched",
    count: ({ tasks }) => tasks.dispatched,
    rates: "proved",
    rate: ({ rates }) => rates.proved,
    more: ({ znodes: { leases } }) => `${count(leases)} ${leases === 1 ? "lease" : "leases"} here`,
  },
  {
    name: "Output",
    counts: "proved, to be output",
    href: "#/tasks?state=proved",
    count: ({ tasks }) => tasks.proved,
    rates: "output",
    rate: ({ rates }) => rates.outputted,
  },
];

/** Seconds of rates that are drawn. */
const drawn = 60;

/** Rates that were told, whichever view was shown. */
let history: { readonly at: number; readonly rates: readonly number[] }[] = [];

/** Called once with each summary. */
export function remember(summary: Summary): void {
  const at = Date.parse(summary.time) / 1000;
  history = history.filter((past) => past.at > at - drawn);
  if (summary.rates.received === null) return;
  history.push({ at, rates: stages.map(({ rate }) => rate(summary) ?? 0) });
}

export function pipeline() {
  const cards = stages.map(({ name, counts, href, rates }) => {
    const number = h("strong", { class: "count" }, "–");
    const speed = h("span", { class: "rate" }, "–");
    const more = h("span", { class: "more" });
    const line = h("polyline", { points: "" });
    const title = href ? h("a", { href }, name) : name;
    const element = h(
      "li",
      { class: "stage" },
      h("h3", {}, title),
      h("p", {}, number, " ", h("span", { class: "counts" }, counts)),
      h("p", { class: "speed" }, speed, h("span", { class: "muted" }, ` ${rates}`)),
      more,
      h(
        "svg",
        {
          class: "spark",
          viewBox: "0 0 60 16",
          preserveAspectRatio: "none",
          "aria-hidden": "true",
        },
        line,
      ),
    );
    return { element, number, speed, more, line };
  });
  const element = h("ol", { class: "pipeline" }, cards.map((card) => card.element));
  return {
    element,
    show(summary: Summary): void {
      stages.forEach((stage, i) => {
        const card = cards[i];
        if (!card) return;
        const number = stage.count(summary), speed = stage.rate(summary);
        card.number.textContent = count(number);
        card.number.title = exact(number);
        card.speed.textContent = rate(speed);
        card.more.textContent = stage.more?.(summary) ?? "";
        card.element.toggleAttribute("data-flows", (speed ?? 0) > 0);
        card.line.setAttribute("points", lineOf(i, Date.parse(summary.time) / 1000));
      });
    },
  };
}

/** The newest at the right; the fastest at the top. What was not told again stayed as it was. */
function lineOf(stage: number, now: number): string {
  const points = history.map(({ at, rates }) => [drawn + at - now, rates[stage] ?? 0] as const);
  const most = Math.max(...points.map(([, rate]) => rate), 0.01);
  const height = (rate: number) => (15 - 14 * rate / most).toFixed(1);
  return points.map(([x, rate], i) => {
    const from = points[i - 1];
    const held = from && x - from[0] > 3 ? `${(x - 1).toFixed(1)},${height(from[1])} ` : "";
    return `${held}${x.toFixed(1)},${height(rate)}`;
  }).join(" ");
}

/** All tasks by state, as one bar. */
export function stateBar() {
  const states = ["packed", "dispatched", "proved", "outputted", "failed"] as const;
  const parts = states.map((state) => {
    const number = h("strong", {}, "–");
    const share = h("span", { class: "share", "data-state": state });
    const legend = h(
      "li",
      {},
      h(
        "a",
        { href: `#/tasks?state=${state}`, "data-state": state },
        h("span", { class: "swatch", "aria-hidden": "true" }),
        number,
        ` ${state}`,
      ),
    );
    return { state, number, share, legend };
  });
  const bar = h("div", { class: "states", "aria-hidden": "true" }, parts.map((p) => p.share));
  return {
    element: h("div", {}, bar, h("ul", { class: "legend" }, parts.map((p) => p.legend))),
    show({ tasks }: Summary): void {
      const all = Object.values(tasks).reduce((sum, n) => sum + n, 0);
      bar.classList.toggle("none", all === 0);
      for (const { state, number, share } of parts) {
        number.textContent = count(tasks[state]);
        share.style.flexGrow = `${tasks[state]}`;
        share.hidden = tasks[state] === 0;
      }
    },
  };
}

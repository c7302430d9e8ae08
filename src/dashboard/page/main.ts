/** The dashboard's script: shows the view that the address names, and keeps it true. */
import type { Found } from "../schema.ts";
import { ask, textOf } from "./api.ts";
import { byId, h } from "./dom.ts";
import { clockOf, tellTimes, timeAgo } from "./format.ts";
import { type Connection, type Summary, watchSummaries } from "./live.ts";
import { offerSignIn } from "./operator.ts";
import { remember } from "./parts/pipeline.ts";
import type { Open, Route, View } from "./view.ts";
import { failures } from "./views/failures.ts";
import { message } from "./views/message.ts";
import { overview } from "./views/overview.ts";
import { projects } from "./views/projects.ts";
import { receipts } from "./views/receipts.ts";
import { task } from "./views/task.ts";
import { tasks } from "./views/tasks.ts";
import { znodes } from "./views/znodes.ts";

const views: Readonly<Record<string, Open>> = {
  "": overview,
  tasks,
  task,
  message,
  projects,
  znodes,
  failures,
  receipts,
};
/** Least time between two loads of a view, and most while nothing changes, ms. */
const loadMs = [1_500, 15_000] as const;

const main = byId("main"), nav = byId("nav"), live = byId("live"), notices = byId("notices");
const problem = h("p", { class: "notice failed", hidden: true });
const missing = h("p", { class: "notice failed", hidden: true });
const degraded = h("p", { class: "notice", hidden: true });
const unfound = h("p", { class: "notice", hidden: true });
notices.append(missing, degraded, problem, unfound);

let view: View | undefined;
let summary: Summary | undefined;
let connection: Connection = "connecting";
/** What the lists were last loaded at. */
let loaded = { at: -Infinity, counts: "", busy: false };

function routeOf(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?");
  return { path: path.split("/").map(decoded), query: new URLSearchParams(query) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function open(byUser: boolean): void {
  unfound.hidden = true;
  const route = routeOf(location.hash);
  const [name = ""] = route.path;
  const named = Object.hasOwn(views, name) ? views[name] : undefined;
  const opened = (named ?? overview)(route);
  view = opened;
  const heading = h("h1", { tabindex: "-1" });
  main.replaceChildren(heading, ...opened.elements);
  entitle(opened);
  const section = { task: "tasks", message: "receipts" }[name] ?? name;
  for (const link of nav.querySelectorAll("a")) {
    const own = routeOf(link.hash).path[0] === section;
    if (own) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (byUser) {
    scrollTo(0, 0);
    heading.focus({ preventScroll: true });
  }
  if (summary) opened.onSummary?.(summary);
  void load();
}

function entitle({ title }: View): void {
  const heading = main.querySelector("h1");
  if (heading && heading.textContent !== title) heading.textContent = title;
  document.title = `${title} · W3bstream`;
}

async function load(): Promise<void> {
  const of = view;
  if (!of?.load) return void (problem.hidden = true);
  loaded = { at: performance.now(), counts: countsOf(summary), busy: true };
  try {
    await of.load();
    if (of !== view) return;
    problem.hidden = true;
    entitle(of);
  } catch (error) {
    if (of !== view) return;
    problem.hidden = false;
    problem.textContent = `What is below could not be loaded: ${textOf(error)}.`;
  } finally {
    if (of === view) loaded.busy = false;
  }
}

const countsOf = (of: Summary | undefined) => JSON.stringify([of?.messages, of?.tasks, of?.znodes]);

/** Loads again when counts changed, or nothing did for a while. */
function look(): void {
  tellTimes();
  if (document.hidden || connection !== "live" || loaded.busy) return;
  const age = performance.now() - loaded.at;
  const changed = loaded.counts !== countsOf(summary);
  if (age > loadMs[1] || (changed && age > loadMs[0])) void load();
}

function tell(now: Connection): void {
  const back = now === "live" && connection !== "live";
  connection = now;
  const text = {
    live: "live",
    connecting: summary ? "reconnecting" : "connecting",
    away: "no data",
  };
  if (live.dataset.live !== now) {
    live.dataset.live = now;
    live.replaceChildren(h("span", {}, text[now]));
    if (now !== "live" && summary) {
      // Read out once, not each second.
      live.append(
        h("span", { class: "since", "aria-hidden": "true" }, "as of ", timeAgo(summary.time)),
      );
    }
  }
  document.body.toggleAttribute("data-stale", now !== "live" && summary !== undefined);
  // What happened meanwhile.
  if (back && !loaded.busy) void load();
}

function show(next: Summary): void {
  summary = next;
  clockOf(next.time);
  remember(next);
  tellReasons(missing, "This enode is not ready", next.missing);
  tellReasons(degraded, "Some of its work is not done", next.degraded);
  view?.onSummary?.(next);
}

function tellReasons(
  notice: HTMLElement,
  what: string,
  by: Readonly<Record<string, string>>,
): void {
  const reasons = Object.entries(by).map(([name, reason]) => `${name}: ${reason}`);
  notice.hidden = reasons.length === 0;
  const text = `${what}: ${reasons.join("; ")}.`;
  // A live region reads out what is set, the same too.
  if (notice.textContent !== text) notice.textContent = text;
}

byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});

byId("search").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = byId<HTMLInputElement>("query").value.trim();
  unfound.hidden = true;
  if (text === "") return;
  try {
    const { kind, task } = await ask<Found>(`/overview/find?q=${encodeURIComponent(text)}`);
    if (kind === "message") location.hash = `#/message/${text.toLowerCase()}`;
    else if (task) location.hash = `#/task/${task.taskId}`;
    else {
      unfound.hidden = false;
      unfound.textContent = `Nothing here is named ${text}.`;
    }
  } catch (error) {
    unfound.hidden = false;
    unfound.textContent = textOf(error);
  }
});

addEventListener("hashchange", () => open(true));
setInterval(look, 1000);
open(false);
offerSignIn(() => open(false));
watchSummaries(show, tell);

/** What the views share. */
import type { Summary } from "./live.ts";

export interface Route {
  /** As in `#/task/0x…`: `["task", "0x…"]`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

/** A view while it is shown. */
export interface View {
  /** The page's title and heading, which loading may change; the view's elements come below it. */
  title: string;
  readonly elements: readonly HTMLElement[];
  /** Called with each summary, and with the latest when the view is opened. */
  onSummary?(summary: Summary): void;
  /** Loads what changes; called when counts did, every few seconds at most. */
  load?(): Promise<void>;
}

export type Open = (route: Route) => View;

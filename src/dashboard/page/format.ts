/** Numbers, times and ids as people read them. */
import { h } from "./dom.ts";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const few = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** Exact up to a million, then with a letter. */
export const count = (n: number): string => n < 1_000_000 ? whole.format(n) : compact.format(n);
export const exact = (n: number): string => whole.format(n);

export function rate(perSecond: number | null): string {
  if (perSecond === null) return "–";
  if (perSecond === 0) return "0/s";
  // Once in a while: told a minute.
  if (perSecond < 0.1) return `${few.format(perSecond * 60)}/min`;
  return `${perSecond < 10 ? few.format(perSecond) : whole.format(perSecond)}/s`;
}

export function duration(seconds: number): string {
  if (seconds === Infinity) return "more";
  if (seconds < 0.0995) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  if (seconds < 10) return `${few.format(seconds)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${few.format(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

export const between = (from: string, to: string): number =>
  Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);

const exactTime = new Intl.DateTimeFormat("en-GB", {
  ...{ year: "numeric", month: "short", day: "numeric" },
  ...{ hour: "2-digit", minute: "2-digit", second: "2-digit" },
});
export const exactly = (time: string): string => exactTime.format(new Date(time));

/** By how much the enode's clock is ahead of this machine's, ms. */
let ahead = 0;
export const clockOf = (serverTime: string): void =>
  void (ahead = Date.parse(serverTime) - Date.now());

function ago(time: string): string {
  const seconds = (Date.now() + ahead - Date.parse(time)) / 1000;
  return seconds < 1 ? "just now" : `${duration(Math.floor(seconds))} ago`;
}

/** A time that says how long ago it is, and exactly when to who points at it. */
export const timeAgo = (time: string): HTMLElement =>
  h("time", { datetime: time, title: exactly(time), "data-ago": true }, ago(time));

/** Both, for where there is room. */
export const timeBoth = (time: string): HTMLElement =>
  h("span", { class: "when" }, timeAgo(time), h("span", { class: "muted" }, exactly(time)));

/** Keeps all times on the page true. */
export function tellTimes(): void {
  for (const element of document.querySelectorAll<HTMLTimeElement>("time[data-ago]")) {
    const text = ago(element.dateTime);
    if (element.textContent !== text) element.textContent = text;
  }
}

export const short = (hex: string): string =>
  hex.length > 20 ? `${hex.slice(0, 8)}…${hex.slice(-6)}` : hex;

/** An id that is shown short, and whole to who points at it. */
export const id = (hex: string): HTMLElement => h("span", { class: "hex", title: hex }, short(hex));

/** Wei as the chain's coin, without needless digits. */
export function coins(wei: string): string {
  const amount = BigInt(wei);
  const unit = 10n ** 18n;
  const parts = Number(amount % unit) / 1e18;
  return new Intl.NumberFormat("en", { maximumFractionDigits: 4 })
    .format(Number(amount / unit) + parts);
}

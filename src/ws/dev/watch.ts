import { watch } from "node:fs";

const left = ["node_modules", "target"];

/** Milliseconds of quiet after a change: editors write in several steps. */
const quietMs = 200;

/**
 * Calls `changed` after changes below a folder, one call at a time; what is hidden or below
 * `node_modules` or cargo's `target` does not count.
 */
export function watchFolder(
  folder: string,
  changed: () => Promise<void>,
  signal: AbortSignal,
): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = Promise.resolve();
  const watcher = watch(folder, { recursive: true }, (_, name) => {
    const parts = `${name ?? ""}`.split(/[\\/]/);
    if (parts.some((part) => part.startsWith(".") || left.includes(part))) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      running = running.then(() => signal.aborted ? undefined : changed());
    }, quietMs);
  });
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    watcher.close();
  }, { once: true });
}

/** The enode's summaries, as they come; the stream is opened again however it ended. */
import type { Overview } from "../schema.ts";

export type Summary = Omit<Overview, "operator">;
export type Connection = "connecting" | "live" | "away";

/** First and most pause before the stream is opened again, ms. */
const pauseMs = [500, 8_000] as const;

export function watchSummaries(
  onSummary: (summary: Summary) => void,
  onConnection: (connection: Connection) => void,
): void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let [pause] = pauseMs as readonly [number, number];
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const open = () => {
    close();
    source = new EventSource("/overview/events");
    source.addEventListener("open", () => [pause] = pauseMs);
    source.addEventListener("summary", ({ data }: MessageEvent<string>) => {
      onConnection("live");
      onSummary(JSON.parse(data));
    });
    // The enode is there; its database is not.
    source.addEventListener("away", () => onConnection("away"));
    source.addEventListener("error", () => {
      onConnection("connecting");
      close();
      timer = setTimeout(open, pause);
      pause = Math.min(pauseMs[1], 2 * pause);
    });
  };
  // Nothing is asked for a page that nobody sees.
  document.addEventListener("visibilitychange", () => document.hidden ? close() : open());
  open();
}

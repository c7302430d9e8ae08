import type { Stream } from "@libp2p/interface";

interface Pausable {
  pause(): void;
  resume(): void;
}

/** Parts of the library's streams: what they tell below them when they are paused and resumed. */
interface Hooks {
  readonly channel?: Partial<Pausable>;
  sendPause(): void;
  sendResume(): void;
}

/**
 * Has a paused stream of WebRTC keep its peer waiting, as one of Yamux does. The library's keeps what
 * comes, and breaks when that is too much.
 */
export function heedPauses(stream: Stream): void {
  const inside = stream as unknown as Hooks;
  const { channel } = inside;
  if (!channel?.pause || !channel.resume) return;
  inside.sendPause = () => channel.pause?.();
  inside.sendResume = () => channel.resume?.();
}

/** What gossip makes of each peer. Below `graylist` nothing is taken from it any more. */
import type { PeerScoreParams, PeerScoreThresholds } from "@libp2p/gossipsub/score";

/** How much a peer loses with a frame that anyone can see is none, and with a wrong one of its own. */
const lost = { malformed: 5, own: 1 };
/** In which half of that is forgotten, ms. */
const halfLifeMs = 120_000;
/** Most that a peer can lose, so that it comes back. */
const most = 400;
/** Peers remembered; those that erred longest ago are forgotten first. */
const mostPeers = 4_096;
export const thresholds = {
  gossipThreshold: -20,
  publishThreshold: -40,
  graylistThreshold: -100,
} satisfies Partial<PeerScoreThresholds>;

/** Told of one peer: 0 or less. */
export type Opinion = (peer: string) => number;

export class PeerScores {
  readonly #lost = new Map<string, { points: number; at: number }>();
  readonly #opinions: Opinion[] = [];

  /** @param now ms, of a clock that is never set */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Takes into account what another part of the node thinks. */
  heed(opinion: Opinion): void {
    this.#opinions.push(opinion);
  }

  /** @param how `own`: the peer wrote the frame itself; else its relays may not have seen it */
  refused(peer: string, how: keyof typeof lost): void {
    const points = Math.min(most, this.#points(peer) + lost[how]);
    this.#lost.delete(peer);
    this.#lost.set(peer, { points, at: this.now() });
    if (this.#lost.size > mostPeers) this.#lost.delete(this.#lost.keys().next().value as string);
  }

  of(peer: string): number {
    return this.#opinions.reduce((sum, opinion) => sum + opinion(peer), 0) -
      this.#points(peer);
  }

  #points(peer: string): number {
    const { points = 0, at = 0 } = this.#lost.get(peer) ?? {};
    return points * 2 ** ((at - this.now()) / halfLifeMs);
  }
}

/**
 * A peer's score is what it did itself, and nothing that others can bring upon it: many znodes may
 * well share one address, behind a NAT or of one operator. The library would lock them out.
 */
export const scoreParams = (scores: PeerScores): Partial<PeerScoreParams> => ({
  appSpecificScore: (peer) => scores.of(peer),
  appSpecificWeight: 1,
  IPColocationFactorWeight: 0,
  // Messages promised and not sent, and grafts against the rules: some are a slow machine's.
  behaviourPenaltyWeight: -1,
  behaviourPenaltyThreshold: 10,
  behaviourPenaltyDecay: 0.98,
});

/**
 * Which enodes a znode links to, of those that it found: some, where there are many, as each link
 * costs an enode memory and time. Each znode has an order of its own, so that they spread; and who
 * has few znodes says so, and gets more.
 */
import { toBytes } from "viem";
import { keccakHex } from "../keccak.ts";

/** Peers that are remembered; those heard of longest ago are forgotten first. */
export const mostKnown = 256;
/** Enodes that a znode links to beside those that were named to it, where nothing else is said. */
export const mostFound = 8;
/** How long others are tried before a peer that could not be linked, ms. */
const restMs = 120_000;
/** How long a peer counts as one with few znodes after it was said, ms. */
const shortMs = 180_000;

interface Known {
  readonly rank: string;
  shortUntil: number;
  restUntil: number;
  /** Whether it was found since it was last tried. */
  fresh: boolean;
}

type Slot = "usual" | "extra";

export class EnodeChoice {
  readonly #known = new Map<string, Known>();
  readonly #taken = new Map<string, Slot>();

  /**
   * @param self the znode's own peer id
   * @param most enodes it links to, and half as many more that have few znodes
   */
  constructor(private readonly self: string, private readonly most: number) {}

  /** A peer that may be an enode was found; `short`: it has few znodes. */
  add(peer: string, short: boolean, now: number): void {
    const known = this.#known.get(peer);
    const shortUntil = short ? now + shortMs : known?.shortUntil ?? 0;
    const rank = known?.rank ?? keccakHex(toBytes(`${this.self} ${peer}`));
    this.#known.delete(peer);
    this.#known.set(peer, { rank, shortUntil, restUntil: known?.restUntil ?? 0, fresh: true });
    if (this.#known.size > mostKnown) {
      this.#known.delete(this.#known.keys().next().value as string);
    }
  }

  /** Whom to link to now; each is to be given back by `ended`. */
  next(now: number): string[] {
    const free = [...this.#known].filter(([peer, { fresh }]) => fresh && !this.#taken.has(peer));
    const order = free.sort(([, a], [, b]) =>
      Number(a.restUntil > now) - Number(b.restUntil > now) || (a.rank < b.rank ? -1 : 1)
    ).map(([peer]) => peer);
    const short = (peer: string) => (this.#known.get(peer)?.shortUntil ?? 0) > now;
    return [
      ...this.#take("usual", this.most, order),
      ...this.#take("extra", Math.ceil(this.most / 2), order.filter(short)),
    ];
  }

  /** The link to a peer is over, or did not come about. */
  ended(peer: string, now: number): void {
    this.#taken.delete(peer);
    const known = this.#known.get(peer);
    if (known) Object.assign(known, { restUntil: now + restMs, fresh: false });
  }

  #take(slot: Slot, most: number, order: readonly string[]): string[] {
    const free = most - [...this.#taken.values()].filter((taken) => taken === slot).length;
    const chosen = order.filter((peer) => !this.#taken.has(peer)).slice(0, Math.max(0, free));
    for (const peer of chosen) this.#taken.set(peer, slot);
    return chosen;
  }
}

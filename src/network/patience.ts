/** How much wrong is heard from one peer: a burst, and a little more with time. */
export class Patience {
  #left: number;
  #at = performance.now();

  constructor(private readonly burst: number, private readonly perSecond: number) {
    this.#left = burst;
  }

  /** Nothing was spent, or so long ago that it is forgotten. */
  get whole(): boolean {
    return this.#refill() >= this.burst;
  }

  get ended(): boolean {
    return this.#refill() < 1;
  }

  spend(cost = 1): void {
    this.#left = this.#refill() - cost;
  }

  #refill(): number {
    const now = performance.now();
    this.#left = Math.min(this.burst, this.#left + (now - this.#at) / 1_000 * this.perSecond);
    this.#at = now;
    return this.#left;
  }
}

/** The patience with each of many peers; those that erred longest ago are forgotten first. */
export class Patiences<Peer> {
  readonly #of = new Map<Peer, Patience>();

  /** @param most peers remembered */
  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
    private readonly most = 4_096,
  ) {}

  with(peer: Peer): Pick<Patience, "ended" | "spend"> {
    if (this.#of.get(peer)?.whole) this.#of.delete(peer);
    const current = () => this.#of.get(peer);
    return {
      get ended() {
        return current()?.ended ?? false;
      },
      spend: (cost) => {
        const patience = current() ?? new Patience(this.burst, this.perSecond);
        patience.spend(cost);
        this.#of.delete(peer);
        this.#of.set(peer, patience);
        if (this.#of.size > this.most) this.#of.delete(this.#of.keys().next().value as Peer);
      },
    };
  }
}

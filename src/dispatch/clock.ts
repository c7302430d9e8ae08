/** The database's clock, read now and then and carried on by the monotonic one in between. */
export class Clock {
  #offset: number | undefined;
  #last = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly now: () => Promise<number>,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** @throws when the database can't be asked the first time */
  async start(everyMs = 10_000): Promise<void> {
    await this.#read();
    this.#timer = setInterval(() => void this.#read().catch(this.onError), everyMs);
  }

  get started(): boolean {
    return this.#offset !== undefined;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Milliseconds since 1970; small corrections never make it run backwards. */
  at(): number {
    if (this.#offset === undefined) throw new Error("the clock was not started");
    const now = Math.round(performance.now() + this.#offset);
    if (now > this.#last || this.#last - now > 5_000) this.#last = now;
    return this.#last;
  }

  async #read(): Promise<void> {
    const before = performance.now();
    const now = await this.now();
    this.#offset = now - (before + performance.now()) / 2;
  }
}

/** Lets works of one kind run together, and those of another alone. */
export class Gate {
  #alone: Promise<unknown> = Promise.resolve();
  readonly #together = new Set<Promise<unknown>>();

  together<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#alone.then(work);
    const settled: Promise<unknown> = done.catch(() => undefined)
      .finally(() => this.#together.delete(settled));
    this.#together.add(settled);
    return done;
  }

  /** After all that were asked for before, and before all that are asked for later. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = Promise.all([this.#alone, ...this.#together]).then(work);
    this.#alone = done.catch(() => undefined);
    return done;
  }
}

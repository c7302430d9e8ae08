/** An answer that is asked for once, for all who want it within a time. */
export class Shared<T> {
  #last: { readonly at: number; readonly value: Promise<T> } | undefined;

  /** @param ms how old an answer may be */
  constructor(private readonly ms: number, private readonly ask: () => Promise<T>) {}

  get(): Promise<T> {
    const now = performance.now();
    if (this.#last && now - this.#last.at <= this.ms) return this.#last.value;
    const asked = { at: now, value: this.ask() };
    this.#last = asked;
    asked.value.catch(() => {
      if (this.#last === asked) this.#last = undefined;
    });
    return asked.value;
  }

  /** The next one who wants it asks again. */
  forget(): void {
    this.#last = undefined;
  }
}

/** Answers that all who ask within a moment share: looking costs the same however many look. */
export class Shared {
  readonly #kept = new Map<string, { readonly at: number; readonly answer: Promise<unknown> }>();

  /**
   * @param keepMs how long an answer is given again
   * @param most answers that are kept
   */
  constructor(private readonly keepMs: number, private readonly most = 64) {}

  get<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const now = performance.now();
    for (const [old, { at }] of this.#kept) {
      if (now - at < this.keepMs && this.#kept.size <= this.most) break;
      this.#kept.delete(old);
    }
    const kept = this.#kept.get(key);
    if (kept) return kept.answer as Promise<T>;
    const answer = ask();
    this.#kept.set(key, { at: now, answer });
    answer.catch(() => this.#kept.delete(key));
    return answer;
  }

  /** What is known to have changed is asked for again. */
  forget(): void {
    this.#kept.clear();
  }
}

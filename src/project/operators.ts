import type { Address } from "viem";

const freshMs = 10_000;
/** How long an answer outlives the chain's absence. */
const staleMs = 300_000;
const maxEntries = 10_000;

interface Answer {
  readonly value: boolean;
  readonly at: number;
}

/** Who may operate what, asked of the chain at most every few seconds. */
export class OperatorCache {
  readonly #answers = new Map<string, Answer>();
  readonly #asking = new Map<string, Promise<boolean>>();

  constructor(
    private readonly ask: (id: bigint, account: Address) => Promise<boolean>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @throws when the chain can't be asked and hasn't answered lately */
  get(id: bigint, account: Address): Promise<boolean> {
    const key = `${id}/${account.toLowerCase()}`;
    const answer = this.#answers.get(key);
    if (answer && this.now() - answer.at < freshMs) return Promise.resolve(answer.value);
    const running = this.#asking.get(key);
    if (running) return running;
    const asking = this.#refresh(key, id, account).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  clear(): void {
    this.#answers.clear();
  }

  async #refresh(key: string, id: bigint, account: Address): Promise<boolean> {
    const at = this.now();
    try {
      const value = await this.ask(id, account);
      // Insertion order is age, so the oldest leaves first.
      this.#answers.delete(key);
      this.#answers.set(key, { value, at });
      if (this.#answers.size > maxEntries) {
        this.#answers.delete(this.#answers.keys().next().value as string);
      }
      return value;
    } catch (error) {
      const last = this.#answers.get(key);
      if (last && at - last.at < staleMs) return last.value;
      throw error;
    }
  }
}

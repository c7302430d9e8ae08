/** Why a node should get no work from outside now, by what is missing. */
export type Unready = Readonly<Record<string, string>>;

/** Answers why not, in words that anybody may read; undefined: nothing is missing. */
export type Check = () => string | undefined | Promise<string | undefined>;

/** A check that answers nothing for so long is told as a reason, ms. */
const patienceMs = 2_000;
/** Whoever asks again within this time gets the same answer, ms: asking must cost nothing. */
const keepMs = 500;

/** What `/ready` asks: each stage adds what it can't work without. */
export class Readiness {
  readonly #checks = new Map<string, Check>();
  #latest: { readonly at: number; readonly answer: Promise<Unready> } | undefined;

  add(name: string, check: Check): void {
    this.#checks.set(name, check);
    this.#latest = undefined;
  }

  /** Empty: ready. */
  ask(): Promise<Unready> {
    const now = performance.now();
    if (!this.#latest || now - this.#latest.at > keepMs) {
      this.#latest = { at: now, answer: this.#ask() };
    }
    return this.#latest.answer;
  }

  async #ask(): Promise<Unready> {
    const answers = await Promise.all([...this.#checks].map(async ([name, check]) => {
      const reason = await answerOf(check);
      return reason === undefined ? [] : [[name, reason] as const];
    }));
    return Object.fromEntries(answers.flat());
  }
}

async function answerOf(check: Check): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer in ${patienceMs / 1000} s`), patienceMs);
  });
  try {
    return await Promise.race([check(), late]);
  } catch {
    // What it threw may name hosts or accounts; whoever asks may be anybody.
    return "not available";
  } finally {
    clearTimeout(timer);
  }
}

/** The body of `/ready` with its status. */
export function readyAnswer(unready: Unready): readonly [status: 200 | 503, body: string] {
  return Object.keys(unready).length === 0
    ? [200, JSON.stringify({ status: "ready" })]
    : [503, JSON.stringify({ status: "not ready", reasons: unready })];
}

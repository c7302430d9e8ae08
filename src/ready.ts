/** Why a node should get no work from outside now, by what is missing. */
export type Unready = Readonly<Record<string, string>>;

/** Answers why not, in words that anybody may read; undefined: nothing is missing. */
export type Check = () => string | undefined | Promise<string | undefined>;

/** A check that answers nothing for so long is told as a reason, ms. */
const patienceMs = 2_000;
/** Whoever asks again within this time gets the same answer, ms: asking must cost nothing. */
const keepMs = 500;

/** Whether what a check misses keeps a node from its work, or only from some of it. */
type Weight = "needed" | "wanted";
type Answers = Readonly<Record<Weight, Unready>>;

/** What `/ready` asks: each stage adds what it can't work without. */
export class Readiness {
  readonly #checks: Record<Weight, Map<string, Check>> = { needed: new Map(), wanted: new Map() };
  #latest: { readonly at: number; readonly answers: Promise<Answers> } | undefined;

  /** @param weight `wanted`: without it the node still serves who asks it */
  add(name: string, check: Check, weight: Weight = "needed"): void {
    this.#checks[weight].set(name, check);
    this.#latest = undefined;
  }

  /** Empty: ready. */
  async ask(): Promise<Unready> {
    return (await this.#answers()).needed;
  }

  /** Empty: all of its work is done. */
  async degraded(): Promise<Unready> {
    return (await this.#answers()).wanted;
  }

  #answers(): Promise<Answers> {
    const now = performance.now();
    if (!this.#latest || now - this.#latest.at > keepMs) {
      this.#latest = { at: now, answers: this.#ask() };
    }
    return this.#latest.answers;
  }

  async #ask(): Promise<Answers> {
    const { needed, wanted } = this.#checks;
    const [missing, degraded] = await Promise.all([reasonsOf(needed), reasonsOf(wanted)]);
    return { needed: missing, wanted: degraded };
  }
}

async function reasonsOf(checks: ReadonlyMap<string, Check>): Promise<Unready> {
  const answers = await Promise.all([...checks].map(async ([name, check]) => {
    const reason = await answerOf(check);
    return reason === undefined ? [] : [[name, reason] as const];
  }));
  return Object.fromEntries(answers.flat());
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
export function readyAnswer(
  unready: Unready,
  degraded: Unready = {},
): readonly [status: 200 | 503, body: string] {
  const reasons = { ...degraded, ...unready };
  if (Object.keys(unready).length > 0) {
    return [503, JSON.stringify({ status: "not ready", reasons })];
  }
  return Object.keys(degraded).length > 0
    ? [200, JSON.stringify({ status: "degraded", reasons })]
    : [200, JSON.stringify({ status: "ready" })];
}

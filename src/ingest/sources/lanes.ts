/** Has messages stored in the order in which they came, whatever is done with each before. */

/** One message's place in its lane. */
export interface Place {
  /** Resolves when those that came before are being stored, or are gone. */
  turn(): Promise<void>;
  /** It was not stored and will be tried again: those behind that are not being stored wait. */
  back(): void;
  /** It is stored, refused or given up. */
  leave(): void;
}

/** Lanes by name, none of which holds up another. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();

  enter(name: string): Place {
    const lane = this.#lanes.get(name) ?? new Lane();
    this.#lanes.set(name, lane);
    const place = lane.enter();
    return {
      ...place,
      leave: () => {
        place.leave();
        if (lane.size === 0) this.#lanes.delete(name);
      },
    };
  }
}

interface Entry {
  passed: boolean;
  go?: (() => void) | undefined;
}

class Lane {
  /** In the order in which they came. */
  readonly #entries = new Set<Entry>();

  get size(): number {
    return this.#entries.size;
  }

  enter(): Place {
    const entry: Entry = { passed: false };
    this.#entries.add(entry);
    return {
      turn: () =>
        new Promise((go) => {
          entry.go = go;
          // Once it is awaited: those behind it already are, and would go on before it.
          queueMicrotask(() => this.#pass());
        }),
      back: () => void (entry.passed = false),
      leave: () => {
        this.#entries.delete(entry);
        this.#pass();
      },
    };
  }

  #pass(): void {
    for (const entry of this.#entries) {
      if (entry.passed) continue;
      if (!entry.go) return;
      entry.passed = true;
      entry.go();
      entry.go = undefined;
    }
  }
}

import { ProgramError } from "../runtime.ts";

/** wasm-bindgen's fixed references: `undefined`, `null`, `true`, `false`, from these indexes on. */
const constants = [undefined, null, true, false];
const constantBases = [32, 128];
const firstFree = 132;
/** Most references that a program may hold. */
const maxReferences = 65536;

/**
 * JavaScript values that a program holds by number. A number that it was not given, or has given
 * back, is a trap, so that a program can't make the table loop or grow without end.
 */
export class References {
  readonly #values = new Map<number, unknown>();
  readonly #free: number[] = [];
  #next = firstFree;

  constructor() {
    for (const base of constantBases) {
      constants.forEach((value, i) => this.#values.set(base + i, value));
    }
  }

  add(value: unknown): number {
    if (this.#values.size >= maxReferences) {
      throw new ProgramError("trap", `holds more than ${maxReferences} references`);
    }
    const index = this.#free.pop() ?? this.#next++;
    this.#values.set(index, value);
    return index;
  }

  get(index: number): unknown {
    if (!this.#values.has(index)) {
      throw new ProgramError("trap", "used a reference it doesn't hold");
    }
    return this.#values.get(index);
  }

  /** Gives a reference back; fixed ones stay. */
  take(index: number): unknown {
    const value = this.get(index);
    if (index >= firstFree) {
      this.#values.delete(index);
      this.#free.push(index);
    }
    return value;
  }
}

import type { Hex } from "viem";

/** Whose one of the enode's own outputs is. */
export interface OwnPlace {
  /** Type of the output, or what it goes to of that type, as `laneOf` has it. */
  readonly kind: string;
  readonly projectId: bigint;
}

/** Of a kind's places, what one project leaves to the others. */
const leftToOthers = 1 / 4;

/**
 * Places for this enode's own outputs, so many of each kind: a far end that hangs holds up no other
 * kind, nor all projects of its own, and nothing is granted that could not be begun.
 */
export class OwnPlaces {
  /** Grants by kind, and by kind and project. */
  readonly #taken = new Map<string, Set<string>>();
  readonly #waiting = new Map<string, Map<Hex, OwnPlace>>();

  /**
   * @param most of one kind
   * @param wake has a task that waited look again; false where it is not here any more
   */
  constructor(private readonly most: number, private readonly wake: (taskId: Hex) => boolean) {}

  isFree(place: OwnPlace): boolean {
    const ofOne = Math.ceil(this.most * (1 - leftToOthers));
    return this.#count(place.kind) < this.most && this.#count(ofProject(place)) < ofOne;
  }

  #count(key: string): number {
    return this.#taken.get(key)?.size ?? 0;
  }

  /** The task is woken when there is a place for it, in its turn. */
  wait(place: OwnPlace, taskId: Hex): void {
    const waiting = this.#waiting.get(place.kind) ?? new Map();
    this.#waiting.set(place.kind, waiting.set(taskId, place));
  }

  occupy(place: OwnPlace, grant: string): void {
    for (const key of [place.kind, ofProject(place)]) {
      this.#taken.set(key, (this.#taken.get(key) ?? new Set()).add(grant));
    }
  }

  vacate(place: OwnPlace, grant: string): void {
    for (const key of [place.kind, ofProject(place)]) {
      const taken = this.#taken.get(key);
      taken?.delete(grant);
      if (taken?.size === 0) this.#taken.delete(key);
    }
    const waiting = this.#waiting.get(place.kind);
    for (const [taskId, of] of waiting ?? []) {
      if (!this.isFree(of)) continue;
      waiting?.delete(taskId);
      if (this.wake(taskId)) return;
    }
  }
}

const ofProject = ({ kind, projectId }: OwnPlace): string => `${kind}/${projectId}`;

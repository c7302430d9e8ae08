/** How fast projects and their clients may send. */
import type { ProjectVersion } from "../project/types.ts";
import { RequestError } from "./message.ts";

export interface RateOptions {
  /** What this node's operator allows a project and a client, messages a second; 0: any. */
  readonly project?: number;
  readonly client?: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** Senders that are remembered: those that sent of late. */
const maxKnown = 100_000;

/**
 * Counts messages by "generic cell rate": all that is kept of a sender is the instant at which it
 * will have used up nothing. Rates are each enode's own.
 */
export class Rates {
  /** Milliseconds; what lies in the past says nothing and may be forgotten. */
  #at = new Map<string, number>();
  readonly #now: () => number;

  constructor(readonly options: RateOptions = {}) {
    this.#now = options.now ?? (() => performance.now());
  }

  /**
   * Counts a message.
   * @throws {RequestError} 429 when project or client sends too fast; it is then not counted
   */
  take({ projectId, limits }: ProjectVersion, clientId: string): void {
    const { project = 0, client = 0 } = this.options;
    const ofAll = least(project, limits?.rate);
    const ofOne = clientId === "" ? undefined : least(client, limits?.clientRate);
    if (ofAll === undefined && ofOne === undefined) return;
    const now = this.#now();
    const [allName, oneName] = [`${projectId}`, `${projectId}/${clientId}`];
    const one = ofOne === undefined
      ? undefined
      : this.#next(oneName, ofOne, limits?.clientBurst, now);
    if (one?.waitMs) throw tooFast(`the sender may send ${ofOne} messages a second`, one.waitMs);
    const all = ofAll === undefined ? undefined : this.#next(allName, ofAll, limits?.burst, now);
    if (all?.waitMs) throw tooFast(`project ${projectId} may send ${ofAll} a second`, all.waitMs);
    if (one) this.#set(oneName, one.at, now);
    if (all) this.#set(allName, all.at, now);
  }

  #next(name: string, rate: number, burst = Math.max(1, Math.ceil(rate)), now: number) {
    const step = 1000 / rate;
    const at = Math.max(this.#at.get(name) ?? 0, now) + step;
    // Rounding must not cost the last message of a burst.
    return { at, waitMs: Math.max(0, at - now - step * burst - 1e-6) };
  }

  #set(name: string, at: number, now: number): void {
    if (this.#at.size >= maxKnown && !this.#at.has(name)) this.#forget(now);
    this.#at.set(name, at);
  }

  #forget(now: number): void {
    for (const [name, at] of this.#at) if (at <= now) this.#at.delete(name);
    // So many that none is idle: whoever was first remembered starts anew.
    if (this.#at.size >= maxKnown) this.#at.delete(this.#at.keys().next().value as string);
  }
}

function least(operators: number, files: number | undefined): number | undefined {
  const rate = Math.min(operators || Infinity, files ?? Infinity);
  return rate === Infinity ? undefined : rate;
}

const tooFast = (text: string, waitMs: number): RequestError =>
  new RequestError(429, `${text}; slow down`, "rate", Math.ceil(waitMs / 1000));

import type { Address, Hex } from "viem";
import type { Receipt } from "../../runtimes/runtime.ts";
import { errorText } from "../log.ts";
import type { Acceptance, ReceiptClaim, Signed } from "../protocol/index.ts";
import type { Clock } from "./clock.ts";
import type { DispatchDeps, DispatchOptions } from "./deps.ts";
import type { OwnPlaces } from "./own_places.ts";
import type { Peers } from "./peers.ts";
import type { Semaphore } from "./semaphore.ts";
import type { Signatures } from "./signatures.ts";
import type { Standing } from "./standing.ts";
import type { EventBody } from "./state.ts";
import type { Turns } from "./turns.ts";

/** What a desk sees of a task's actor. */
export interface TaskActor {
  readonly taskId: Hex;
  post(body: EventBody, brought?: Brought): Promise<void>;
}

/** What a znode's message has beside its event. */
export interface Brought {
  readonly receipt?: Receipt;
  readonly acceptance?: Signed<Acceptance>;
  readonly claim?: Signed<ReceiptClaim>;
}

/** What all actors of a node share. */
export interface Desk {
  readonly deps: DispatchDeps;
  readonly options: DispatchOptions;
  readonly clock: Clock;
  readonly peers: Peers;
  readonly own: OwnPlaces;
  readonly standing: Standing;
  readonly turns: Turns;
  readonly checks: Semaphore;
  /** Undefined: assignments are not recorded. */
  readonly signatures: Signatures | undefined;
  /** Names this process to machines. */
  readonly run: string;
  /** Aborts when dispatch stops. */
  readonly signal: AbortSignal;
  readonly isOwn: NonNullable<DispatchDeps["isOwn"]>;
  /** A znode has room again. */
  freed(): void;
  /** Whether the task waits for a znode. */
  waits(actor: TaskActor, waiting: boolean): void;
  /** The actor is of no more use; what comes next for its task is another's. */
  retired(actor: TaskActor): void;
}

export const keyOf = (prover: Address, epoch: number): string => `${prover}@${epoch}`;

export function fromKey(key: string): { prover: Address; epoch: number } {
  const [prover = "", epoch = ""] = key.split("@");
  return { prover: prover as Address, epoch: Number(epoch) };
}

/** Asks until it is answered: the database may be away for a while. */
export async function insist<T>(
  { deps, signal }: Desk,
  ask: () => Promise<T>,
  most = 60,
): Promise<T> {
  for (let tries = 1, wait = 50;; tries++, wait = Math.min(wait * 2, 1_000)) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (tries >= most) throw error;
      deps.log.warn(`dispatch waits for the database: ${errorText(error)}`);
      await pause(wait, signal);
    }
  }
}

/** Ends early when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const stop = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      resolve();
    };
    const timer = setTimeout(stop, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}

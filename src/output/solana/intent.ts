import { z } from "zod";
import type { Intents } from "../../da/da.ts";
import type { Lifetime, Signed } from "./transaction.ts";

const schema = z.object({
  /**
   * Each transaction that was signed, oldest first: all but the last could no longer land when the
   * next was signed. What has ended has lost its bytes.
   */
  tries: z.array(z.object({
    signature: z.string(),
    wire: z.string(),
    blockhash: z.string(),
    lastValidBlockHeight: z.number(),
    /** No block before this slot can have it. */
    slot: z.number(),
  })).min(1),
  /** Once it is final. */
  ended: z.object({ signature: z.string(), failed: z.boolean() }).optional(),
});
export type Saved = z.output<typeof schema>;
export type Try = Saved["tries"][number];

/** Transactions that are kept: fewer than an RPC tells of at once. */
const mostTries = 100;

/** What is kept under one key, as it was read last. */
export class Intent {
  private constructor(
    private readonly store: Intents,
    readonly key: string,
    private readonly projectId: bigint,
    readonly saved: Saved | undefined,
    private readonly text: string | undefined,
  ) {}

  static async read(store: Intents, key: string, projectId: bigint): Promise<Intent> {
    const text = await store.get(key);
    const saved = text === undefined ? undefined : schema.parse(JSON.parse(text));
    return new Intent(store, key, projectId, saved, text);
  }

  /** Adds what was signed just now; undefined when another process was first. */
  signed(tried: Signed & Lifetime, cost: bigint): Promise<Intent | undefined> {
    // Those of a call that failed are done with.
    const old = this.saved?.ended ? [] : this.saved?.tries ?? [];
    const ended = old.slice(1 - mostTries).map((one) => ({ ...one, wire: "" }));
    return this.#save({ tries: [...ended, tried] }, cost);
  }

  ended(signature: string, failed: boolean): Promise<Intent | undefined> {
    const tries = (this.saved?.tries ?? []).map((one) => ({ ...one, wire: "" }));
    return this.#save({ tries, ended: { signature, failed } }, 0n);
  }

  async #save(saved: Saved, cost: bigint): Promise<Intent | undefined> {
    const { store, key, projectId } = this;
    const intent = JSON.stringify(saved);
    const day = today();
    const isFirst = await store.save({ key, projectId, intent, cost, day }, this.text);
    return isFirst ? new Intent(store, key, projectId, saved, intent) : undefined;
  }
}

/** The UTC day, as costs are counted by. */
export const today = (): string => new Date().toISOString().slice(0, 10);

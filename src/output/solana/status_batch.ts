import type { SolanaRpc } from "./rpc.ts";

type Status = Awaited<ReturnType<SolanaRpc["statuses"]>>["value"][number];

/** What the cluster knows of some transactions, and at which slot it was asked. */
export interface Statuses {
  readonly slot: number;
  readonly value: readonly Status[];
}

interface Question {
  readonly signatures: readonly string[];
  resolve(answer: Statuses): void;
  reject(error: unknown): void;
}

/** Most signatures that an RPC takes at once. */
const mostSignatures = 256;

/** Asks for many transactions at once what their followers ask for one by one. */
export class StatusBatch {
  #waiting: Question[] = [];

  /** @param windowMs how long a question waits for others */
  constructor(private readonly rpc: SolanaRpc, private readonly windowMs: number) {}

  ask(signatures: readonly string[]): Promise<Statuses> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setTimeout(() => this.#flush(), this.windowMs);
      this.#waiting.push({ signatures, resolve, reject });
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    let batch: Question[] = [];
    let size = 0;
    for (const question of waiting) {
      if (size + question.signatures.length > mostSignatures && batch.length > 0) {
        this.#send(batch);
        [batch, size] = [[], 0];
      }
      batch.push(question);
      size += question.signatures.length;
    }
    this.#send(batch);
  }

  async #send(batch: readonly Question[]): Promise<void> {
    try {
      const all = batch.flatMap(({ signatures }) => signatures);
      const { context, value } = await this.rpc.statuses(all);
      let at = 0;
      for (const { signatures, resolve } of batch) {
        const own = value.slice(at, at += signatures.length);
        resolve({ slot: context.slot, value: own });
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

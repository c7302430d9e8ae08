import { setImmediate } from "node:timers";
import type { DatabaseSync } from "node:sqlite";

interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/** Works that came while the thread did something else share a transaction, and its sync. */
export class LocalGroup {
  #waiting: Waiting[] = [];

  constructor(
    private readonly connection: DatabaseSync,
    private readonly transaction: <T>(work: () => T) => T,
  ) {}

  /** Resolves once it is on the disk. What one of them throws undoes that one alone. */
  add<T>(work: () => T): Promise<T> {
    return new Promise<unknown>((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.flush());
      this.#waiting.push({ work, resolve, reject });
    }) as Promise<T>;
  }

  flush(): void {
    const works = this.#waiting.splice(0);
    if (works.length === 0) return;
    try {
      const ends = this.transaction(() => works.map((each) => this.#apart(each)));
      for (const end of ends) end();
    } catch (error) {
      for (const { reject } of works) reject(error);
    }
  }

  /** Answers what is to be told once all is committed. */
  #apart({ work, resolve, reject }: Waiting): () => void {
    const { connection } = this;
    connection.exec("savepoint one");
    try {
      const value = work();
      connection.exec("release one");
      return () => resolve(value);
    } catch (error) {
      // Throws where SQLite has given up the whole transaction.
      connection.exec("rollback to one; release one");
      return () => reject(error);
    }
  }
}

/** The least that the stores need of a database. PostgreSQL and PGlite both offer it. */
import { errorText } from "../log.ts";

export type Parameter = string | number | bigint | boolean | Uint8Array | null;

/** Column values as they arrive: `bigint` for int8, bytes for bytea, text for all other types. */
export type Row = Record<string, unknown>;

export type Query = <R extends Row>(
  text: string,
  parameters?: readonly Parameter[],
) => Promise<R[]>;

export interface Database {
  readonly kind: "postgres" | "pglite";
  /** Statements that can usefully run at once. */
  readonly concurrency: number;
  /**
   * One statement, which is one transaction.
   * @throws {DatabaseUnavailableError} when it is not known whether the statement took effect
   * @throws {postgres.PostgresError} when the database refused it
   */
  readonly query: Query;
  /** Several statements in one transaction; `script` runs many without parameters. */
  transaction<T>(
    work: (query: Query, script: (text: string) => Promise<void>) => Promise<T>,
  ): Promise<T>;
  /**
   * Takes a lock that all processes on this database share, or answers undefined at once.
   * It ends when it is released, and when this process or its connection dies: hold it to avoid
   * useless work, never for correctness.
   */
  tryLock(name: string): Promise<(() => Promise<void>) | undefined>;
  /** Wakes the listeners of all processes. May be lost; never waits. */
  notify(channel: string): void;
  /** Returns the unsubscriber. Also called after a time in which notifications may have been lost. */
  listen(channel: string, listener: () => void): () => void;
  /** Lets what runs finish, then lets go of the database. */
  close(): Promise<void>;
}

/** The database can't be reached, or went away before it answered. */
export class DatabaseUnavailableError extends Error {
  constructor(cause?: unknown) {
    super("the database is not available", { cause });
    this.name = "DatabaseUnavailableError";
  }
}

/** Why a database can't be used: of the cause only its code, as its text may name what is in the DSN. */
export function databaseProblem(error: unknown): string {
  const { code } = ((error as Error).cause ?? {}) as { code?: unknown };
  return `${errorText(error)}${code === undefined ? "" : ` (${code})`}`;
}

/** SQLSTATE of an error that the database answered. */
export function sqlState(error: unknown): string | undefined {
  const { name, code } = error as { name?: unknown; code?: unknown };
  return name === "PostgresError" && typeof code === "string" ? code : undefined;
}

/** Listeners by channel. */
export class Listeners {
  #channels = new Map<string, Set<() => void>>();

  add(channel: string, listener: () => void): () => void {
    const set = this.#channels.get(channel) ?? new Set();
    this.#channels.set(channel, set);
    // Wrapped, so that a listener that is added twice is called and removed as two.
    const entry = () => listener();
    set.add(entry);
    return () => set.delete(entry);
  }

  call(channel: string): void {
    for (const listener of this.#channels.get(channel) ?? []) listener();
  }

  callAll(): void {
    for (const channel of this.#channels.keys()) this.call(channel);
  }
}
